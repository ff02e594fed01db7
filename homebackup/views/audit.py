"""An audit on a terminal: a table of all that exists, and below it why each has its class, and what to do."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from rich.table import Table
from rich.text import Text

from homebackup.assess.audit import Audit, Class, Item
from homebackup.model.plain import plain_line
from homebackup.views.table import WIDTH, drawn, wrapped

COLOURS = {
    "managed": "green",
    "equal": "cyan",
    "different": "yellow",
    "broken": "bold red",
    "foreign": "blue",
    "missing": "yellow",
}
ORDER: tuple[Class, ...] = ("broken", "different", "missing", "equal", "managed", "foreign")
"""The classes by how much they ask of the owner."""


def text(name: str, stack: str, found: Audit, *, width: int = WIDTH, colour: bool = False) -> str:
    """The whole audit; `name` is the site's."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("What", "Name", "Class"):
        table.add_column(column, no_wrap=column == "Class", overflow="fold")
    for item in found.items:
        table.add_row(item.noun, Text(plain_line(item.name)), Text(item.state, COLOURS[item.state]))
    blocks = [drawn([f"What exists of backups of {plain_line(name)}", "", table], width, colour)]
    blocks += [drawn(_why(same, width), width, colour) for same in alike(found)]
    blocks += ["\n".join(wrapped(f"not seen: {part}", width)) for part in found.unseen]
    blocks.append("\n".join(line for said in summary(found, stack) for line in wrapped(said, width)))
    return "\n\n".join(blocks) + "\n"


def alike(found: Audit) -> Iterator[Sequence[Item]]:
    """The things by class, those of which the same is to be said together."""
    groups: dict[tuple[str, str, str, str], list[Item]] = {}
    for item in sorted(found.items, key=lambda item: ORDER.index(item.state)):
        groups.setdefault((item.state, item.noun, item.said, item.remedy), []).append(item)
    return iter(groups.values())


def summary(found: Audit, stack: str) -> Iterator[str]:
    """How many there are of each class, and the command that makes what is declared."""
    counts = Counter(item.state for item in found.items)
    yield f"{len(found.items)} things: " + ", ".join(f"{counts[c]} {c}" for c in get_args(Class) if counts[c])
    if command := path(found, stack):
        jobs = sum(item.wanted is not None and item.noun == "vzdump job" for item in found.items)
        yield f"All that is declared, {jobs} vzdump job{'s' * (jobs != 1)} among it, is one command away: {command}"


def path(found: Audit, stack: str) -> str:
    """The command that leads to what is declared; empty where it is reached, or the owner has to do something first.

    So it is where a part was not seen, of which nobody knows what is missing.
    """
    if found.unseen:
        return ""
    stopping = [item for item in found.items if item.stops]
    if stopping:
        up = f"homebackup adopt --different --run --stack {stack} && pulumi up --stack {stack}"
        return up if all(item.adoptable for item in stopping) else ""
    if found.of("missing", "different") or any(item.differences for item in found.of("managed")):
        return f"pulumi up --stack {stack}"
    return f"homebackup adopt --run --stack {stack}" if found.of("equal") else ""


def _why(same: Sequence[Item], width: int) -> Iterator[Text]:
    first = same[0]
    who = ", ".join(plain_line(item.name) for item in same)
    head = wrapped(f"{first.state}: {first.noun} {who}", width)
    yield Text("\n".join([head[0], *head[1:]]), COLOURS[first.state])
    for word, said in (("why", first.said), ("do", first.remedy)):
        yield Text("\n".join(wrapped(said, width, f"  {word + ':':5}")))
