"""The verdict on each task of Hyper Backup: whether the step from the NAS to somewhere else is taken, and how well."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import clock
from homebackup.assess.timeline import Run
from homebackup.assess.verdict import State, Verdict, about, ago
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.hyper_backup import uncovered
from homebackup.model.off_site import NO_ERROR, OffSiteTask
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.model.site.nas import OffSite
from pverules.local_time import HOUR

IN_DSM = "in DSM, Hyper Backup"
GOING = frozenset({"", "none", "done", "backingup", "waiting"})
"""Hyper Backup's words for a last run that is no failure: of a task that never ran, ran well, runs or will run."""
Told = tuple[State, str, str]


def off_site(site: Site, facts: SiteFacts) -> tuple[Verdict, ...]:
    """The verdict on every declared task, by name."""
    declared = site.nas.dsm.hyper_backup if site.nas.dsm else {}
    return tuple(_verdict(name, task, facts) for name, task in sorted(declared.items()))


def _verdict(name: str, declared: OffSite, facts: SiteFacts) -> Verdict:
    seen = facts.off_site.get(name, Unseen("nobody asked the NAS", "run this again"))
    state, said, remedy = _told(name, declared, seen, facts.now)
    newest = seen.newest if isinstance(seen, OffSiteTask) else None
    return Verdict(f"off-site {name}", "app", state, said, remedy, newest=int(newest) if newest else None)


def _told(name: str, declared: OffSite, seen: OffSiteTask | Unseen | None, now: float) -> Told:
    if isinstance(seen, Unseen):
        return "UNKNOWN", seen.said, seen.remedy
    if seen is None:
        return "UNPROTECTED", f"Hyper Backup has no task {name}", f"make it {IN_DSM}"
    if missing := uncovered(declared.folders, seen.folders):
        return "UNPROTECTED", f"it does not take {', '.join(missing)} along", f"add it to the task's folders {IN_DSM}"
    again = f"see its log {IN_DSM}, and run homebackup app run {name}"
    if not seen.running and (seen.result not in GOING or seen.error not in NO_ERROR):
        return "FAILED", f"its last run ended with {seen.result or 'an error'} (code {seen.error})", again
    if not seen.online:
        return "FAILED", "its target cannot be reached", "see that the target is on and reached by the NAS"
    if seen.newest is None:
        running = ", and its first run is going on" if seen.running else ""
        return "STALE", f"it has no version yet{running}", again
    if seen.status != "success":
        return "BROKEN", f"its newest version is {seen.status or 'of an unknown state'}", f"check its target {IN_DSM}"
    age, limit = now - seen.newest, declared.stale_after_hours * HOUR
    if age > limit:
        return "STALE", f"its newest version is {about(age)} old, and may be {about(limit)}", again
    return "OK", f"taken off the site {ago(max(0, age))}", "nothing"


def meets(task: OffSiteTask, runs: tuple[Run, ...], zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """What is wrong with when a task runs next: while archives are written, it would take half of one along.

    A backup that nobody measured is taken to last an hour. The NAS's clock is taken to be in the node's zone.
    """
    starts = begins(task, zone)
    for run in runs if starts else ():
        if run.start <= starts <= (run.end if run.usual else run.start + HOUR):
            said = f"it runs next at {clock(starts, zone)}, while {run.job.label}, which starts at"
            yield f"{said} {clock(run.start, zone)}, writes archives", f"start it later {IN_DSM}"


def begins(task: OffSiteTask, zone: ZoneInfo) -> int:
    """The epoch at which a task runs next, 0 where it does not tell."""
    for form in ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"):
        try:
            return int(datetime.strptime(task.next, form).replace(tzinfo=zone).timestamp())
        except ValueError:
            continue
    return 0
