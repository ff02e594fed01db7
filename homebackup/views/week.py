"""A timeline laid out as days of the node's clock below each other, which pictures of any kind draw."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import clock, span
from homebackup.assess.conflicts import Conflict
from homebackup.assess.jobs import spelled_guests
from homebackup.assess.timeline import Run, Timeline, midnight
from pverules.local_time import offset_changes, wall_at

_UTC = ZoneInfo("UTC")
CROWDED = 4
"""Runs of one job on a day from which on only the first is labelled."""
LEAST = 6
"""Hours that a picture shows at least."""


@dataclass(frozen=True)
class Block:
    """A run, or its part on one day, in minutes of the day's clock; `label` is empty where the run goes on.

    `trouble` tells that it is in a conflict, `left` that the label stands before it, as there is no room behind.
    """

    run: Run
    start: float
    minutes: float
    label: str
    trouble: bool
    left: bool = False
    lane: int = 0


@dataclass(frozen=True)
class Band:
    """A stretch of a day in minutes of its clock: `kind` is `window`, `left out` or `twice`."""

    kind: str
    name: str
    start: float
    minutes: float


@dataclass(frozen=True)
class Lost:
    """A run that the clock leaves out: where it would be, in minutes, and its label."""

    job: str
    start: float
    label: str
    lane: int = 0


@dataclass(frozen=True)
class Row:
    """One day: its lanes of blocks, and what lies behind them."""

    day: date
    lanes: int
    blocks: tuple[Block, ...]
    lost: tuple[Lost, ...]
    bands: tuple[Band, ...]


@dataclass(frozen=True)
class Week:
    """The rows of all days, which show the hours from `first` up to `last` of the clock."""

    first: int
    last: int
    rows: tuple[Row, ...]


def lay_out(line: Timeline, found: Iterable[Conflict], width: Callable[[str], float]) -> Week:
    """The days of a timeline; `width` is what a label takes of the whole width, as a fraction of it."""
    troubled = {(name, moment) for one in found if one.kind != "twice" for name in one.jobs for moment in one.times}
    pieces = [piece for run in line.runs for piece in _pieces(run.start, max(run.end, run.start + 60), line)]
    pieces += [piece for busy in line.windows for piece in _pieces(busy.start, busy.end, line)]
    first, last = _hours([(start, start + minutes) for _, start, minutes in pieces])
    minutes = (last - first) * 60
    rows = [_row(day, line, troubled, last * 60, lambda label: width(label) * minutes) for day in line.days]
    return Week(first, last, tuple(rows))


def legend(line: Timeline) -> Iterator[tuple[str, str]]:
    """What the blocks stand for: each job's name and a line about it, then the windows, with no name."""
    usual = {run.job.name: run.usual for run in line.around}
    for job in line.jobs:
        seconds = usual.get(job.name)
        lasting = f"usually {span(seconds)}" if seconds else "never measured"
        yield job.name, f"{job.label}: {job.schedule}, {lasting}, guests {spelled_guests(job)}"
    spans = {busy.name: f"{clock(busy.start, line.zone)} to {clock(busy.end, line.zone)}" for busy in line.windows}
    if spans:
        yield "", "needs the NAS: " + ", ".join(f"{name} ({when})" for name, when in spans.items())


def _hours(spans: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """The hours that have something in them and one on either side, the whole day where there is nothing."""
    if not spans:
        return 0, 24
    first = max(0, int(min(start for start, _ in spans) // 60) - 1)
    last = min(24, int(-(-max(end for _, end in spans) // 60)) + 1)
    while last - first < LEAST:
        first, last = max(0, first - 1), min(24, last + 1)
    return first, last


def _pieces(start: int, end: int, line: Timeline) -> Iterator[tuple[date, float, float]]:
    """A stretch of time cut at midnights and changes of the clock: day, minute of its clock, and minutes."""
    start, end = max(start, line.start), min(end, line.end)
    zone = line.zone
    cuts = {midnight(day, zone) for day in line.days} | {at for at, _, _ in offset_changes(zone, start, end)}
    edges = [start, *sorted(cut for cut in cuts if start < cut < end), end]
    for early, late in pairwise(edges):
        wall = wall_at(early, zone)
        yield wall.date(), _minute(early, zone), (late - early) / 60


def _minute(epoch: int, zone: ZoneInfo) -> float:
    wall = wall_at(epoch, zone)
    return wall.hour * 60 + wall.minute + wall.second / 60


def _row(day: date, line: Timeline, troubled: set[tuple[str, int]], end: float, width: Callable[[str], float]) -> Row:
    """One day's runs in as few lanes as keep blocks and labels apart, in a picture up to the minute `end`."""
    free: list[float] = []
    blocks = []
    for start, until, block in sorted(_extents(day, line, troubled, end, width), key=lambda one: one[0]):
        blocks.append(replace(block, lane=_lane(free, start, until)))
    lost = []
    for skip in line.skips:
        first = skip.gap.times[0]
        if first.date() == day:
            name = skip.job.tier or skip.job.name
            label = f"{name} {first:%H:%M} left out"
            minute = first.hour * 60 + first.minute
            lost.append(Lost(skip.job.name, minute, label, _lane(free, minute, minute + width(label))))
    return Row(day, max(1, len(free)), tuple(blocks), tuple(lost), tuple(_bands(day, line)))


def _extents(
    day: date, line: Timeline, troubled: set[tuple[str, int]], end: float, width: Callable[[str], float]
) -> Iterator[tuple[float, float, Block]]:
    """The day's blocks in no lane yet, each with the minutes from and until which it and its label need one."""
    runs = [
        (run, start, minutes)
        for run in line.runs
        for on, start, minutes in _pieces(run.start, max(run.end, run.start + 60), line)
        if on == day
    ]
    counts = Counter(run.job.name for run, _, _ in runs)
    labelled: set[str] = set()
    for run, start, minutes in runs:
        crowded = counts[run.job.name] > CROWDED and run.job.name in labelled
        label = "" if crowded or start != _minute(run.start, line.zone) else _label(run, line.zone)
        labelled.add(run.job.name)
        room = width(label) if label else 0
        until = start + max(minutes, 1)
        left = until + room > end and start - room > 0
        block = Block(run, start, minutes, label, (run.job.name, run.start) in troubled, left)
        yield (start - room, until, block) if left else (start, until + room, block)


def _lane(free: list[float], start: float, end: float) -> int:
    """The first lane that is free at `start`, which is then taken until `end`."""
    for lane, until in enumerate(free):
        if until <= start:
            free[lane] = end
            return lane
    free.append(end)
    return len(free) - 1


def _label(run: Run, zone: ZoneInfo) -> str:
    twice = {0: "", 1: " (1st)", 2: " (2nd)"}[run.passage]
    return f"{run.job.tier or run.job.name} {wall_at(run.start, zone):%H:%M}{twice}"


def _bands(day: date, line: Timeline) -> Iterator[Band]:
    for busy in line.windows:
        for on, start, minutes in _pieces(busy.start, busy.end, line):
            if on == day:
                yield Band("window", busy.name, start, minutes)
    for change, before, after in offset_changes(line.zone, line.start, line.end):
        lower = wall_at(change + min(before, after), _UTC)
        if lower.date() == day:
            kind, name = ("left out", "left out") if after > before else ("twice", "comes twice")
            yield Band(kind, name, lower.hour * 60 + lower.minute, abs(after - before) / 60)
