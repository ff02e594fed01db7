"""A timeline as an SVG picture: a row for each day, blocks as long as runs usually take, and what is wrong below."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape as escaped
from textwrap import wrap

from homebackup.assess.amounts import span
from homebackup.assess.conflicts import Conflict
from homebackup.assess.timeline import Timeline
from homebackup.model.plain import plain_line
from homebackup.views.week import Band, Block, Lost, Row, Week, lay_out, legend

GUTTER = 92
LETTER = 6.9
"""Width of a letter of a label, on average, at its size of 12."""
EDGE = 20
LANE = 22
BAR = 16
PAD = 5
HEAD = 30
COLOURS = ("0072b2", "e69f00", "009e73", "cc79a7", "56b4e9", "d55e00")
"""Colours that people who do not see red or green can tell apart (Okabe and Ito)."""

_STYLE = """
svg{--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff;--bad:#b3261e;--band:#e8ebef;--twice:#fff3c4}
@media (prefers-color-scheme:dark){svg{--ink:#e6edf3;--soft:#9da7b3;--line:#30363d;--paper:#0d1117;--bad:#ff7b72;
--band:#21262d;--twice:#3d3200}}
@media print{svg{--ink:#000;--soft:#333;--line:#bbb;--paper:#fff;--bad:#b3261e;--band:#e8ebef;--twice:#fff3c4}}
.paper{fill:var(--paper)}text{font:12px system-ui,sans-serif;fill:var(--ink)}.soft{fill:var(--soft)}
.title{font-size:15px;font-weight:600}.rule{stroke:var(--line)}.window{fill:var(--band)}.twice{fill:var(--twice)}
.bad{fill:none;stroke:var(--bad);stroke-width:2.5}.cry{fill:var(--bad);font-weight:600}
.tag{paint-order:stroke;stroke:var(--paper);stroke-width:3px}.hatch{stroke:var(--soft);stroke-width:1.5}
.never{stroke:var(--ink);stroke-dasharray:3 2}
"""


def _fit(text: str) -> str:
    """A text fit for XML, which has no control characters."""
    return escaped(plain_line(text))


def text(line: Timeline, found: Sequence[Conflict], name: str, width: int = 1000, mark: str = "") -> str:
    """The picture, so many units wide; `name` is the site's. It is the same while the timeline is the same.

    Its ids end with `mark`, so that one page can hold several pictures.
    """
    chart = width - GUTTER - EDGE
    week = lay_out(line, found, lambda label: (len(label) * LETTER + 12) / chart)
    colours = {job.name: COLOURS[place % len(COLOURS)] for place, job in enumerate(line.jobs)}
    scale = _Scale(week, chart)
    body: list[str] = []
    heading, top = _heading(f"Backups of {name}, {line.days[0]} to {line.days[-1]}, {line.zone.key}", width)
    body += _hours(week, scale, top)
    for row in week.rows:
        body += _row(row, scale, top, colours, mark)
        top += _height(row)
    body.append(f'<path class="rule" d="M0 {top}H{width}"/>')
    legend, top = _legend(line, colours, top, width)
    told, top = _told(found, top, width)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" width="{width}" height="{top}"'
            f' role="img" aria-labelledby="title{mark}">',
            f'<title id="title{mark}">Backups of {_fit(name)}</title>',
            f"<style>{_STYLE}</style>",
            f'<defs><pattern id="out{mark}" width="6" height="6" patternUnits="userSpaceOnUse"'
            ' patternTransform="rotate(45)">'
            '<path class="hatch" d="M0 0V6"/></pattern></defs>',
            f'<rect class="paper" width="{width}" height="{top}"/>',
            *heading,
            *body,
            *legend,
            *told,
            "</svg>\n",
        ]
    )


def _heading(title: str, width: int) -> tuple[list[str], int]:
    """The title in as many lines as it needs, and where the days begin, below the hours."""
    lines = wrap(title, int((width - 16) / 8.8))
    said = [f'<text class="title" x="8" y="{20 * number}">{_fit(part)}</text>' for number, part in enumerate(lines, 1)]
    return said, 20 * len(lines) + HEAD + 15


class _Scale:
    """Minutes of a day's clock as places in the picture."""

    def __init__(self, week: Week, chart: float) -> None:
        self.first, self.last, self.chart = week.first * 60, week.last * 60, chart

    def x(self, minute: float) -> float:
        """Where a minute of the day is."""
        inside = min(max(minute, self.first), self.last)
        return round(GUTTER + (inside - self.first) * self.chart / (self.last - self.first), 1)

    def wide(self, start: float, minutes: float, least: float = 0) -> float:
        """How wide so many minutes from `start` are."""
        return round(max(least, self.x(start + minutes) - self.x(start)), 1)


def _height(row: Row) -> int:
    return row.lanes * LANE + 2 * PAD


def _hours(week: Week, scale: _Scale, top: int) -> Iterator[str]:
    """The hours above the days, every one, second or third as there is room, and their lines through the days."""
    bottom = top + sum(_height(row) for row in week.rows)
    step = next(
        step for step in (1, 2, 3, 4, 6, 24) if scale.chart / (week.last - week.first) * step >= 44 or step == 24
    )
    for hour in range(week.first, week.last + 1, step):
        x = scale.x(hour * 60)
        yield f'<path class="rule" d="M{x} {top - PAD}V{bottom}"/>'
        yield f'<text class="soft" text-anchor="middle" x="{x}" y="{top - 11}">{hour:02}:00</text>'


def _row(row: Row, scale: _Scale, top: int, colours: dict[str, str], mark: str) -> Iterator[str]:
    height = _height(row)
    for band in row.bands:
        yield _band(band, scale, top, height, mark)
    yield f'<path class="rule" d="M0 {top}H{scale.x(24 * 60)}"/>'
    yield f'<text x="8" y="{top + 21}">{row.day:%a} {row.day:%d %b}</text>'
    for block in row.blocks:
        yield from _block(block, scale, top, colours[block.run.job.name])
    for lost in row.lost:
        yield _lost(lost, scale, top)


def _band(band: Band, scale: _Scale, top: int, height: int, mark: str) -> str:
    kind = f'class="gap" fill="url(#out{mark})"' if band.kind == "left out" else f'class="{band.kind}"'
    x, wide = scale.x(band.start), scale.wide(band.start, band.minutes)
    name = f"<title>{_fit(band.name)}</title>"
    return f'<rect {kind} x="{x}" y="{top}" width="{wide}" height="{height}">{name}</rect>'


def _block(block: Block, scale: _Scale, top: int, colour: str) -> Iterator[str]:
    x, y = scale.x(block.start), top + PAD + block.lane * LANE + (LANE - BAR) / 2
    wide = scale.wide(block.start, block.minutes, 4)
    job, usual = block.run.job, block.run.usual
    told = f"{job.label} {block.label.rpartition(' ')[2]}, {f'usually {span(usual)}' if usual else 'never measured'}"
    never = "" if usual else ' class="never"'
    yield (
        f'<rect{never} x="{x}" y="{y}" width="{wide}" height="{BAR}" rx="2" fill="#{colour}">'
        f"<title>{_fit(told)}</title></rect>"
    )
    if block.trouble:
        yield f'<rect class="bad" x="{x - 2}" y="{y - 2}" width="{wide + 4}" height="{BAR + 4}" rx="4"/>'
    if block.label:
        cry = '<tspan class="cry">! </tspan>' if block.trouble else ""
        where = f'x="{round(x - 5, 1)}" text-anchor="end"' if block.left else f'x="{round(x + wide + 5, 1)}"'
        yield f'<text class="tag" {where} y="{y + 12.5}">{cry}{_fit(block.label)}</text>'


def _lost(lost: Lost, scale: _Scale, top: int) -> str:
    x, y = scale.x(lost.start), top + PAD + lost.lane * LANE + LANE / 2 + 4
    return f'<text class="tag cry" x="{x}" y="{y}">✕ {_fit(lost.label)}</text>'


def _legend(line: Timeline, colours: dict[str, str], top: int, width: int) -> tuple[list[str], int]:
    """Every job with its colour, then every window."""
    top += PAD
    said: list[str] = []
    for job, about in legend(line):
        mark = f'<rect x="8" y="{top + LANE - 11}" width="14" height="12" rx="2" '
        mark += f'fill="#{colours[job]}"/>' if job else 'class="window"/>'
        lines, top = _wrapped(mark, about, top, width)
        said += lines
    return said, top


def _told(found: Iterable[Conflict], top: int, width: int) -> tuple[list[str], int]:
    """Every conflict as a sentence."""
    said: list[str] = []
    for conflict in found:
        sign = ("soft", "·") if conflict.kind == "twice" else ("cry", "!")
        mark = f'<text class="{sign[0]}" x="12" y="{top + PAD + LANE}">{sign[1]}</text>'
        lines, top = _wrapped(mark, f"{conflict}.", top + PAD, width)
        said += lines
    return said, top + 16


def _wrapped(mark: str, words: str, top: int, width: int) -> tuple[list[str], int]:
    """A mark, and the words beside it in as many lines as they need; and where they end."""
    said = [mark]
    for number, part in enumerate(wrap(words, int((width - 40) / LETTER))):
        top += LANE - 4 if number else LANE
        said.append(f'<text x="30" y="{top}">{_fit(part)}</text>')
    return said, top
