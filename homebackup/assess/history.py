"""What happened to each guest: its archives that count, its runs in tasks, and the runs that its jobs scheduled."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from homebackup.assess.jobs import Job
from homebackup.assess.usual import p95
from homebackup.model.backups.archive import Archive, Dump, Leftover
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.backups.task import GuestRun, Task
from homebackup.model.backups.task_log import ERRORS, well
from homebackup.model.seen import Unseen
from pverules.local_time import HOUR, wall_at
from pverules.upid import InvalidUpid, Upid

AHEAD = 60
"""Seconds that a time may lie in the future: what happens while a gather is under way."""
GROWING = 60
"""Seconds without a change after which a file is no longer being written."""
SAME = 5
"""Seconds by which the times of a run and of its archive's name may differ."""
DAY = 86400
WINDOWS = (2, 40, 400)
"""Days that are searched for the runs of a schedule, the next only when there were few in the one before."""
FEW = 24
MOST = 2000
MEASURED = 20
"""Newest archives that the usual time to completion is taken from."""


@dataclass(frozen=True)
class Past:
    """What is known of one guest's backups; archives and runs in the order of their times.

    `archives` are those that count; a `future` one and one that is `growing` do not. `cut` is the newest file of a
    backup that was never ended.
    """

    archives: tuple[Archive, ...] = ()
    runs: tuple[GuestRun, ...] = ()
    future: Archive | None = None
    growing: Archive | None = None
    cut: Leftover | None = None

    @property
    def last_run(self) -> GuestRun | None:
        """The newest run that has ended."""
        return next((run for run in reversed(self.runs) if run.ok is not None), None)

    @property
    def running(self) -> GuestRun | None:
        """The run that is under way."""
        return next((run for run in reversed(self.runs) if run.ok is None), None)

    def run_of(self, archive: Archive) -> GuestRun | None:
        """The run that made an archive."""
        return _near(self.runs, archive.time)


def pasts(facts: SiteFacts, jobs: Sequence[Job], plans: "Plans") -> dict[int, Past]:
    """The past of every guest that has one, by VMID."""
    runs = _runs(facts, jobs, plans)
    archives: dict[int, list[Archive]] = {}
    cuts: dict[int, Leftover] = {}
    for dump in facts.dumps.values():
        if not isinstance(dump, Dump):
            continue
        for archive in dump.archives:
            archives.setdefault(archive.vmid, []).append(archive)
        for left in dump.leftovers:
            if left.why == "unfinished" and left.vmid is not None and left.time is not None:
                before = cuts.get(left.vmid)
                if before is None or (before.time or 0) < left.time:
                    cuts[left.vmid] = left
    return {
        vmid: _past(archives.get(vmid, []), runs.get(vmid, []), cuts.get(vmid), facts.now)
        for vmid in archives.keys() | runs.keys() | cuts.keys()
    }


def _past(archives: list[Archive], runs: list[GuestRun], cut: Leftover | None, now: float) -> Past:
    archives.sort(key=lambda archive: (archive.time, archive.name))
    runs.sort(key=lambda run: run.started)
    counting, future, growing = [], None, None
    for archive in archives:
        if archive.time > now + AHEAD:
            future = archive
        elif archive.written is not None and abs(now - archive.written) < GROWING and not _vouched(archive, runs):
            growing = archive
        else:
            counting.append(archive)
    return Past(tuple(counting), tuple(runs), future, growing, cut)


def _vouched(archive: Archive, runs: Sequence[GuestRun]) -> bool:
    """Whether a task says that the archive is complete, however lately it was written."""
    run = _near(runs, archive.time)
    return run is not None and run.ok is True


def _near(runs: Sequence[GuestRun], time: int) -> GuestRun | None:
    return next((run for run in reversed(runs) if abs(run.started - time) <= SAME), None)


def _runs(facts: SiteFacts, jobs: Sequence[Job], plans: "Plans") -> dict[int, list[GuestRun]]:
    found: dict[int, list[GuestRun]] = {}
    for task in () if isinstance(facts.tasks, Unseen) else facts.tasks:
        for run in task.guests or _of_whole_task(task, jobs, plans, facts.members):
            found.setdefault(run.vmid, []).append(run)
    return found


def _of_whole_task(
    task: Task, jobs: Sequence[Job], plans: "Plans", members: Mapping[str, frozenset[int] | Unseen]
) -> list[GuestRun]:
    """The runs of a task that failed before it came to a guest: of the one it names, else of the job due just then."""
    if task.ended is None or well(task.status) or task.status == ERRORS:
        return []
    try:
        named = Upid.parse(task.upid).id
    except InvalidUpid:
        named = ""
    if named.isdecimal():
        return [GuestRun(int(named), task.started, ok=False, said=task.status)]
    vmids: set[int] = set()
    for job in jobs:
        if plans.of(job).between(task.started - 2 * AHEAD, task.started):
            told = members.get(job.name)
            vmids |= told if isinstance(told, frozenset) else set(job.guests or ())
    return [GuestRun(vmid, task.started, ok=False, said=task.status) for vmid in sorted(vmids)]


def latest(archive: Archive, zone: ZoneInfo) -> int:
    """The latest epoch at which the archive's backup may have begun: its name may hold a time that came twice."""
    later = archive.time + HOUR
    return later if wall_at(later, zone) == wall_at(archive.time, zone) else archive.time


@dataclass(frozen=True)
class Plan:
    """When a job was to run up to now, in order, and when it runs next."""

    past: tuple[int, ...]
    next: int | None

    @property
    def last(self) -> int | None:
        """The newest run that was due."""
        return self.past[-1] if self.past else None

    def between(self, start: float, end: float) -> tuple[int, ...]:
        """The runs after `start` up to `end`."""
        return self.past[bisect_right(self.past, start) : bisect_right(self.past, end)]

    def delay(self, archives: Iterable[Archive], past: Past, zone: ZoneInfo) -> int | None:
        """Seconds from a scheduled run until the guest's archive was usually complete; None without any to measure.

        Only the guest's first run since one was due is that run: what came later was started by hand.
        """
        delays: dict[int, int] = {}
        for archive in archives:
            start = latest(archive, zone)
            due = self.past[bisect_right(self.past, start) - 1] if self.past and self.past[0] <= start else None
            if due is None or due in delays or start - due >= DAY // 2:
                continue
            if any(due - SAME <= run.started < start - SAME for run in past.runs):
                continue
            run = past.run_of(archive)
            ended = archive.written if run is None or run.seconds is None else start + run.seconds
            delays[due] = max(0, int((ended or start) - due))
        return p95(list(delays.values())[-MEASURED:]) if delays else None


@dataclass
class Plans:
    """The plans of jobs, each computed once."""

    now: int
    zone: ZoneInfo
    _known: dict[str, Plan] = field(default_factory=dict)

    def of(self, job: Job) -> Plan:
        """A job's plan; empty for one that Proxmox VE does not run."""
        if job.schedule not in self._known:
            self._known[job.schedule] = self._plan(job)
        return self._known[job.schedule]

    def _plan(self, job: Job) -> Plan:
        if job.event is None:
            return Plan((), None)
        past: tuple[int, ...] = ()
        for days in WINDOWS:
            past = tuple(job.event.runs(self.now - days * DAY, self.zone, until=self.now, limit=MOST))
            if len(past) >= FEW:
                break
        if len(past) == MOST:  # too many to walk through: the last hours are enough
            past = tuple(job.event.runs(self.now - 6 * HOUR, self.zone, until=self.now))
        return Plan(past, job.event.next_after(self.now, self.zone))
