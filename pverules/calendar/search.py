"""The search for the next run of a calendar event: too small a field is raised, the smaller ones start over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from pverules.calendar.grammar import Parsed
from pverules.local_time import CALENDAR_CYCLE, EPOCH, mktime, offset_at

STEPS = 1000
DAY = 86400
YEARS = 400
"""Years after which the calendar repeats; dates are reckoned within one such cycle, so that no year is too late."""

_EPOCH_DAY = EPOCH.toordinal()
_CYCLE_DAY = date(YEARS, 1, 1).toordinal()


@dataclass
class _Hands:
    """A wall clock that can be set to any numbers and then says which moment the C library makes of them."""

    zone: ZoneInfo | None
    hint: int
    wall: int
    spent: bool = False
    """No year is left."""

    def settle(self, wall: int) -> int:
        """Set the clock to `wall` (local seconds since 1970) and return the epoch; a gap moves the clock on."""
        if self.zone is None:
            self.wall = wall
            return wall
        epoch = mktime(wall, self.zone, self.hint)
        self.hint = offset_at(epoch, self.zone)
        self.wall = epoch + self.hint
        return epoch

    def turn_to(self, year: int, month: int, day: int) -> None:
        """Set the clock to midnight of a day; months and days may lie beyond the year and the month."""
        years, month = divmod(month - 1, 12)
        cycles, year = divmod(year + years - YEARS, YEARS)
        first = date(year + YEARS, month + 1, 1).toordinal() - _EPOCH_DAY
        self.settle(cycles * CALENDAR_CYCLE + (first + day - 1) * DAY)

    def read(self) -> tuple[int, date]:
        """The whole cycles of the calendar to add to a date for the one the clock shows, and that date."""
        cycles, days = divmod(self.wall // DAY + _EPOCH_DAY - _CYCLE_DAY, CALENDAR_CYCLE // DAY)
        return cycles, date.fromordinal(_CYCLE_DAY + days)


def next_run(event: Parsed, after: int, zone: ZoneInfo, hint: int) -> tuple[int, int] | None:
    """The run of `event` after the epoch `after`, and the UTC offset in seconds that the search ended with.

    `hint` is the offset at which the process's previous search ended (see `mktime`): it decides which of the two
    occurrences of an ambiguous time is meant. None where there is no run, or none within a thousand steps. The result
    may lie before `after` where clocks were just put back.
    """
    local = None if event.utc else zone
    start = after + 1
    hands = _Hands(local, hint, start + (offset_at(start, local) if local else 0))
    for _ in range(STEPS):
        if _fits_or_moves(event, hands):
            return hands.settle(hands.wall), hands.hint
        if hands.spent:
            return None
    return None


def _fits_or_moves(event: Parsed, hands: _Hands) -> bool:
    """Whether the clock shows a run; otherwise its largest wrong field has been moved on."""
    cycles, today = hands.read()
    year, month, day = today.year + cycles * YEARS, today.month, today.day
    if year not in event.year:
        later = event.year.after(year)
        hands.spent = later is None
        hands.turn_to(later or year, 1, 1)
    elif month not in event.month:
        later = event.month.after(month)
        hands.turn_to(year + (later is None), later or 1, 1)
    elif day not in event.day:
        later = event.day.after(day)
        hands.turn_to(year, month + (later is None), later or 1)
    elif event.weekdays and today.weekday() not in event.weekdays:
        weekday = today.weekday()
        hands.turn_to(year, month, day + min((fit for fit in event.weekdays if fit > weekday), default=7) - weekday)
    else:
        return _time_fits_or_moves(event, hands)
    return False


def _time_fits_or_moves(event: Parsed, hands: _Hands) -> bool:
    """As `_fits_or_moves`, for the time of a day that fits."""
    clock = hands.wall % DAY
    midnight = hands.wall - clock
    hour, minute, second = clock // 3600, clock // 60 % 60, clock % 60
    if hour not in event.hour:
        later = event.hour.after(hour)
        hands.settle(midnight + (DAY if later is None else later * 3600))
    elif minute not in event.minute:
        later = event.minute.after(minute)
        hands.settle(midnight + hour * 3600 + (3600 if later is None else later * 60))
    elif second not in event.second:
        later = event.second.after(second)
        hands.settle(midnight + hour * 3600 + minute * 60 + (60 if later is None else later))
    else:
        return True
    return False
