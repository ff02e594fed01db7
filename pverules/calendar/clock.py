"""What a change of the clocks does to a calendar event: runs that are left out, and times that come twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pverules.calendar.event import CalendarEvent
from pverules.local_time import offset_changes, wall_at

UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class LeftOut:
    """Runs that one change of the clocks leaves out: `times` do not exist on the clock, which shows naive times.

    `change` is the epoch at which clocks go forward, from `before` to `after`.
    """

    change: int
    before: datetime
    after: datetime
    times: tuple[datetime, ...]


def left_out(event: CalendarEvent, zone: ZoneInfo, start: int, end: int) -> Iterator[LeftOut]:
    """The runs that a node in `zone` leaves out between two epochs because clocks go forward.

    An event of every hour loses nothing that anybody would miss, so it yields nothing.
    """
    if event.parts.utc or event.parts.hour.any:
        return
    on_paper = CalendarEvent(replace(event.parts, utc=True), event.text)
    for change, offset, later in offset_changes(zone, start, end):
        times = tuple(
            wall_at(run, UTC) for run in on_paper.runs(change + offset - 1, UTC, until=change + max(offset, later) - 1)
        )
        if times:
            yield LeftOut(change, wall_at(change + offset, UTC), wall_at(change + later, UTC), times)


def pass_of(epoch: int, zone: ZoneInfo) -> Literal[0, 1, 2]:
    """Which of two passes of an hour that clocks repeat an epoch lies in; 0 where its time comes once."""
    here = datetime.fromtimestamp(epoch, zone)
    if here.replace(fold=1 - here.fold).utcoffset() == here.utcoffset():
        return 0
    return 2 if here.fold else 1
