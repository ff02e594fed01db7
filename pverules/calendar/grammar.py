"""The grammar of calendar events as Proxmox VE reads it: ordered choice, first match wins, nothing may be left over."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pverules.calendar.field import DAY, HOUR, MINUTE, MONTH, SECOND, YEAR, Field, Span, Unit

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

KEYWORDS = {
    "minutely": "*:*",
    "hourly": "*:00",
    "daily": "00:00",
    "weekly": "mon 00:00",
    "monthly": "*-*-01 00:00",
    "quarterly": "*-01,04,07,10-01 00:00",
    "semiannually": "*-01,07-01 00:00",
    "semi-annually": "*-01,07-01 00:00",
    "yearly": "*-01-01 00:00",
    "annually": "*-01-01 00:00",
}
"""What each keyword stands for; keywords are lower case and stand alone."""

_WHITE = " \t\n\r\f\v"
_LETTERS = re.compile(r"[A-Za-z]+")
_DIGITS = re.compile(r"[0-9]+")
_DAY_OF_NAME = {name: day for day, full in enumerate(WEEKDAYS) for name in (full, full[:3])}


class InvalidSchedule(ValueError):
    """A text that is no calendar event; `message` is Proxmox's sentence, without the newline it adds."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Parsed:
    """The parts of a calendar event; `weekdays` are 0 (Monday) to 6, empty for any.

    `time` is how hours, minutes and seconds were written, None for what was left out; it plays no part in equality.
    """

    utc: bool
    weekdays: frozenset[int]
    year: Field
    month: Field
    day: Field
    hour: Field
    minute: Field
    second: Field
    time: tuple[str | None, str | None, str | None] = field(compare=False)


def read_event(text: str) -> Parsed:
    """The calendar event a text denotes; raises InvalidSchedule with the sentence of Proxmox's parser."""
    rest = text.strip(_WHITE)
    if not rest:
        raise InvalidSchedule("unable to parse calendar event - event is empty")
    utc = rest.endswith("UTC")
    if utc:
        rest = rest.removesuffix("UTC").rstrip(" ")
    rest = KEYWORDS.get(rest, rest)

    weekdays: frozenset[int] = frozenset()
    if _LETTERS.match(rest):
        weekdays, rest = _weekdays(rest)
        rest = rest.lstrip(" \t")
    date = _date(rest)
    if date is not None:
        rest = date.rest.lstrip(" \t")
    time = _time(rest)
    if time is not None:
        rest = time.rest
    if not weekdays and date is None and time is None:
        raise _error(rest, 'Context("date or time specification")')
    if rest:
        raise _error(rest, "Nom(Eof)")
    year, month, day = ([], *(date.lists if date else ([], [])))[-3:]
    hour, minute, second = time.lists if time else [_ZERO, _ZERO, _ZERO]
    return Parsed(
        utc=utc,
        weekdays=weekdays if len(weekdays) < len(WEEKDAYS) else frozenset(),
        year=Field(YEAR, tuple(year)),
        month=Field(MONTH, tuple(month)),
        day=Field(DAY, tuple(day)),
        hour=Field(HOUR, tuple(hour)),
        minute=Field(MINUTE, tuple(minute)),
        second=Field(SECOND, tuple(second)),
        time=time.written if time else (None, None, None),
    )


_ZERO = [Span(0, 0, 1)]


@dataclass(frozen=True)
class _Part:
    """Lists that were read with a separator between them, largest unit first, how each was written, and the rest."""

    lists: list[list[Span]]
    written: list[str]
    rest: str


@dataclass(frozen=True)
class _Time:
    """A time that was read: its three lists, how they were written, and the text after it."""

    lists: list[list[Span]]
    written: tuple[str | None, str | None, str | None]
    rest: str


def _weekdays(text: str) -> tuple[frozenset[int], str]:
    """Weekdays at the beginning of a text that begins with a letter; raises InvalidSchedule for any other word."""
    first = _weekday_range(text)
    if first is None:
        word = _LETTERS.match(text)
        raise _error(word[0] if word else text, 'Context("weekday")')
    days, rest = first
    while rest.startswith(",") and (more := _weekday_range(rest[1:])) is not None:
        days, rest = days | more[0], more[1]
    return days, rest


