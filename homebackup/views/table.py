"""Status and coverage on a terminal: a table that fits 80 columns, and below it what is wrong and what to do."""

import io
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from homebackup.assess.amounts import size
from homebackup.assess.coverage import Coverage, Waste
from homebackup.assess.entry import distinct
from homebackup.assess.verdict import QUIET, Verdict, ago
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.plain import plain_line
from homebackup.model.site import Site
from homebackup.views.wording import alike, bytes_of, drilled, inventory, looked, moment, notes, summary, verified

WIDTH = 80
NARROW = 66
"""Columns below which a status has no room for sizes and next runs."""
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
    wide = width >= NARROW
    table = _table("Guest", "Verdict", *(("Newest archive", "Size", "Next run") if wide else ("Newest",)))
    shown = distinct(verdicts)
    for verdict in shown:
        newest = moment(verdict.newest, facts.now, zone)
        aged = ago(facts.now - verdict.newest) if verdict.newest else ""
        bytes_ = size(verdict.size) if verdict.size is not None else ""
        state = Text(verdict.state, COLOURS[verdict.state])
        full = (f"{newest}, {aged}" if aged else newest, bytes_, moment(verdict.next_run, facts.now, zone))
        table.add_row(_cell(verdict.label), state, *(full if wide else (aged or newest,)))
    blocks = [drawn([_head(site, facts), "", table], width, colour)]
    blocks += [drawn(_why(same, width), width, colour) for same in alike(shown)]
    if said := [*notes(facts, found), *verified(shown), *drilled(site, shown), *inventory(verdicts)]:
        blocks.append("\n".join(line for note in said for line in wrapped(note, width)))
    blocks.append(summary(shown))
    return "\n\n".join(blocks) + "\n"


def coverage(site: Site, facts: SiteFacts, found: Coverage, *, width: int = WIDTH, colour: bool = False) -> str:
    """The cover of every guest of the cluster, and what lies about, as text."""
    table = _table("Guest", "Cover", "Jobs", "Why")
    for cover in found.guests:
        said = cover.said + (f"; {cover.remedy}" if cover.remedy and cover.state != "covered" else "")
        state = Text(cover.state, COLOURS[WORDS[cover.state]])
        table.add_row(_cell(cover.label), state, _cell(", ".join(cover.jobs)), Text(plain_line(said)))
    blocks = [drawn([_head(site, facts), "", table], width, colour)]
    unseen = [f"not seen: {part.said}; {part.remedy}" for part in found.unseen]
    if unseen:
        blocks.append("\n".join(line for text in unseen for line in wrapped(text, width)))
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


def drawn(parts: Iterable[str | Table | Text], width: int, colour: bool) -> str:
    """What rich makes of the parts, without blanks at the ends of lines."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=colour, highlight=False, markup=False)
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _head(site: Site, facts: SiteFacts) -> str:
    return f"Backups of {plain_line(site.name)}, {looked(facts)}"


def _why(same: Sequence[Verdict], width: int) -> Iterator[Text]:
    first = same[0]
    critical = any(verdict.critical for verdict in same) and first.state not in QUIET
    who = ", ".join(plain_line(verdict.label) for verdict in same)
    colour = COLOURS[first.state]
    yield Text.assemble((first.state, colour), ", critical: " if critical else ": ", who)
    for word, text in (("why", first.said), ("do", first.remedy)):
        if text:
            yield Text("\n".join(wrapped(text, width, f"  {word + ':':5}")))


def wrapped(text: str, width: int, first: str = "") -> list[str]:
    """A text of other people's as lines that fit; `first` stands before it, and its further lines are indented so.

    A list that no line holds is broken at its commas, rather than in the middle of a word.
    """
    room = width - max(2, len(first))
    return textwrap.wrap(
        re.sub(rf"\S{{{room + 1},}}", lambda word: word[0].replace(",", ", "), plain_line(text)),
        width,
        initial_indent=first,
        subsequent_indent=" " * max(2, len(first)),
        break_on_hyphens=False,
    )


def _wasted(waste: Sequence[Waste], width: int) -> Iterator[str]:
    yield f"Left over: {bytes_of(waste)}"
    for one in sorted(waste, key=lambda one: -one.size)[:LISTED]:
        held = ", protected" if one.protected else ""
        yield from wrapped(f"{one.name} in {one.storage}: {one.why}{held}", width, f"{size(one.size):>10}  ")
    if len(waste) > LISTED:
        yield f"            and {len(waste) - LISTED} more"
