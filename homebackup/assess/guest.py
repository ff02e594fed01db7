"""The verdict on each guest: one ordered table of rules, of which the first that has something to say decides."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import size, span
from homebackup.assess.app import apps
from homebackup.assess.coverage import Cover, Coverage, enabled_jobs
from homebackup.assess.history import AHEAD, GROWING, Past, Plan, Plans, latest, pasts
from homebackup.assess.jobs import Job
from homebackup.assess.verdict import State, Verdict, about, ago
from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import Guest, Site
from pverules.local_time import HOUR, wall_at

Said = tuple[str, str]
"""Why, and what to do."""
SMALL = 0.5
"""An archive smaller than this share of the median of those before it is suspicious."""
BEFORE = 5
"""Archives that a new one is compared with."""
UNMEASURED = 2 * HOUR
"""Seconds that a guest without any measured backup is given."""
GRACE = 900
"""Seconds beyond the usual before something is late."""
ABANDONED = 900
"""Seconds without a change after which an unfinished archive is one that nobody writes any more."""


@dataclass(frozen=True)
class Case:
    """All that the verdict on one guest hangs on; `unseen` is why its archives cannot be looked at."""

    vmid: int
    guest: Guest
    cover: Cover
    jobs: tuple[Job, ...]
    plan: Plan
    past: Past
    unseen: Unseen | None
    whole: bool
    now: float
    zone: ZoneInfo
    storage: str

    @cached_property
    def newest(self) -> Archive | None:
        """The newest archive that counts and has no fault that can be seen."""
        numbers = reversed(range(len(self.past.archives)))
        return next((self.past.archives[number] for number in numbers if not _fault(self.past, number)), None)

    @property
    def age(self) -> float | None:
        """Seconds since the backup of the newest archive began."""
        return None if self.newest is None else self.now - self.newest.time

    @cached_property
    def missed(self) -> tuple[int, ...]:
        """The runs since the newest archive whose time, and what they usually take, has passed."""
        begun = latest(self.newest, self.zone) if self.newest else self.now - 40 * 24 * HOUR
        over = self.now - self.usual - GRACE
        return self.plan.between(begun + AHEAD, over)

    @cached_property
    def usual(self) -> int:
        """Seconds from a scheduled run until the archive is usually complete."""
        delay = self.plan.delay(self.past.archives, self.past, self.zone)
        return UNMEASURED if delay is None else delay

    def when(self, epoch: float) -> str:
        """A moment by the node's clock: `Sun 22 Nov 03:00`."""
        return f"{wall_at(int(epoch), self.zone):%a %d %b %H:%M}"

    @property
    def again(self) -> str:
        """How to back the guest up at once."""
        return f"back it up on the node: vzdump {self.vmid} --storage {self.storage}"


def verdicts(site: Site, facts: SiteFacts, found: Coverage) -> tuple[Verdict, ...]:
    """The verdict on every guest, tiers in order, then those of no tier, then on every app; `found` is the coverage."""
    zone = ZoneInfo(facts.zone)
    plans = Plans(int(facts.now), zone)
    jobs = enabled_jobs(site, facts)
    known = pasts(facts, jobs, plans)
    covers = {cover.vmid: cover for cover in found.guests}
    in_tiers = [int(vmid) for _, tier in site.in_order for vmid in tier.guests]
    rest = sorted(int(vmid) for vmid in site.guests if int(vmid) not in in_tiers)
    of_guests = tuple(
        _verdict(_case(site, facts, covers[vmid], jobs, plans, known.get(vmid, Past()), zone), site)
        for vmid in [*in_tiers, *(vmid for vmid in rest if vmid not in site.exemptions)]
    )
    return of_guests + apps(site, facts)


