"""Wall-clock times turned into epochs: once as Perl's Time::Local does it, once as glibc's mktime does it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_START = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH = _START.replace(tzinfo=None)
SECOND = timedelta(seconds=1)
HOUR = 3600
CALENDAR_CYCLE = 146097 * 86400
"""Seconds in 400 years, after which dates, weekdays and rules for summer time repeat."""

_LAST = 253_000_000_000
"""Before this epoch every zone's clock shows a year that Python knows."""

_PACE = 3 * 86400
"""Seconds within which no zone changes its offset twice."""


def utc_seconds(wall: datetime) -> int:
    """Seconds since 1970 of a naive time, read as if it were UTC."""
    return (wall - EPOCH) // SECOND


def offset_at(epoch: int, zone: ZoneInfo) -> int:
    """Seconds east of UTC in force in `zone` at `epoch`, which may lie beyond the year 9999."""
    return (_local(epoch, zone).utcoffset() or timedelta()) // SECOND


def wall_at(epoch: int, zone: ZoneInfo) -> datetime:
    """The naive wall-clock time in `zone` at `epoch`; OverflowError outside the years 1 to 9999."""
    return datetime.fromtimestamp(epoch, zone).replace(tzinfo=None)


def daylight_at(epoch: int, zone: ZoneInfo) -> bool:
    """Whether `zone` calls its time daylight saving at `epoch`."""
    return bool(_local(epoch, zone).dst())


def _local(epoch: int, zone: ZoneInfo) -> datetime:
    """The time in `zone` at `epoch`, whole cycles of the calendar earlier where Python's years end."""
    cycles = max(0, (epoch - _LAST) // CALENDAR_CYCLE + 1)
    return datetime.fromtimestamp(epoch - cycles * CALENDAR_CYCLE, zone)


@lru_cache(maxsize=4096)
def archive_epoch(wall: datetime, zone: ZoneInfo) -> int:
    """The epoch Perl's `timelocal` gives a wall-clock time; this is how a time in an archive's name is read.

    A time in a spring gap moves on by the gap. After clocks went back, every time of the following hour is taken one
    hour earlier: exactly the first occurrence where clocks move by an hour, an hour too early on Lord Howe Island,
    where they move by half of one (`prune.jsonl`, scenario `dst1`).
    """
    before, after = offset_of(wall, zone, fold=0), offset_of(wall, zone, fold=1)
    later = utc_seconds(wall) - after
    if before < after:
        return utc_seconds(wall) - before
    return later - HOUR if offset_at(later - HOUR, zone) > after else later


def offset_of(wall: datetime, zone: ZoneInfo, *, fold: int) -> int:
    """Seconds east of UTC that `zone` gives a naive wall-clock time, before (fold 0) or after (1) a change."""
    offset = wall.replace(tzinfo=zone, fold=fold).utcoffset()
    return (offset or timedelta()) // SECOND


def mktime(wall: int, zone: ZoneInfo, hint: int) -> int:
    """The epoch glibc's `mktime` gives a wall-clock time when nobody says whether it is daylight saving.

    `wall` is the local time as seconds since 1970 read as UTC, `hint` the UTC offset in seconds that the process's
    previous call ended with (0 in a fresh process). The search starts at the hint and repeats with the offset found, so
    of two occurrences the one on the hint's side wins. In a spring gap it swings between two answers and glibc takes
    the one that is daylight saving, which is the later one wherever summer time is.
    """
    before, here = None, wall - hint
    while (there := wall - offset_at(here, zone)) != here:
        if there == before:
            return _of_two(here, there, zone)
        before, here = here, there
    return here


def _of_two(one: int, other: int, zone: ZoneInfo) -> int:
    """The answer for a wall-clock time that does not exist, out of the two that the search swings between."""
    daylight = [epoch for epoch in (one, other) if daylight_at(epoch, zone)]
    return daylight[0] if len(daylight) == 1 else max(one, other)


def offset_changes(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """When `zone` changes its UTC offset between two epochs: the epoch of each change, the offset before and after."""
    for early in range(start, end, _PACE):
        low, high = early, min(early + _PACE, end)
        before, after = offset_at(low, zone), offset_at(high, zone)
        if before == after:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if offset_at(middle, zone) == before:
                low = middle
            else:
                high = middle
        yield high, before, after
