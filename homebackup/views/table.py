"""Status and coverage on a terminal: a table that fits 80 columns, and below it what is wrong and what to do."""

import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from homebackup.assess.amounts import size, span
from homebackup.assess.coverage import Coverage, Waste
from homebackup.assess.verdict import QUIET, STATES, Verdict, ago
from homebackup.model.backups.facts import SiteFacts, Space
from homebackup.model.plain import plain_line
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from pverules.local_time import wall_at

WIDTH = 80
SKEWED = 120
"""Seconds by which clocks may differ before it is said."""
LISTED = 20
"""Files that are listed one by one; the rest is counted."""
COLOURS = {
    "OK": "green",
    "LATE": "yellow",
    "STALE": "red",
    "FAILED": "red",
    "BROKEN": "bold red",
    "UNPROTECTED": "bold red",
    "DEFERRED": "blue",
    "UNKNOWN": "magenta",
}
WORDS = {
    "covered": "OK",
    "partly": "LATE",
    "uncovered": "UNPROTECTED",
    "exempt": "DEFERRED",
    "deferred": "DEFERRED",
    "gone": "DEFERRED",
    "unknown": "UNKNOWN",
}
"""The state of cover in the colour of a verdict."""


def status(
    site: Site,
    facts: SiteFacts,
    verdicts: Sequence[Verdict],
    found: Coverage,
    *,
    width: int = WIDTH,
    colour: bool = False,
) -> str:
    """The whole status as text, worst first below the table."""
    zone = ZoneInfo(facts.zone)
    table = _table("Guest", "Verdict", "Newest archive", "Size", "Next run")
    for verdict in verdicts:
        newest = _moment(verdict.newest, facts.now, zone)
        aged = f"{newest}, {ago(facts.now - verdict.newest)}" if verdict.newest else newest
        bytes_ = size(verdict.size) if verdict.size is not None else ""
        state = Text(verdict.state, COLOURS[verdict.state])
        table.add_row(_cell(verdict.label), state, aged, bytes_, _moment(verdict.next_run, facts.now, zone))
    blocks = [_drawn([_head(site, facts, zone), "", table], width, colour)]
    blocks += [_drawn(_why(alike, width), width, colour) for alike in _alike(verdicts)]
    if notes := list(_notes(facts, found)):
        blocks.append("\n".join(line for note in notes for line in _wrapped(note, width)))
    blocks.append(_summary(verdicts))
    return "\n\n".join(blocks) + "\n"


def coverage(site: Site, facts: SiteFacts, found: Coverage, *, width: int = WIDTH, colour: bool = False) -> str:
    """The cover of every guest of the cluster, and what lies about, as text."""
    table = _table("Guest", "Cover", "Jobs", "Why")
    for cover in found.guests:
        said = cover.said + (f"; {cover.remedy}" if cover.remedy and cover.state != "covered" else "")
        state = Text(cover.state, COLOURS[WORDS[cover.state]])
        table.add_row(_cell(cover.label), state, _cell(", ".join(cover.jobs)), Text(plain_line(said)))
    blocks = [_drawn([_head(site, facts, ZoneInfo(facts.zone)), "", table], width, colour)]
    unseen = [f"not seen: {part.said}; {part.remedy}" for part in found.unseen]
    if unseen:
        blocks.append("\n".join(line for text in unseen for line in _wrapped(text, width)))
    if found.waste:
        blocks.append("\n".join(_wasted(found.waste, width)))
    return "\n\n".join(blocks) + "\n"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        right = column == "Size"
        fixed = column in ("Verdict", "Size", "Cover", "Next run")
        table.add_column(column, justify="right" if right else "left", no_wrap=fixed, overflow="fold")
    return table


def _cell(text: str) -> Text:
    return Text(plain_line(text))