def _case(
    site: Site, facts: SiteFacts, cover: Cover, jobs: list[Job], plans: Plans, past: Past, zone: ZoneInfo
) -> Case:
    vmid, guest = cover.vmid, site.guests[cover.vmid]
    own = site.tier_of(vmid)
    mine = sorted((job for job in jobs if job.name in cover.jobs), key=lambda job: (job.tier != own, job.name))
    storages = dict.fromkeys([job.storage for job in mine if job.storage] or [site.storage.name])
    dumps = {name: facts.dumps[name] for name in storages if name in facts.dumps}
    kept = tuple(archive for archive in past.archives if archive.kind == guest.kind)
    return Case(
        vmid=vmid,
        guest=guest,
        cover=cover,
        jobs=tuple(mine),
        plan=plans.of(mine[0]) if mine else Plan((), None),
        past=Past(kept, past.runs, past.future, past.growing, past.cut),
        unseen=next((dump for dump in dumps.values() if isinstance(dump, Unseen)), None),
        whole=all(dump.complete for dump in dumps.values() if isinstance(dump, Dump)),
        now=facts.now,
        zone=zone,
        storage=next(iter(storages)),
    )


def _verdict(case: Case, site: Site) -> Verdict:
    state, (said, remedy) = next((state, told) for state, rule in RULES if (told := rule(case)))
    seen = case.unseen is None
    newest = case.newest if seen else None
    missed = case.missed if seen and case.jobs else ()
    last = case.past.last_run
    return Verdict(
        name=case.guest.name,
        kind="guest",
        state=state,
        said=said,
        remedy=remedy,
        tier=site.tier_of(case.vmid) or "",
        job=case.jobs[0].name if case.jobs else "",
        next_run=case.plan.next,
        newest=newest.time if newest else None,
        size=newest.size if newest else None,
        critical=case.guest.classification == "critical",
        vmid=case.vmid,
        archive=newest.name if newest else "",
        storage=newest.storage if newest else "",
        notes=(newest.notes or "") if newest else "",
        protected=newest.protected if newest else False,
        missed=len(missed),
        since=missed[0] if missed else None,
        last_run="running" if case.past.running else "" if last is None else "ok" if last.ok else "failed",
    )


def _deferred(case: Case) -> Said | None:
    if case.cover.state == "gone":
        return case.cover.said, case.cover.remedy
    return (case.guest.deferred, "nothing, until that is over") if case.guest.deferred else None


def _cover_unknown(case: Case) -> Said | None:
    return (case.cover.said, case.cover.remedy) if case.cover.state == "unknown" else None


def _unprotected(case: Case) -> Said | None:
    return (case.cover.said, case.cover.remedy) if case.cover.state == "uncovered" else None


def _archives_unknown(case: Case) -> Said | None:
    if case.unseen:
        return case.unseen.said, case.unseen.remedy
    if case.whole or (case.newest and case.age is not None and case.age < case.guest.stale_after_hours * HOUR):
        return None
    return f"storage {case.storage} holds more than can be listed", "remove what is not a backup from its dump folder"


def _broken(case: Case) -> Said | None:
    archives, cut = case.past.archives, case.past.cut
    last = len(archives) - 1
    if (
        cut
        and not case.past.running
        and (cut.time or 0) > (archives[-1].time if archives else 0)
        and (cut.written is None or case.now - cut.written > ABANDONED)
    ):
        return f"its newest backup was cut off: only {cut.name} ({size(cut.size)}) is left", case.again
    if not archives or not (fault := _fault(case.past, last)):
        return None
    sound = case.newest
    back = f"; the newest that looks whole is from {case.when(sound.time)}" if sound else "; there is no other"
    return f"its newest archive {fault}{back}", case.again


def _fault(past: Past, number: int) -> str:
    """What is wrong with an archive, as far as its size tells; empty for nothing."""
    archive = past.archives[number]
    if archive.size == 0:
        return f"{archive.name} is empty"
    run = past.run_of(archive)
    if run and run.size and archive.size < run.size * 0.99 - 1:
        return f"{archive.name} is cut off: {size(archive.size)} of the {size(run.size)} that were written"
    before = [a.size for a in past.archives[max(0, number - BEFORE) : number] if a.size]
    if before and archive.size < median(before) * SMALL:
        return f"is suspiciously small: {size(archive.size)}, where {size(median(before))} is usual"
    return ""


