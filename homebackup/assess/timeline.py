"""The runs of all jobs over a span of time, each as long as it usually takes, beside what else needs the NAS."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from homebackup.assess.jobs import Job
from homebackup.assess.usual import Usual
from homebackup.model.site import Window
from pverules.calendar import LeftOut, left_out, pass_of
from pverules.local_time import wall_at

DAY = 86400
MOST = 20_000
"""Runs of one job that are walked through at most; a year of hours is half of it."""


@dataclass(frozen=True)
class Run:
    """One run of a job: its start as an epoch, and the seconds it usually takes, None for a job never measured.

    `passage` is 1 or 2 where the clock shows the start's time twice that day and the run is in that pass, else 0.
    """

    job: Job
    start: int
    usual: int | None
    passage: int = 0

    @property
    def end(self) -> int:
        """The epoch at which it is usually done; its start where nobody knows."""
        return self.start + (self.usual or 0)


@dataclass(frozen=True)
class Skip:
    """Runs of a job that a change of the clocks leaves out."""

    job: Job
    gap: LeftOut


@dataclass(frozen=True)
class Busy:
    """Something else's use of the NAS, between two epochs."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Timeline:
    """Everything that happens from `start` up to `end` (epochs) on nodes in `zone`; sorted by time.

    `around` are the runs of the span and of a day on either side, which what is near its edges is judged by.
    """

    start: int
    end: int
    zone: ZoneInfo
    jobs: tuple[Job, ...]
    around: tuple[Run, ...]
    windows: tuple[Busy, ...]
    skips: tuple[Skip, ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that begin in the span, and those that began before and are not done."""
        return tuple(run for run in self.around if run.start < self.end and max(run.end, run.start + 1) > self.start)

    @property
    def days(self) -> list[date]:
        """The days of the node's clock that the span touches."""
        first, last = wall_at(self.start, self.zone).date(), wall_at(self.end - 1, self.zone).date()
        return [first + timedelta(days) for days in range((last - first).days + 1)]


def timeline(
    jobs: Iterable[Job],
    windows: Iterable[Window],
    usual: Mapping[str, Usual | None],
    zone: ZoneInfo,
    start: int,
    end: int,
) -> Timeline:
    """What happens between two epochs; `usual` is by the job's name, disabled jobs do not run."""
    running = [job for job in jobs if job.enabled and job.event]
    around = chain.from_iterable(_runs(job, usual.get(job.name), zone, start, end) for job in running)
    skips = (Skip(job, gap) for job in running if job.event for gap in left_out(job.event, zone, start, end))
    return Timeline(
        start,
        end,
        zone,
        tuple(running),
        tuple(sorted(around, key=lambda run: (run.start, _rank(run.job), run.job.name))),
        tuple(sorted(_busy(windows, zone, start, end), key=lambda busy: (busy.start, busy.name))),
        tuple(sorted(skips, key=lambda skip: (skip.gap.change, skip.job.name))),
    )


def week(now: float, zone: ZoneInfo, days: int = 7) -> tuple[int, int]:
    """The epochs between which so many days of the node's clock lie, today the first."""
    today = datetime.fromtimestamp(now, zone).date()
    return midnight(today, zone), midnight(today + timedelta(days), zone)


def midnight(day: date, zone: ZoneInfo) -> int:
    """The epoch at which a day begins in `zone`; where midnight is left out, when the clock has passed it."""
    return at(day, 0, zone)


def at(day: date, minutes: int, zone: ZoneInfo) -> int:
    """The epoch of a time of day; the first where it comes twice, as long after the change where it does not come."""
    wall = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minutes)
    return int(wall.timestamp())


def _rank(job: Job) -> int:
    return MOST if job.rank is None else job.rank


def _runs(job: Job, usual: Usual | None, zone: ZoneInfo, start: int, end: int) -> Iterator[Run]:
    """The runs of a job in the span and a day around it, further back where runs take longer than a day."""
    assert job.event is not None
    seconds = usual.seconds if usual else None
    early = start - max(DAY, seconds or 0)
    for run in job.event.runs(early - 1, zone, until=end + DAY - 1, limit=MOST):
        yield Run(job, run, seconds, pass_of(run, zone))


def _busy(windows: Iterable[Window], zone: ZoneInfo, start: int, end: int) -> Iterator[Busy]:
    """Each window on each day; one that ends no later than it begins goes on into the next day."""
    first = wall_at(start, zone).date() - timedelta(1)
    days = (wall_at(end - 1, zone).date() - first).days
    for window in windows:
        for day in (first + timedelta(days) for days in range(days + 1)):
            last = day if window.end > window.start else day + timedelta(1)
            busy = Busy(window.name, at(day, window.start, zone), at(last, window.end, zone))
            if busy.start < end and busy.end > start:
                yield busy