def _drawn(parts: Iterable[str | Table | Text], width: int, colour: bool) -> str:
    """What rich makes of the parts, without blanks at the ends of lines."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=colour, highlight=False, markup=False)
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _head(site: Site, facts: SiteFacts, zone: ZoneInfo) -> str:
    way = {"ssh": "over ssh", "https": "through the API", "both": "through the API and over ssh"}[facts.way]
    now = f"{wall_at(int(facts.now), zone):%a %d %b %Y %H:%M}"
    return f"Backups of {plain_line(site.name)}, {now} {zone.key}, seen {way}"


def _moment(epoch: int | None, now: float, zone: ZoneInfo) -> str:
    """A moment as short as it is clear: the weekday within six days, else the date, and the year when another."""
    if epoch is None:
        return "-"
    wall = wall_at(epoch, zone)
    if abs(epoch - now) < 6 * 86400:
        return f"{wall:%a %H:%M}"
    return f"{wall:%d %b %H:%M}" if wall.year == wall_at(int(now), zone).year else f"{wall:%d %b %Y}"


def _alike(verdicts: Iterable[Verdict]) -> Iterator[list[Verdict]]:
    """The verdicts that need a word, the worst first; those of which the same is to be said together."""
    worst = sorted(verdicts, key=lambda v: (STATES.index(v.state), not v.critical))
    groups: dict[tuple[str, str, str], list[Verdict]] = {}
    for verdict in worst:
        if verdict.state != "OK":
            groups.setdefault((verdict.state, verdict.said, verdict.remedy), []).append(verdict)
    return iter(groups.values())


def _why(alike: Sequence[Verdict], width: int) -> Iterator[Text]:
    first = alike[0]
    critical = any(verdict.critical for verdict in alike) and first.state not in QUIET
    who = ", ".join(plain_line(verdict.label) for verdict in alike)
    colour = COLOURS[first.state]
    yield Text.assemble((first.state, colour), ", critical: " if critical else ": ", who)
    for word, text in (("why", first.said), ("do", first.remedy)):
        if text:
            yield Text("\n".join(_wrapped(text, width, f"  {word + ':':5}")))


def _wrapped(text: str, width: int, first: str = "") -> list[str]:
    return textwrap.wrap(
        plain_line(text),
        width,
        initial_indent=first,
        subsequent_indent=" " * max(2, len(first)),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _notes(facts: SiteFacts, found: Coverage) -> Iterator[str]:
    """What concerns no single guest of the site, a sentence each."""
    for cover in found.open:
        if not cover.declared or cover.state == "partly":
            yield f"coverage: {cover.label}: {cover.said}; {cover.remedy}"
    if found.waste:
        yield f"left over: {_bytes_of(found.waste)}; homebackup coverage lists them"
    for name, space in facts.space.items():
        if isinstance(space, Space) and space.total:
            yield f"space: {name} has {size(space.free)} of {size(space.total)} free"
    if facts.skew is not None and abs(facts.skew) > SKEWED:
        side = "ahead of" if facts.skew > 0 else "behind"
        yield f"clock: the host's is {span(abs(facts.skew))} {side} this machine's; set the wrong one"
    if isinstance(facts.tasks, Unseen):
        yield f"tasks: {facts.tasks.said}, so failed runs are not told; {facts.tasks.remedy}"


def _summary(verdicts: Sequence[Verdict]) -> str:
    counts = {state: sum(verdict.state == state for verdict in verdicts) for state in STATES}
    said = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    return f"{len(verdicts)} verdicts: {said}"


def _bytes_of(waste: Sequence[Waste]) -> str:
    files = "1 file" if len(waste) == 1 else f"{len(waste)} files"
    return f"{files} that serve nobody, {size(sum(one.size for one in waste))}"


def _wasted(waste: Sequence[Waste], width: int) -> Iterator[str]:
    yield f"Left over: {_bytes_of(waste)}"
    for one in sorted(waste, key=lambda one: -one.size)[:LISTED]:
        held = ", protected" if one.protected else ""
        yield from _wrapped(f"{one.name} in {one.storage}: {one.why}{held}", width, f"{size(one.size):>10}  ")
    if len(waste) > LISTED:
        yield f"            and {len(waste) - LISTED} more"