def _failed(case: Case) -> Said | None:
    run = case.past.last_run
    if run is None or run.ok or (case.newest and latest(case.newest, case.zone) >= run.started):
        return None
    said = run.said or "the task's log says why"
    cure = next((cure for pattern, cure in CURES if re.search(pattern, said)), "remove the cause")
    return f"its backup of {case.when(run.started)} failed: {said}", f"{cure}, then {case.again}"


CURES = (
    (r"lxc-usernsexec|Cannot open: Permission denied", "give its tier tmpdir: /var/tmp and run pulumi up"),
    (r"not mounted|not online|could not activate|could not get storage", "see that the NAS is on and mounted"),
    (r"No space left|Disk quota", "make room on the NAS"),
    (r"is locked|can't lock|lock file", "wait for what locks it, or unlock it with qm unlock or pct unlock"),
    (r"max backup limit", "let the job prune (remove: true), or delete old archives"),
    (r"Permission check failed", "grant VM.Backup on it to whoever starts the backup"),
    (r"interrupt|unexpected status", "see why the node stopped then"),
)
"""What Proxmox VE's texts of failed backups mean for the owner."""


def _stale(case: Case) -> Said | None:
    limit = case.guest.stale_after_hours * HOUR
    if case.newest is None or case.age is None:
        if case.past.growing:
            return "its first archive is being written", "wait until it is done, and look again"
        ahead = _ahead(case)
        first = f"; its next run is {case.when(case.plan.next)}" if case.plan.next else ""
        return f"there is no archive of it{ahead}{first}", f"wait for that run, or {case.again}"
    if case.age <= limit:
        return None
    said = f"its newest archive is {about(case.age)} old, and may be {about(limit)}"
    if missed := case.missed:
        runs = "a run was" if len(missed) == 1 else f"{len(missed)} runs were"
        why = "see whether node and NAS were on then"
        return f"{said}: {runs} missed since {case.when(missed[0])}{_ahead(case)}", f"{why}, and {case.again}"
    remedy = "raise stale-after-hours above the longest gap of its schedule, or run its job more often"
    return f"{said}, though no run was missed{_ahead(case)}", remedy


def _ahead(case: Case) -> str:
    """That an archive has a time which has not come yet."""
    future = case.past.future
    return f" (one dated {case.when(future.time)}, in the future, does not count)" if future else ""


def _late(case: Case) -> Said | None:
    missed = case.missed
    if not missed:
        return None
    due, running = missed[-1], case.past.running
    begun = f"its run of {case.when(missed[0])}"
    if running and running.started >= due - AHEAD:
        took = span(case.now - running.started)
        usual = span(max(case.usual, GROWING))
        return f"{begun} has been going on for {took}, usually {usual}", "see its task; stop it if it hangs"
    which = f"{begun} left" if len(missed) == 1 else f"{len(missed)} runs since {case.when(missed[0])} left"
    return f"{which} no archive", f"see whether node and NAS were on then, and {case.again}"


def _ok(case: Case) -> Said | None:
    assert case.newest is not None
    return f"backed up {ago(case.now - case.newest.time)}", "nothing"


RULES: tuple[tuple[State, Callable[[Case], Said | None]], ...] = (
    ("DEFERRED", _deferred),
    ("UNKNOWN", _cover_unknown),
    ("UNPROTECTED", _unprotected),
    ("UNKNOWN", _archives_unknown),
    ("BROKEN", _broken),
    ("FAILED", _failed),
    ("STALE", _stale),
    ("LATE", _late),
    ("OK", _ok),
)
"""The order of the rules: what is declared needs no look, and no job is certain whatever the NAS does."""
