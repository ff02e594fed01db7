"""A calendar event: parsed from Proxmox VE's text, it knows its runs and its one normal spelling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

from pverules.calendar.field import spell
from pverules.calendar.grammar import WEEKDAYS, InvalidSchedule, Parsed, read_event
from pverules.calendar.search import DAY, next_run
from pverules.local_time import offset_at


@dataclass(frozen=True)
class CalendarEvent:
    """A schedule; two that denote the same moments compare equal, however they are written.

    `text` is the spelling it was parsed from and plays no part in equality.
    """

    parts: Parsed
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> CalendarEvent:
        """The event a text denotes; raises InvalidSchedule with the sentence of Proxmox's own parser."""
        return cls(read_event(text), text)

    def next_after(self, epoch: int, zone: ZoneInfo, *, hint: int = 0) -> int | None:
        """The first run after `epoch` (seconds) on a node in `zone`, None where the event never runs again.

        In the hour that clocks are put back Proxmox's answer depends on what its process computed before: `hint` is
        the UTC offset in seconds of its previous answer, 0 in a fresh process. There, and only there, the answer may
        lie before `epoch`.
        """
        found = next_run(self.parts, epoch, zone, hint)
        return None if found is None else found[0]

    def runs(self, start: int, zone: ZoneInfo, *, until: int | None = None, limit: int | None = None) -> Iterator[int]:
        """The runs after `start` in ascending order, up to and including `until`, at most `limit`; else endless.

        Where Proxmox would step back in the hour that clocks are put back, the second occurrence is taken instead.
        """
        runs: Iterator[int] = self._ascending(start, zone)
        if until is not None:
            runs = takewhile(lambda run: run <= until, runs)
        return islice(runs, limit)

    def _ascending(self, start: int, zone: ZoneInfo) -> Iterator[int]:
        at, hint = start, 0
        while (found := next_run(self.parts, at, zone, hint)) is not None:
            if found[0] <= at:
                found = next_run(self.parts, at, zone, offset_at(at + 1, zone))
                if found is None or found[0] <= at:
                    return
            at, hint = found
            yield at

    def __str__(self) -> str:
        """The normal spelling: equal events have the same, and it is parsed to an equal event."""
        parts = self.parts
        date = f"{parts.year}-{parts.month}-{parts.day}"
        time = f"{parts.hour}:{parts.minute}" + ("" if str(parts.second) == "00" else f":{parts.second}")
        weekdays = spell(sorted(parts.weekdays), lambda day: WEEKDAYS[day][:3])
        words = [weekdays, "" if date == "*-*-*" else date, time, "UTC" if parts.utc else ""]
        return " ".join(filter(None, words))


def normalise(event: CalendarEvent) -> str:
    """One spelling for equal schedules: `sun 4:00` and `sunday 04:00` are both `sun 04:00`."""
    return str(event)


def complaint(text: str) -> str | None:
    """What Proxmox VE's format check says of a schedule it refuses, without its newlines; None for a good one."""
    try:
        read_event(text)
    except InvalidSchedule as error:
        return f"invalid calendar event '{text}' - {error.message}"
    return None


def longest_gap(event: CalendarEvent, start: int, zone: ZoneInfo, days: int) -> int | None:
    """Seconds between the two neighbouring runs that lie furthest apart, None where there are fewer than two runs.

    Looks at the runs after the epoch `start` for `days` days and at the one that follows them; None, too, where no run
    falls into these days. The runs of one hour are taken as one block, as a year of minutes would take half a minute to
    walk through.
    """
    minute, second = event.parts.minute, event.parts.second
    length, inner = 0, []
    if minute.landing is None and second.landing is None and minute.values and second.values:
        spread = second.values[-1] - second.values[0]
        length = (minute.values[-1] - minute.values[0]) * 60 + spread
        inner = [(later - earlier) * 60 - spread for earlier, later in pairwise(minute.values)]
        inner += [later - earlier for earlier, later in pairwise(second.values)]
        event = CalendarEvent(replace(event.parts, minute=minute.first, second=second.first), event.text)
    end = start + days * DAY
    inside = list(event.runs(start, zone, until=end))
    if not inside:
        return None
    blocks = [*inside, *event.runs(inside[-1], zone, limit=1)]
    gaps = [later - earlier - length for earlier, later in pairwise(blocks)]
    return max(gaps + inner, default=None)
