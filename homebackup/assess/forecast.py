"""What backups will need: bytes once retention has settled, days until the storage is full, time against the window."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil
from statistics import median

from homebackup.assess.course import Turn, courses
from homebackup.assess.jobs import Job
from homebackup.assess.retention import Copy, Shelf, newest_first
from homebackup.assess.timeline import Timeline
from homebackup.assess.usual import Usual
from homebackup.model.backups.task import GuestRun

DAY = 86400
SAMPLE = 30
"""Newest archives of a guest by which its growth is told."""
LONG = 3 * DAY
"""Seconds that archives must span before they tell of growth."""


@dataclass(frozen=True)
class Growth:
    """The bytes of a guest's archive at the epoch `at`, and the bytes that it gains a day; it never shrinks."""

    size: float
    per_day: float
    at: float

    def size_at(self, epoch: float) -> int:
        """The bytes of an archive made then."""
        return round(self.size + max(0.0, epoch - self.at) / DAY * self.per_day)


def growth(there: Sequence[Copy], now: float) -> Growth | None:
    """How a guest's archives grow, None without archives: the median slope of all pairs, which no outlier bends."""
    recent = [copy for copy in sorted(there, key=lambda copy: copy.time)[-SAMPLE:] if copy.size > 0]
    if not recent:
        return None
    slopes = [
        (later.size - earlier.size) * DAY / (later.time - earlier.time)
        for earlier, later in combinations(recent, 2)
        if later.time > earlier.time
    ]
    told = recent[-1].time - recent[0].time >= LONG and len(recent) > 2
    per_day = max(0.0, median(slopes)) if told else 0.0
    return Growth(median(copy.size + (now - copy.time) / DAY * per_day for copy in recent), per_day, now)


@dataclass(frozen=True)
class Load:
    """One guest's backups on a storage: what is there, the epochs of its runs to come, and how large they will be."""

    shelf: Shelf
    runs: tuple[int, ...]
    growth: Growth | None


@dataclass(frozen=True)
class Forecast:
    """What one storage has to hold, in bytes.

    `now` is what the archives take, `need` the most they will take while sizes stay as they are, `peak` the most
    with their growth up to the horizon; both count the archive that is written before an old one is pruned.
    `room` is what archives can take in all, None when that is not known; `full` the epoch of the run that does not fit
    any more. `settles` is false where retention never prunes. Guests of `unknown` were never backed up, so that
    their size is not in it.
    """

    storage: str
    now: int
    need: int
    peak: int
    room: int | None
    full: int | None
    settles: bool
    unknown: tuple[int, ...] = ()

    def days_to_full(self, now: float) -> int | None:
        """Whole days until a run does not fit, None where all fit up to the horizon."""
        return None if self.full is None else int(max(0.0, self.full - now) // DAY)


def forecast(storage: str, loads: Sequence[Load], free: int | None) -> Forecast:
    """What becomes of a storage with these loads; `free` bytes are left, None when nobody could ask."""
    held = sum(copy.size for load in loads for copy in load.shelf.copies)
    room = None if free is None else free + held
    told = list(courses((load.shelf, load.runs) for load in loads))
    along = sorted((turn.at, place, turn) for place, course in enumerate(told) for turn in course)
    need, _ = _most(loads, along, None, growing=False)
    peak, full = _most(loads, along, room, growing=True)
    settles = all(any(turn.settled for turn in course) for course in told if course)
    unknown = tuple(sorted(load.shelf.vmid for load in loads if load.growth is None and load.runs))
    return Forecast(storage, held, need, peak, room, full, settles, unknown)


def _most(
    loads: Sequence[Load], along: Iterable[tuple[int, int, Turn]], room: int | None, *, growing: bool
) -> tuple[int, int | None]:
    """The most bytes along all turns in order of time, each with the place of its load, and the first over `room`."""
    sizes = [[copy.size for copy in newest_first(load.shelf.copies)] for load in loads]
    total = most = sum(map(sum, sizes))
    full = None
    for at, place, turn in along:
        told, mine = loads[place].growth, sizes[place]
        mine.append(0 if told is None else told.size_at(at if growing else told.at))
        total += mine[-1]
        most = max(most, total)
        if full is None and room is not None and total > room:
            full = at
        total -= sum(mine[number] for number in turn.gone)
    return most, full


@dataclass(frozen=True)
class Transfer:
    """How long a job takes against the time it has: `seconds` None when nobody knows; `room` ends with `until`."""

    job: Job
    seconds: int | None
    measured: bool
    room: int | None
    until: str

    @property
    def fits(self) -> bool:
        """Whether it is done in time, as far as anybody knows."""
        return self.seconds is None or self.room is None or self.seconds <= self.room


def rate(runs: Iterable[GuestRun]) -> float | None:
    """Bytes a second that past runs wrote, all together; None without a run that tells size and time."""
    told = [(run.size, run.seconds) for run in runs if run.ok and run.size and run.seconds]
    return sum(size for size, _ in told) / sum(seconds for _, seconds in told) if told else None


def transfer(job: Job, line: Timeline, usual: Usual | None, size: int, speed: float | None) -> Transfer:
    """What a job takes and may take: up to the next window or its own next run, whichever comes first after a run.

    Where the job was never measured, `size` bytes at `speed` bytes a second are taken for it.
    """
    mine = [run.start for run in line.around if run.job == job]
    bounds = [(busy.start, busy.name) for busy in line.windows] + [(start, "its own next run") for start in mine]
    rooms = [
        min((bound - start, name) for bound, name in bounds if bound > start)
        for start in mine
        if line.start <= start < line.end and any(bound > start for bound, _ in bounds)
    ]
    room, until = min(rooms, default=(None, ""))
    if usual is not None and not usual.unmeasured:
        return Transfer(job, usual.seconds, True, room, until)
    return Transfer(job, ceil(size / speed) if speed and size else None, False, room, until)
