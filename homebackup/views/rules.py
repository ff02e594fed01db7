"""The rules on a terminal: a table of all, and below it what broke one, and what the site is exempt from."""

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from homebackup.assess.governance import Judged, State
from homebackup.model.plain import plain_line
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.views.table import WIDTH, drawn, wrapped

COLOURS: dict[State, str] = {"broken": "yellow", "exempt": "cyan", "kept": "green", "measured": "dim"}
WORDS: dict[State, str] = {"broken": "BROKEN", "exempt": "exempt", "kept": "kept", "measured": "-"}
MEASURED = "What has no state here takes a look at the site: homebackup preflight tells it."


def text(
    site: Site, judged: Sequence[Judged], unseen: Sequence[Unseen] = (), *, width: int = WIDTH, colour: bool = False
) -> str:
    """All rules, those that are broken explained."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("Rule", "State", "Says"):
        table.add_column(column, no_wrap=column != "Says", overflow="fold")
    for one in judged:
        state = Text(WORDS[one.state], COLOURS[one.state])
        table.add_row(one.id, state, Text(one.rule.says.replace("`", "")))
    blocks = [drawn([f"What the backups of {plain_line(site.name)} go by", "", table], width, colour)]
    blocks += ["\n".join(_why(one, site, width)) for one in judged if one.state in ("broken", "exempt")]
    blocks += ["\n".join(wrapped(f"not seen: {part}", width)) for part in unseen]
    return "\n\n".join([*blocks, MEASURED]) + "\n"


def _why(one: Judged, site: Site, width: int) -> Iterator[str]:
    yield f"{one.id}: {one.state}"
    if one.state == "exempt":
        exemption = site.rules[one.id]
        yield from wrapped(f"until {exemption.until}: {exemption.reason}", width, "  ")
    for doubt in one.found:
        yield from wrapped(f"{doubt.subject}: {doubt.said}; {doubt.remedy}", width, "  ")
