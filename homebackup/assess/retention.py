"""Retention one can see: which archives exist on which day, how far back they reach, and what a change would prune."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from homebackup.assess.jobs import Job
from homebackup.assess.timeline import midnight
from homebackup.model.backups.archive import Archive
from pverules import prune
from pverules.archive_name import ArchiveName
from pverules.calendar import CalendarEvent
from pverules.local_time import wall_at
from pverules.retention import Retention


@dataclass(frozen=True)
class Copy:
    """One archive of a guest, there already or still to be made: its name and its start as an epoch."""

    name: str
    time: int
    protected: bool = False
    size: int = 0


@dataclass(frozen=True)
class Day:
    """What there is at the end of a day, newest first, what was pruned on it, and the most that lay side by side."""

    day: date
    kept: tuple[Copy, ...]
    pruned: tuple[Copy, ...]
    most: int

    @property
    def oldest(self) -> Copy | None:
        """The oldest restore point, None while there is none."""
        return self.kept[-1] if self.kept else None


@dataclass
class Shelf:
    """The archives of one guest on one storage, as its backups come and prunes go."""

    vmid: int
    kind: str
    keep: Retention
    zone: ZoneInfo
    copies: list[Copy] = field(default_factory=list)
    """What is there, oldest first."""

    def made(self, at: int) -> Copy:
        """The archive that a run at this epoch makes, of no size."""
        name = ArchiveName.at(self.kind, self.vmid, at, self.zone, _FORMAT[self.kind])
        return Copy(str(name), name.epoch(self.zone))

    def back_up(self, new: Copy) -> list[Copy]:
        """Add an archive, in place of one of its name; prune as Proxmox VE then does, and return what was removed."""
        self.copies = [copy for copy in self.copies if copy.name != new.name]
        self.copies.append(new)
        return self.prune()

    def prune(self) -> list[Copy]:
        """Remove what the retention does not keep, and return it."""
        marks = marked(self.copies, self.keep, self.zone)
        removed = [copy for copy in self.copies if marks[copy.name] == "remove"]
        self.copies = [copy for copy in self.copies if marks[copy.name] != "remove"]
        return removed


_FORMAT = {"qemu": "vma.zst", "lxc": "tar.zst", "openvz": "tar.zst"}


def effective(job: Job, storage: Retention | None) -> tuple[Retention, str]:
    """The retention that a job's prune goes by, and whose it is: the job's own before the storage's."""
    if job.retention is not None:
        return job.retention, f"job {job.name}"
    if storage is not None:
        return storage, f"storage {job.storage}"
    return Retention(), "nobody: Proxmox VE then keeps all"


def kind_of(archives: Iterable[Archive], vmid: int) -> str:
    """The kind of guest that has a VMID now, which another kind may have had before; qemu where no archive tells."""
    mine = (archive for archive in archives if archive.vmid == vmid)
    newest = max(mine, key=lambda archive: archive.time, default=None)
    return newest.kind if newest else "qemu"


def copies(archives: Iterable[Archive], vmid: int, kind: str, storage: str) -> list[Copy]:
    """The archives of a guest on a storage, oldest first; of its kind only, as Proxmox VE prunes them."""
    mine = (a for a in archives if (a.vmid, a.kind, a.storage) == (vmid, kind, storage))
    return sorted((Copy(a.name, a.time, a.protected, a.size) for a in mine), key=lambda copy: copy.time)


def marked(there: Iterable[Copy], keep: Retention, zone: ZoneInfo) -> dict[str, prune.Mark]:
    """What a prune would do with each archive, by name."""
    return prune.mark((prune.Archive(copy.name, copy.time, copy.protected) for copy in there), keep, zone)


def simulate(shelf: Shelf, runs: Iterable[int], start: int, days: int) -> list[Day]:
    """What the shelf holds at the end of each of so many days from the epoch `start` on, when backups run at `runs`.

    Runs at or before `start` are left out. The shelf is left as it is at the end.
    """
    zone = shelf.zone
    first = wall_at(start, zone).date()
    by_day: dict[date, list[int]] = {}
    for run in runs:
        if run > start:
            by_day.setdefault(wall_at(run, zone).date(), []).append(run)
    found = []
    for today in (first + timedelta(days) for days in range(days)):
        pruned: list[Copy] = []
        most = len(shelf.copies)
        for run in by_day.get(today, ()):
            before = len(shelf.copies)
            pruned += shelf.back_up(shelf.made(run))
            most = max(most, before + 1)
        found.append(Day(today, tuple(newest_first(shelf.copies)), tuple(pruned), most))
    return found


def runs_of(job: Job, zone: ZoneInfo, start: int, days: int) -> tuple[int, ...]:
    """The epochs at which a job runs in the days from `start` on, the last day whole."""
    return _runs(job.event, zone, start, days) if job.event and job.enabled else ()


@lru_cache
def _runs(event: CalendarEvent, zone: ZoneInfo, start: int, days: int) -> tuple[int, ...]:
    end = midnight(wall_at(start, zone).date() + timedelta(days), zone)
    return tuple(event.runs(start, zone, until=end - 1))


def reach(days: Sequence[Day], zone: ZoneInfo) -> tuple[int, int] | None:
    """How many days back the oldest restore point lies at the end of a day once prunes have begun: least and most.

    None where nothing is ever pruned, so that it lies further back every day.
    """
    begun = next((place for place, day in enumerate(days) if day.pruned), None)
    if begun is None:
        return None
    back = [(day.day - wall_at(day.oldest.time, zone).date()).days for day in days[begun:] if day.oldest]
    settled = back[len(back) // 2 :]
    return (min(settled), max(settled)) if settled else None


def pruned_by(shelf: Shelf, new: Retention, next_run: int) -> list[Copy]:
    """The archives of one guest that its next run removes under `new` and not under the shelf's own, newest first.

    The archive of that run is counted in, as Proxmox VE prunes when it is written.
    """
    made = shelf.made(next_run)
    spared = {copy.name for copy in replace(shelf, copies=[*shelf.copies]).back_up(made)}
    gone = replace(shelf, keep=new, copies=[*shelf.copies]).back_up(made)
    return newest_first(copy for copy in gone if copy.name not in spared)


def uncovered(before: Iterable[Job], after: Iterable[Job]) -> list[int]:
    """The guests that an enabled job takes before a change and none after it."""
    return sorted(_covered(before) - _covered(after))


def _covered(jobs: Iterable[Job]) -> set[int]:
    return {vmid for job in jobs if job.enabled for vmid in job.guests or ()}


def newest_first(there: Iterable[Copy]) -> list[Copy]:
    """Archives in the order in which a prune goes through them."""
    return sorted(there, key=lambda copy: (-copy.time, copy.name.lower()))