def _weekday_range(text: str) -> tuple[frozenset[int], str] | None:
    """One weekday or a range of them, which may run over Sunday."""
    first = _weekday(text)
    if first is None:
        return None
    start, rest = first
    last = _weekday(rest[2:]) if rest.startswith("..") else None
    if last is None:
        return frozenset({start}), rest
    end, rest = last
    return frozenset((start + step) % 7 for step in range((end - start) % 7 + 1)), rest


def _weekday(text: str) -> tuple[int, str] | None:
    """A weekday's name in any case; the whole run of letters must be the name."""
    word = _LETTERS.match(text)
    day = _DAY_OF_NAME.get(word[0].lower()) if word else None
    return None if word is None or day is None else (day, text[word.end() :])


def _date(text: str) -> _Part | None:
    """Year, month and day, or month and day."""
    return _joined(text, "-", (YEAR, MONTH, DAY)) or _joined(text, "-", (MONTH, DAY))


def _time(text: str) -> _Time | None:
    """Hours, minutes and seconds; only minutes are needed, and what cannot be an hour is tried as a minute.

    A colon after hours needs minutes behind it; one after minutes that has no seconds behind it is left over.
    """
    hours = _joined(text, ":", (HOUR,))
    if hours is None or not hours.rest.startswith(":"):
        hours = None
    rest = hours.rest[1:] if hours else text
    minutes = _joined(rest, ":", (MINUTE, SECOND)) or _joined(rest, ":", (MINUTE,))
    if minutes is None:
        return None
    hour, written_hour = (hours.lists[0], hours.written[0]) if hours else ([], None)
    minute, second = [*minutes.lists, _ZERO][:2]
    written_minute, written_second = [*minutes.written, None][:2]
    return _Time([hour, minute, second], (written_hour, written_minute, written_second), minutes.rest)


def _joined(text: str, separator: str, units: tuple[Unit, ...]) -> _Part | None:
    """One list for each unit with `separator` between them, None unless all are there."""
    lists: list[list[Span]] = []
    written: list[str] = []
    rest = separator + text
    for unit in units:
        read = _list(rest[1:], unit) if rest.startswith(separator) else None
        if read is None:
            return None
        lists.append(read[0])
        written.append(rest[1 : len(rest) - len(read[1])])
        rest = read[1]
    return _Part(lists, written, rest)


def _list(text: str, unit: Unit) -> tuple[list[Span], str] | None:
    """`*`, `*/STEP` or members with commas between them; `*` gives no spans, which means any value."""
    if text.startswith("*"):
        return _star(text[1:], unit)
    first = _member(text, unit)
    if first is None:
        return None
    spans, rest = [first[0]], first[1]
    while rest.startswith(",") and (more := _member(rest[1:], unit)) is not None:
        spans.append(more[0])
        rest = more[1]
    return spans, rest


def _star(rest: str, unit: Unit) -> tuple[list[Span], str] | None:
    """What follows a `*`: perhaps a step. A step of 0 is not read; a step too large spoils the star as well."""
    if not rest.startswith("/"):
        return [], rest
    step = _number(rest[1:], unit)
    if step is None:
        return None
    return ([Span(unit.origin, None, step[0])], step[1]) if step[0] else ([], rest)


def _member(text: str, unit: Unit) -> tuple[Span, str] | None:
    """`START`, `START..END` with START not after END, each perhaps with a step; a step of 0 leaves only START."""
    first = _number(text, unit)
    if first is None:
        return None
    start, rest = first
    end: int | None = None
    if rest.startswith("..") and (last := _number(rest[2:], unit)) is not None:
        end, rest = last
        if end < start:
            return None
    if not rest.startswith("/"):
        return Span(start, start if end is None else end, 1), rest
    step = _number(rest[1:], unit)
    if step is None:
        return None
    return (Span(start, end, step[0]) if step[0] else Span(start, start, 1)), step[1]


def _number(text: str, unit: Unit) -> tuple[int, str] | None:
    """A number below the unit's bound, with any number of leading zeros."""
    digits = _DIGITS.match(text)
    if digits is None or len(digits[0].lstrip("0")) > len(str(unit.bound)) or int(digits[0]) >= unit.bound:
        return None
    return int(digits[0]), text[digits.end() :]


def _error(rest: str, kind: str) -> InvalidSchedule:
    return InvalidSchedule(f"unable to parse calendar event at '{rest}' - {kind}")
