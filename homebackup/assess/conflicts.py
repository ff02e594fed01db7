"""What does not go together on a timeline: tiers out of order, runs at once, runs in a window, runs left out."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import clock, span
from homebackup.assess.timeline import Busy, Run, Skip, Timeline
from pverules.calendar import CalendarEvent
from pverules.local_time import wall_at

Kind = Literal["order", "overlap", "window", "nas", "skipped", "twice"]
NIGHT = 6 * 3600
"""Seconds within which two runs are taken to belong to one night, in which the first tier goes first."""


@dataclass(frozen=True)
class Conflict:
    """One kind of trouble between the same two, however often it comes.

    `jobs` are their names (a window's for `window`), `times` the epochs of the runs that suffer, ascending.
    """

    kind: Kind
    jobs: tuple[str, ...]
    times: tuple[int, ...]
    said: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.said}; {self.remedy}" if self.remedy else self.said


def conflicts(line: Timeline, site: str = "") -> list[Conflict]:
    """Every conflict in the span, those of one kind and pair put together, by their first time.

    With the name of a site only those in which its own jobs have a part.
    """
    ours = {job.name for job in line.jobs if not site or job.site == site}
    together: dict[tuple[str, tuple[str, ...]], list[Conflict]] = {}
    for one in (*_at_once(line), *_too_early(line), *_in_windows(line), *_twice(line), *_skipped(line)):
        together.setdefault((one.kind, one.jobs), []).append(one)
    concern = (several for (_, jobs), several in together.items() if ours.intersection(jobs))
    return sorted((_often(several) for several in concern), key=lambda one: (one.times, one.kind, one.jobs))


def _often(several: list[Conflict]) -> Conflict:
    first = min(several, key=lambda one: one.times)
    times = tuple(sorted({moment for one in several for moment in one.times}))
    often = f", {len(times)} times in these days" if len(times) > 1 else ""
    return Conflict(first.kind, first.jobs, times, first.said + often, first.remedy)


def _at_once(line: Timeline) -> Iterator[Conflict]:
    """Runs that begin while another is not done, or at the same moment."""
    going: list[Run] = []
    for run in line.around:
        going = [other for other in going if other.end > run.start or other.start == run.start]
        if line.start <= run.start < line.end:
            yield from (found for other in going if (found := _together(other, run, line.zone)))
        going.append(run)


def _together(first: Run, second: Run, zone: ZoneInfo) -> Conflict | None:
    """What is wrong with `second` beginning while `first`, which is not later, is not done."""
    one, other = first.job, second.job
    if one.name == other.name and one.site == other.site:
        said = f"{other.label} starts again at {clock(second.start, zone)} before its last run, {_lasting(first)},"
        said += " is done"
        return Conflict("overlap", (one.name,), (second.start,), said, "let it run less often")
    if one.site != other.site:
        if not one.nas or one.nas != other.nas:
            return None
        said = f"{other.label} starts at {clock(second.start, zone)} while {one.label} writes to the same NAS {one.nas}"
        return Conflict("nas", (one.name, other.name), (second.start,), said, _later(first, zone))
    if one.node and other.node and one.node != other.node:
        if one.storage != other.storage:
            return None
        said = f"{other.label} on {other.node} starts at {clock(second.start, zone)} while {one.label} on {one.node}"
        return Conflict(
            "nas", (one.name, other.name), (second.start,), f"{said} writes to {one.storage}", _later(first, zone)
        )
    begins = f"{other.label} starts at {clock(second.start, zone)}"
    if one.rank is None or other.rank is None or one.rank == other.rank:
        said = f"{begins} while {one.label}, {_lasting(first)}, is not done, and waits for it"
        return Conflict("overlap", (one.name, other.name), (second.start,), said, _later(first, zone))
    if other.rank > one.rank:
        said = f"{begins}, before {one.label}, {_lasting(first)}, is done"
        if first.start == second.start:
            said = f"{begins}, at the same moment as {one.label}, which must be done first"
        return Conflict("order", (one.name, other.name), (second.start,), said, _later(first, zone))
    said = f"{one.label}, {_lasting(first)}, is not done when {other.label} starts at {clock(second.start, zone)}"
    return Conflict("order", (other.name, one.name), (first.start,), said, f"start it after {other.label}")


def _too_early(line: Timeline) -> Iterator[Conflict]:
    """Runs of a later tier in a night in which the earlier tier runs only after them."""
    starts: dict[str, list[Run]] = {}
    for run in line.around:
        starts.setdefault(run.job.name, []).append(run)
    for run in line.around:
        if run.job.rank is None or not line.start <= run.start < line.end:
            continue
        for name, others in starts.items():
            rank = others[0].job.rank
            if rank is None or rank >= run.job.rank or others[0].job.site != run.job.site:
                continue
            place = bisect_right(others, run.start, key=lambda other: other.start)
            later = others[place] if place < len(others) else None
            waited = run.start - others[place - 1].start if place else NIGHT + 1
            if later and run.end <= later.start and later.start - run.start <= NIGHT < waited:
                said = (
                    f"{run.job.label} starts at {clock(run.start, line.zone)}, before {later.job.label}, which starts"
                    f" at {clock(later.start, line.zone)}"
                )
                yield Conflict("order", (name, run.job.name), (run.start,), said, _later(later, line.zone))


def _in_windows(line: Timeline) -> Iterator[Conflict]:
    """Runs that begin in a window, or are not done when it begins."""
    ends = sorted(line.windows, key=lambda busy: busy.start)
    for run in line.runs:
        last = max(run.end, run.start + 1)
        for busy in ends[: bisect_left(ends, last, key=lambda busy: busy.start)]:
            if busy.end > run.start and run.start >= line.start:
                yield _inside(run, busy, line.zone)


def _inside(run: Run, busy: Busy, zone: ZoneInfo) -> Conflict:
    window = f"{busy.name} ({clock(busy.start, zone)} to {clock(busy.end, zone)})"
    if run.start >= busy.start:
        said, remedy = (
            f"starts at {clock(run.start, zone)}, inside {window}",
            f"start it at {clock(busy.end, zone)} or later",
        )
    else:
        said = f"starts at {clock(run.start, zone)} and is usually not done before {window}"
        remedy = f"start it {span(run.end - busy.start)} earlier or more"
    return Conflict("window", (run.job.name, busy.name), (run.start,), f"{run.job.label} {said}", remedy)


def _twice(line: Timeline) -> Iterator[Conflict]:
    """Runs at times that the clock shows twice; what runs every hour is left in peace."""
    for run in line.runs:
        event = run.job.event
        if not run.passage or run.start < line.start or event is None or _hourly(event):
            continue
        wall = wall_at(run.start, line.zone)
        both = [other for other in line.runs if other.job == run.job and wall_at(other.start, line.zone) == wall]
        which = "both times" if len(both) > 1 else f"once, the {'first' if run.passage == 1 else 'second'} time"
        said = f"{run.job.label}: the clock shows {wall:%H:%M} twice on {wall:%Y-%m-%d}; Proxmox VE runs it {which}"
        yield Conflict("twice", (run.job.name,), (run.start,), said)


def _hourly(event: CalendarEvent) -> bool:
    return event.parts.utc or event.parts.hour.any


def _skipped(line: Timeline) -> Iterator[Conflict]:
    for skip in line.skips:
        yield Conflict("skipped", (skip.job.name,), (skip.gap.change,), _left_out(skip, line.zone), _after(skip))


def _left_out(skip: Skip, zone: ZoneInfo) -> str:
    first = skip.gap.times[0]
    return (
        f"{skip.job.label}: {first:%H:%M} does not exist on {first:%Y-%m-%d} in {zone.key}, where clocks go from"
        f" {skip.gap.before:%H:%M} to {skip.gap.after:%H:%M}; Proxmox VE leaves that run out"
    )


def _after(skip: Skip) -> str:
    return f"start it at {skip.gap.after:%H:%M} or later, or before {skip.gap.before:%H:%M}"


def _lasting(run: Run) -> str:
    return "which was never measured" if run.usual is None else f"which usually takes {span(run.usual)}"


def _later(first: Run, zone: ZoneInfo) -> str:
    """A time to start at: when `first` is done, on the next five minutes of the clock."""
    if first.usual is None:
        return "start it later"
    done = first.end + -first.end % 300
    return f"start it at {clock(done, zone)} or later"
