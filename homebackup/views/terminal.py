"""A timeline as lines for a terminal, with colours where it has them: a line for each lane of each day."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from homebackup.assess.conflicts import Conflict
from homebackup.assess.timeline import Timeline
from homebackup.model.plain import plain_line
from homebackup.views.week import Row, Week, lay_out, legend

GUTTER = 11
COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_red")
FILL = {"window": "░", "left out": "╳", "twice": "▒"}
LEAST = 28
"""Columns that the hours take at least."""


def text(
    line: Timeline,
    found: Sequence[Conflict],
    name: str,
    notes: Sequence[str] = (),
    *,
    width: int = 80,
    colour: bool = False,
) -> str:
    """The picture in so many columns, with `notes` below what conflicts; `name` is the site's."""
    console = Console(width=width, force_terminal=colour, highlight=False, markup=False)
    with console.capture() as drawn:
        console.print(_picture(line, found, name, notes, width))
    return "".join(f"{row.rstrip()}\n" for row in drawn.get().splitlines())


def _picture(line: Timeline, found: Sequence[Conflict], name: str, notes: Sequence[str], width: int) -> Text:
    chart = max(LEAST, width - GUTTER)
    week = lay_out(line, found, lambda label: (len(label) + 3) / chart)
    colours = {job.name: COLOURS[place % len(COLOURS)] for place, job in enumerate(line.jobs)}
    said = Text(f"Backups of {plain_line(name)}, {line.days[0]} to {line.days[-1]}, {line.zone.key}\n", style="bold")
    said.append_text(Text(_hours(week, chart) + "\n", style="dim"))
    for row in week.rows:
        for number, drawn in enumerate(_lanes(row, week, chart, colours)):
            day = f"{row.day:%a %d %b}" if not number else ""
            said.append(f"{day:<{GUTTER}}", style="not bold")
            said.append_text(drawn)
            said.append("\n")
    said.append("\n")
    for job, about in legend(line):
        said.append("█ " if job else "░ ", style=colours.get(job, "dim"))
        said.append(plain_line(about) + "\n", style="not bold")
    for conflict in found:
        mark, style = ("·", "dim") if conflict.kind == "twice" else ("!", "bold red")
        said.append(f"{mark} ", style=style)
        said.append(plain_line(str(conflict)) + "\n", style="not bold")
    for note in notes:
        said.append("· ", style="dim")
        said.append(plain_line(note) + "\n", style="not bold")
    said.rstrip()
    return said


def _hours(week: Week, chart: int) -> str:
    """The hours above their columns."""
    drawn = [" "] * (GUTTER + chart)
    free = 0
    for hour in range(week.first, week.last):
        column = GUTTER + _column(hour * 60, week, chart)
        if free <= column <= len(drawn) - 5:
            drawn[column : column + 5] = f"{hour:02}:00"
            free = column + 6
    return "".join(drawn).rstrip()


def _column(minute: float, week: Week, chart: int) -> int:
    inside = min(max(minute - week.first * 60, 0), (week.last - week.first) * 60)
    return int(inside * chart / ((week.last - week.first) * 60))


def _lanes(row: Row, week: Week, chart: int, colours: dict[str, str]) -> list[Text]:
    """The lanes of a day: bands behind, blocks and their labels before them."""
    lanes = [[(" ", "")] * chart for _ in range(row.lanes)]
    for band in row.bands:
        start, end = (_column(edge, week, chart) for edge in (band.start, band.start + band.minutes))
        for lane in lanes:
            lane[start:end] = [(FILL[band.kind], "dim")] * (end - start)
    for block in row.blocks:
        start, end = (_column(edge, week, chart) for edge in (block.start, block.start + block.minutes))
        end = max(end, start + 1)
        bad = block.trouble
        colour = colours[block.run.job.name]
        _write(lanes[block.lane], start, "█" * (end - start), colour)
        label = f"{'!' if bad else ' '}{block.label}" if block.label else ""
        place = max(0, start - len(label) - 1) if block.left else end
        _write(lanes[block.lane], place, label, "bold red" if bad else colour)
    for lost in row.lost:
        _write(lanes[lost.lane], _column(lost.start, week, chart), f"✕ {lost.label}", "bold red")
    return [_joined(lane) for lane in lanes]


def _write(lane: list[tuple[str, str]], start: int, text: str, style: str) -> None:
    for place, letter in enumerate(plain_line(text)[: len(lane) - start], start):
        lane[place] = (letter, style)


def _joined(lane: list[tuple[str, str]]) -> Text:
    drawn = Text(style="not bold")
    for letter, style in lane:
        drawn.append(letter, style=style)
    drawn.rstrip()
    return drawn
