"""What a change of jobs or retention takes away: archives that the next run prunes, and guests' cover."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import size
from homebackup.assess.jobs import Job, found, retention_of
from homebackup.assess.retention import Copy, Shelf, copies, effective, kind_of, pruned_by, uncovered
from homebackup.model.backups.archive import Archive
from pverules.local_time import wall_at
from pverules.retention import Retention

MOST = 20
"""Archives that are named one by one."""


@dataclass(frozen=True)
class Pruned:
    """The archives of one guest that the next run of a job removes because of the change, newest first."""

    job: str
    vmid: int
    storage: str
    next_run: int
    archives: tuple[Copy, ...]


@dataclass(frozen=True)
class Losses:
    """All that a change takes away, false for nothing; `guests` are those that no enabled job has any more."""

    pruned: tuple[Pruned, ...] = ()
    guests: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pruned or self.guests)

    def lines(self, zone: ZoneInfo) -> list[str]:
        """What is lost, for the owner to read in a preview."""
        return [*self._cover(), *self._archives(zone)]

    def _cover(self) -> Iterator[str]:
        if self.guests:
            many = len(self.guests) > 1
            names = ", ".join(map(str, self.guests))
            yield f"guest{'s' * many} {names} {'lose their' if many else 'loses its'} cover: no enabled job has" + (
                " them any more" if many else " it any more"
            )

    def _archives(self, zone: ZoneInfo) -> Iterator[str]:
        for pruned in self.pruned:
            total = size(sum(copy.size for copy in pruned.archives))
            count = len(pruned.archives)
            yield (
                f"the run of {pruned.job} on {wall_at(pruned.next_run, zone):%a %Y-%m-%d %H:%M} prunes {count}"
                f" archive{'s' * (count > 1)} of guest {pruned.vmid} that would stay otherwise ({total}):"
            )
            yield from (f"  {pruned.storage}: {copy.name}" for copy in pruned.archives[:MOST])
            if count > MOST:
                yield f"  and {count - MOST} older ones"


Keeps = Mapping[str, Retention | None]
"""Retentions of storages by name."""


def losses(
    before: Sequence[Job],
    after: Sequence[Job],
    archives: Iterable[Archive],
    zone: ZoneInfo,
    now: float,
    *,
    kept: Keeps,
    keeps: Keeps | None = None,
) -> Losses:
    """What going from one set of jobs to another takes away, `kept` by the storages before and `keeps` after it.

    `keeps` is `kept` unless given. A guest that no job backed up to the storage before was not pruned there, so the
    first prune of a new job counts. Archives that the old retention would prune as well are no loss.
    """
    there = list(archives)
    pruned = []
    for job in after:
        run = job.event.next_after(int(now), zone) if job.enabled and job.event else None
        if run is None or not job.storage:
            continue
        new, _ = effective(job, (kept if keeps is None else keeps).get(job.storage))
        for vmid in job.guests or ():
            kind = kind_of(there, vmid)
            mine = copies(there, vmid, kind, job.storage)
            shelf = Shelf(vmid, kind, _kept(before, job, vmid, kept), zone, mine)
            if gone := pruned_by(shelf, new, run):
                pruned.append(Pruned(job.name, vmid, job.storage, run, tuple(gone)))
    return Losses(tuple(pruned), tuple(uncovered(before, after)))


Sections = Iterable[Mapping[str, Any]]
"""Sections as the API lists them."""


def of_sections(
    before: Sections,
    after: Sections,
    archives: Iterable[Archive],
    zone: ZoneInfo,
    now: float,
    *,
    storages: Sections,
    storages_after: Sections | None = None,
    elsewhere: Collection[int] = (),
) -> Losses:
    """The same of sections of jobs and storages before a write and after it.

    Guests that get another job `elsewhere` in the same run keep their cover.
    """
    had, has = (found(sections, None) for sections in (before, after))
    kept = _retentions(storages)
    keeps = kept if storages_after is None else _retentions(storages_after)
    found_out = losses(had, has, archives, zone, now, kept=kept, keeps=keeps)
    return replace(found_out, guests=tuple(vmid for vmid in found_out.guests if vmid not in elsewhere))


@dataclass(frozen=True)
class Stake:
    """A job whose next prune goes by another retention than the last one did; `shorter` where that may keep less."""

    job: str
    storage: str
    shorter: bool


def stakes(before: Sections, after: Sections, *, storages: Sections, storages_after: Sections) -> list[Stake]:
    """The jobs for whose losses one has to know what their storages hold."""
    had, has = (found(sections, None) for sections in (before, after))
    kept, keeps = _retentions(storages), _retentions(storages_after)
    at_stake = []
    for job in has:
        new, _ = effective(job, keeps.get(job.storage))
        old = {_kept(had, job, vmid, kept) for vmid in job.guests or ()} - {new}
        if job.enabled and job.storage and old and not new.keeps_all:
            at_stake.append(Stake(job.name, job.storage, any(_shorter(new, one) for one in old)))
    return at_stake


def _shorter(new: Retention, old: Retention) -> bool:
    return old.keeps_all or any(new.counts.get(period, 0) < count for period, count in old.counts.items())


def _retentions(storages: Sections) -> dict[str, Retention | None]:
    return {str(section["storage"]): retention_of(section) for section in storages}


def _kept(before: Sequence[Job], after: Job, vmid: int, kept: Keeps) -> Retention:
    """What pruned a guest's archives on the storage before: the same job, else any other; else nothing did."""
    had = [job for job in before if job.enabled and job.storage == after.storage and vmid in (job.guests or ())]
    same = next((job for job in had if job.name == after.name), had[0] if had else None)
    return Retention() if same is None else effective(same, kept.get(after.storage))[0]
