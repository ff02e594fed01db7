"""The verdict on each guest: one ordered table of rules, of which the first that has something to say decides."""

import re
from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import size, span
from homebackup.assess.app import apps
from homebackup.assess.case import Case
from homebackup.assess.coverage import Cover, Coverage, enabled_jobs
from homebackup.assess.deferral import over
from homebackup.assess.history import AHEAD, GROWING, Past, Plan, Plans, latest, pasts
from homebackup.assess.jobs import Job
from homebackup.assess.off_site import off_site
from homebackup.assess.verdict import State, Verdict, about, ago
from homebackup.model.backups.archive import Dump
from homebackup.model.backups.drill import Drilled, last_drilled, of_archives
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.backups.soundness import endless
from homebackup.model.backups.verification import DEEP, Verified, last_verified
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from pverules.local_time import HOUR

Said = tuple[str, str]
"""Why, and what to do."""
ABANDONED = 900
"""Seconds without a change after which an unfinished archive is one that nobody writes any more."""


def verdicts(site: Site, facts: SiteFacts, found: Coverage) -> tuple[Verdict, ...]:
    """The verdict on every guest, tiers in order, then those of no tier, then on every app; `found` is the coverage."""
    zone = ZoneInfo(facts.zone)
    plans = Plans(int(facts.now), zone)
    jobs = enabled_jobs(site, facts)
    known = pasts(facts, jobs, plans)
    verified = _by_file(facts)
    drills = of_archives(() if isinstance(facts.drilled, Unseen) else facts.drilled)
    covers = {cover.vmid: cover for cover in found.guests}
    in_tiers = [int(vmid) for _, tier in site.in_order for vmid in tier.guests]
    rest = sorted(int(vmid) for vmid in site.guests if int(vmid) not in in_tiers)
    of_guests = tuple(
        _verdict(_case(site, facts, covers[vmid], jobs, plans, known.get(vmid, Past()), verified, drills), site)
        for vmid in [*in_tiers, *(vmid for vmid in rest if vmid not in site.exemptions)]
    )
    return of_guests + apps(site, facts) + off_site(site, facts)


def _by_file(facts: SiteFacts) -> dict[tuple[str, str], list[Verified]]:
    """What was verified, by storage and name."""
    found: dict[tuple[str, str], list[Verified]] = {}
    for result in () if isinstance(facts.verified, Unseen) else facts.verified:
        found.setdefault((result.storage, result.name), []).append(result)
    return found


def _case(
    site: Site,
    facts: SiteFacts,
    cover: Cover,
    jobs: list[Job],
    plans: Plans,
    past: Past,
    verified: dict[tuple[str, str], list[Verified]],
    drills: Mapping[str, Drilled],
) -> Case:
    vmid, guest = cover.vmid, site.guests[cover.vmid]
    if over(guest.deferred, facts.guests):
        guest = guest.model_copy(update={"deferred": None})
    own = site.tier_of(vmid)
    mine = sorted((job for job in jobs if job.name in cover.jobs), key=lambda job: (job.tier != own, job.name))
    storages = dict.fromkeys([job.storage for job in mine if job.storage] or [site.storage.name])
    dumps = {name: facts.dumps[name] for name in storages if name in facts.dumps}
    kept = tuple(archive for archive in past.archives if archive.kind == guest.kind)
    last = {a.name: last_verified(verified[a.storage, a.name], a) for a in kept if (a.storage, a.name) in verified}
    return Case(
        vmid=vmid,
        guest=guest,
        cover=cover,
        jobs=tuple(mine),
        plan=plans.of(mine[0]) if mine else Plan((), None),
        past=Past(kept, past.runs, past.future, past.growing, past.cut),
        unseen=next((dump for dump in dumps.values() if isinstance(dump, Unseen)), None),
        whole=all(dump.complete for dump in dumps.values() if isinstance(dump, Dump)),
        late=any(dump.late for dump in dumps.values() if isinstance(dump, Dump)),
        now=facts.now,
        zone=plans.zone,
        storage=next(iter(storages)),
        counting=0 if not mine or isinstance(facts.counting, Unseen) else facts.counting.get(mine[0].name, 0),
        known=not isinstance(facts.counting, Unseen),
        verified={name: result for name, result in last.items() if result},
        drills=drills,
        drill=last_drilled(drills.values()).get(vmid),
    )


def _verdict(case: Case, site: Site) -> Verdict:
    state, (said, remedy) = next((state, told) for state, rule in RULES if (told := rule(case)))
    seen = case.unseen is None
    newest = case.newest if seen else None
    missed = case.missed if seen and case.jobs else ()
    last = case.past.last_run
    looked = case.verified.get(newest.name) if newest else None
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
        verified=int(looked.time) if looked else None,
        depth=looked.depth if looked else "",
        drilled=int(case.drill.time) if case.drill else None,
        drill="" if case.drill is None else "ok" if case.drill.ok else "failed",
    )


def _deferred(case: Case) -> Said | None:
    if case.cover.state == "gone":
        return case.cover.said, case.cover.remedy
    return (str(case.guest.deferred), "nothing, until that is over") if case.guest.deferred else None


def _cover_unknown(case: Case) -> Said | None:
    return (case.cover.said, case.cover.remedy) if case.cover.state == "unknown" else None


def _unprotected(case: Case) -> Said | None:
    return (case.cover.said, case.cover.remedy) if case.cover.state == "uncovered" else None


def _archives_unknown(case: Case) -> Said | None:
    if case.unseen:
        return case.unseen.said, case.unseen.remedy
    if case.whole or (case.newest and case.age is not None and case.age < case.guest.stale_after_hours * HOUR):
        return None
    if case.late:
        return f"storage {case.storage} was not listed in time", "see whether the NAS is well, and run this again"
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
    if not archives or not (fault := case.fault(last)):
        return None
    sound = case.newest
    back = f"; the newest that looks whole is from {case.when(sound.time)}" if sound else "; there is no other"
    return f"its newest archive {fault}{back}", case.again


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
    unless = "" if case.known else ", unless its job was changed since, which the API does not tell"
    return f"{which} no archive{unless}", f"see whether node and NAS were on then, and {case.again}"


def _ok(case: Case) -> Said | None:
    assert case.newest is not None
    looked = case.verified.get(case.newest.name)
    blind = endless(case.newest.name)
    how = "found good by a quick check" + (f" ({blind})" if blind else "")
    if looked and looked.depth == DEEP:
        how = "read to its end and found good"
    good = f", {how} {ago(max(0, case.now - looked.time))}" if looked else ""
    proved = case.drill
    came = f", restored in a drill {ago(max(0, case.now - proved.time))}" if proved and proved.ok else ""
    return f"backed up {ago(case.now - case.newest.time)}{good}{came}", "nothing"


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
