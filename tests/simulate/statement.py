"""What ought to be told of each guest and when, as periods that somebody wrote down by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

EVERYBODY = "*"
NOT_THERE = "-"
"""The verdict on a guest of which nothing is to be said."""


@dataclass(frozen=True)
class Period:
    """From `start` until just before `end`, in seconds since the epoch, the verdict is this, for this reason."""

    guests: frozenset[int]
    start: int
    end: int
    verdict: str
    reason: str


@dataclass(frozen=True)
class Statement:
    """Periods, of which the last one that holds decides."""

    periods: tuple[Period, ...]

    @classmethod
    def read(cls, text: str, guests: frozenset[int], year: int, zone: ZoneInfo) -> Statement:
        """The statement in lines `GUESTS | FROM | UNTIL | VERDICT | REASON`; `*` is every one of `guests`.

        Times are the node's: `Sun 25 Oct 03:00`. A weekday that is not that date's is a mistake.
        """
        periods = []
        for line in text.strip().splitlines():
            who, start, end, verdict, reason = (word.strip() for word in line.split("|"))
            meant = guests if who == EVERYBODY else frozenset(map(int, who.split(",")))
            assert meant <= guests, f"{line}: there is no such guest"
            period = Period(meant, moment(start, year, zone), moment(end, year, zone), verdict, reason)
            assert period.start < period.end, f"{line}: it ends before it begins"
            periods.append(period)
        return cls(tuple(periods))

    def at(self, now: float) -> dict[int, tuple[str, str]]:
        """Verdict and reason by guest, of all of whom something is to be said."""
        told: dict[int, tuple[str, str]] = {}
        for period in self.periods:
            if period.start <= now < period.end:
                told |= dict.fromkeys(period.guests, (period.verdict, period.reason))
        return {vmid: said for vmid, said in told.items() if said[0] != NOT_THERE}


def moment(text: str, year: int, zone: ZoneInfo) -> int:
    """The epoch of `Sun 25 Oct 03:00` by the clocks of a zone; of a time that comes twice, the first."""
    wall = datetime.strptime(f"{year} {text}", "%Y %a %d %b %H:%M").replace(tzinfo=zone)
    assert wall.strftime("%a") == text[:3], f"{text} {year} is a {wall:%a}"
    return int(wall.timestamp())
