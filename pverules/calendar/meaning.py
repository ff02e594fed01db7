"""What a schedule really does where it does not do what it seems to say: sentences for its owner."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pverules.calendar.clock import UTC, left_out
from pverules.calendar.event import CalendarEvent
from pverules.calendar.field import Field
from pverules.calendar.search import DAY
from pverules.local_time import EPOCH, offset_at, wall_at

_PLAIN = re.compile(r"[0-9.,]+")
_LONGEST_MONTH = {month: 30 if month in (4, 6, 9, 11) else 29 if month == 2 else 31 for month in range(1, 13)}
_SAMPLE = 200
_YEAR = 366


def meaning(event: CalendarEvent, zone: ZoneInfo, since: int) -> list[str]:
    """Sentences about what the schedule does unexpectedly from the epoch `since` on, on a node in `zone`.

    Each names what it looks like, what it does and what to write instead. Empty for a schedule that means what it says.
    """
    if event.next_after(since, zone) is None:
        return list(_never(event))
    return [sentence for rule in _RULES for sentence in rule(event, zone, since)]


def _never(event: CalendarEvent) -> Iterator[str]:
    """No run is left: years are over, or the date exists in no year."""
    year = event.parts.year
    if year.values and not year.any and year.values[-1] < EPOCH.year:
        yield f"{event.text}: never runs; the year {year} is taken literally, write {2000 + year.values[-1] % 100}"
    else:
        yield f"{event.text}: never runs; no such date is to come"


def _bare_minutes(event: CalendarEvent, _zone: ZoneInfo, _since: int) -> Iterator[str]:
    """A single number, which is a minute and no hour."""
    hour, minute, second = event.parts.time
    if hour is None and second is None and minute is not None and _PLAIN.fullmatch(minute):
        instead = f"; for the hour write {minute}:00" if event.parts.minute.values[-1] < 24 else ""
        yield f"{event.text}: {minute} is minute {minute} of every hour, not an hour{instead}"


def _minutes_for_hours(event: CalendarEvent, _zone: ZoneInfo, _since: int) -> Iterator[str]:
    """Two numbers of which the first is too large for an hour, so that they are minutes and seconds."""
    hour, minute, second = event.parts.time
    if hour is None and second is not None:
        yield (
            f"{event.text}: {minute} is no hour, so {minute}:{second} is minute {minute} and second {second} of every"
            " hour; hours go from 0 to 23, midnight is 00:00"
        )


def _steps_beyond(event: CalendarEvent, _zone: ZoneInfo, since: int) -> Iterator[str]:
    """Steps without an end that do not divide their unit and so pass over its first values."""
    parts = event.parts
    without_seconds = replace(parts, second=parts.second.first)
    without_minutes = replace(without_seconds, minute=parts.minute.first)
    without_hours = replace(without_minutes, hour=parts.hour.first)
    coarser = {
        "month": replace(without_hours, day=parts.day.first),
        "day": without_hours,
        "hour": without_minutes,
        "minute": without_seconds,
        "second": parts,
    }
    for name, seen in coarser.items():
        field: Field = getattr(seen, name)
        if field.landing is None:
            continue
        steps = CalendarEvent(seen, event.text)
        changes: dict[str, Any] = {name: field.bounded}
        whole = CalendarEvent(replace(seen, **changes), event.text)
        if list(steps.runs(since, UTC, limit=_SAMPLE)) == list(whole.runs(since, UTC, limit=_SAMPLE)):
            continue
        left = [value for value in field.values if value not in field.left_out]
        when = "where the month before was too short" if name == "day" else f"after the first round of {name}s"
        only = f", and only {name} {left[0]} is left" if len(left) == 1 else ""
        passed = ", ".join(map(str, field.left_out))
        yield (
            f"{event.text}: the steps {field} do not divide their unit and count on beyond it, so {name} {passed} is"
            f" passed over {when}{only}; write {field.bounded} for all of them"
        )


def _both(event: CalendarEvent, _zone: ZoneInfo, _since: int) -> Iterator[str]:
    """A weekday beside a day of the month: both must fit."""
    if event.parts.weekdays and not event.parts.day.any:
        yield f"{event.text}: runs only on days on which the weekday and the date both fit, not on either"


def _short_months(event: CalendarEvent, _zone: ZoneInfo, _since: int) -> Iterator[str]:
    """Days that not every month has."""
    day, months = event.parts.day.values[0], event.parts.month.values
    short = [month for month in months if _LONGEST_MONTH[month] < day]
    if short or (day == 29 and 2 in months):
        yield f"{event.text}: months without a day {day} are left out; there is no word for a month's last day"


def _spring_gaps(event: CalendarEvent, zone: ZoneInfo, since: int) -> Iterator[str]:
    """Runs of the coming year at times that clocks leave out; an event of every hour loses nothing it would miss."""
    for gap in left_out(event, zone, since, since + _YEAR * DAY):
        following = event.next_after(gap.change - 1, zone, hint=offset_at(gap.change - 1, zone))
        then = "there is no run after it" if following is None else f"the next is {_shown(wall_at(following, zone))}"
        first = gap.times[0]
        yield (
            f"{event.text}: {first:%H:%M} does not exist on {first:%Y-%m-%d} in {zone.key}, where clocks go forward"
            f" from {gap.before:%H:%M} to {gap.after:%H:%M}; that run is skipped and {then}"
        )


def _shown(wall: datetime) -> str:
    return f"{wall:%Y-%m-%d %H:%M}"


_RULES: tuple[Callable[[CalendarEvent, ZoneInfo, int], Iterator[str]], ...] = (
    _bare_minutes,
    _minutes_for_hours,
    _steps_beyond,
    _both,
    _short_months,
    _spring_gaps,
)
