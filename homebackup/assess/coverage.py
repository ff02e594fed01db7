"""Whether every guest of the cluster is in an enabled job that runs where the guest is and takes its disks along.

Proxmox VE's own list of guests that are not backed up counts disabled jobs as cover and leaves out guests that the
caller may not see; this one does neither.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from homebackup.assess import jobs as jobs_of
from homebackup.assess.deferral import over
from homebackup.assess.jobs import Job
from homebackup.model.backups.archive import Dump
from homebackup.model.backups.facts import Guest, SiteFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import Site

State = Literal["covered", "partly", "uncovered", "exempt", "deferred", "gone", "unknown"]
NO_DATA = frozenset({"efidisk but no OMVF BIOS"})
"""Proxmox VE's reasons for leaving out a volume that holds nothing."""
GROWING = 900
"""Seconds after its last change in which an unfinished file may be one that is being written."""


@dataclass(frozen=True)
class Cover:
    """How one guest is covered: by which enabled `jobs`, what is wrong as half a sentence, and what to do."""

    vmid: int
    name: str
    node: str
    state: State
    jobs: tuple[str, ...] = ()
    said: str = ""
    remedy: str = ""
    declared: bool = True
    critical: bool = False

    @property
    def label(self) -> str:
        """What people call the guest."""
        return f"{self.vmid} {self.name}".strip()


@dataclass(frozen=True)
class Waste:
    """What takes up bytes in a dump directory and serves nobody: `why` as of a leftover, or `deleted guest`."""

    storage: str
    name: str
    size: int
    why: str
    vmid: int | None = None
    protected: bool = False


@dataclass(frozen=True)
class Coverage:
    """The cover of every guest by VMID, what lies about, and what could not be looked at for it."""

    guests: tuple[Cover, ...]
    waste: tuple[Waste, ...]
    unseen: tuple[Unseen, ...]

    @property
    def open(self) -> tuple[Cover, ...]:
        """The guests that need attention."""
        return tuple(cover for cover in self.guests if cover.state in ("uncovered", "partly", "unknown"))


def coverage(site: Site, facts: SiteFacts) -> Coverage:
    """What the facts say of the cover of every guest of the cluster, and of what the site declares."""
    parts = [part for part in (facts.jobs, facts.guests) if isinstance(part, Unseen)]
    parts += [part for part in facts.members.values() if isinstance(part, Unseen)]
    dumps = [part for part in facts.dumps.values() if isinstance(part, Unseen)]
    return Coverage(tuple(_covers(site, facts)), tuple(_waste(site, facts)), tuple(dict.fromkeys([*parts, *dumps])))


def enabled_jobs(site: Site, facts: SiteFacts) -> list[Job]:
    """The jobs that were found and run; none when they could not be looked at."""
    return [job for job in _jobs(site, facts) if job.enabled]


def takes(job: Job, guest: Guest, members: Mapping[str, frozenset[int] | Unseen]) -> bool | Unseen:
    """Whether a job backs a guest up, on the guest's node; why not known where Proxmox VE chooses and did not tell."""
    if job.node and guest.node and job.node != guest.node:
        return False
    if job.guests is not None and not job.chosen:
        return guest.vmid in job.guests
    told = members.get(job.name)
    if isinstance(told, frozenset):
        return guest.vmid in told
    if job.guests is not None:
        return guest.vmid in job.guests
    return told or Unseen(f"whom job {job.name} takes is not known", "run this again")


def _jobs(site: Site, facts: SiteFacts) -> list[Job]:
    if isinstance(facts.jobs, Unseen):
        return []
    everybody = () if isinstance(facts.guests, Unseen) else [guest.vmid for guest in facts.guests]
    return jobs_of.found(facts.jobs, site, everybody)


def _covers(site: Site, facts: SiteFacts) -> Iterator[Cover]:
    jobs = _jobs(site, facts)
    unseen = next((part for part in (facts.jobs, facts.guests) if isinstance(part, Unseen)), None)
    found = {} if isinstance(facts.guests, Unseen) else {guest.vmid: guest for guest in facts.guests}
    for vmid in sorted({*found, *map(int, site.guests)}):
        declared, guest = site.guests.get(vmid), found.get(vmid)
        known = Cover(
            vmid,
            guest.name if guest else declared.name if declared else "",
            guest.node if guest else "",
            "covered",
            declared=declared is not None,
            critical=declared is not None and declared.classification == "critical",
        )
        if vmid in site.exemptions:
            yield replace(known, state="exempt", said=site.exemptions[vmid])
        elif unseen:
            yield replace(known, state="unknown", said=unseen.said, remedy=unseen.remedy)
        elif guest is None:
            remedy = "take it out of the site, or restore it if it should be there"
            yield replace(known, state="gone", said="it is not in the cluster any more", remedy=remedy)
        else:
            yield _judged(replace(known, **_taken(site, guest, jobs, facts)), guest, site, facts.guests)


def _taken(site: Site, guest: Guest, jobs: list[Job], facts: SiteFacts) -> dict[str, Any]:
    """State and jobs of a guest, and what to say when no job takes it."""
    answers = {job.name: takes(job, guest, facts.members) for job in jobs}
    taking = [job for job in jobs if answers[job.name] is True]
    if running := [job.name for job in taking if job.enabled]:
        return {"jobs": tuple(running)}
    for job in jobs:
        told = answers[job.name]
        if job.enabled and isinstance(told, Unseen):
            return {"state": "unknown", "said": told.said, "remedy": told.remedy}
    tier = site.tier_of(guest.vmid)
    name = site.tiers[tier].job if tier else ""
    if name and all(job.name != name for job in jobs):
        said = f"its job {name} does not exist"
    elif name in (job.name for job in taking):
        said = f"its job {name} is disabled"
    elif taking:
        said = f"only disabled jobs have it: {', '.join(job.name for job in taking)}"
    elif elsewhere := [job for job in jobs if job.enabled and job.node not in ("", guest.node) and _names(job, guest)]:
        said = f"it runs on node {guest.node}, but job {elsewhere[0].name} runs on {elsewhere[0].node} only"
    else:
        said = "no job has it"
    remedy = (
        "run pulumi up, which makes and enables it"
        if name
        else "put it into a tier of the site, or among its exemptions with the reason"
    )
    return {"state": "uncovered", "said": said, "remedy": remedy}


def _names(job: Job, guest: Guest) -> bool:
    return guest.vmid in (job.guests or ())


def _judged(cover: Cover, guest: Guest, site: Site, guests: tuple[Guest, ...] | Unseen) -> Cover:
    """A guest of the cluster: what is left out of its backup, and who declared it."""
    declared = site.guests.get(guest.vmid)
    if declared and declared.deferred and cover.state == "uncovered":
        if not over(declared.deferred, guests):
            return replace(cover, state="deferred", said=str(declared.deferred), remedy="")
        until = f"guest {declared.deferred.until} runs, until which it was deferred"
        return replace(cover, said=f"{cover.said}; {until}", remedy=f"take deferred out, and {cover.remedy}")
    if cover.state == "uncovered" and guest.template and not declared:
        said = "it is a template, and no job has it"
        return replace(cover, state="exempt", said=said, remedy="")
    if cover.state != "covered":
        undeclared = "" if declared else "; nobody declared it"
        return replace(cover, said=f"{cover.said}{undeclared}")
    if isinstance(guest.volumes, Unseen):
        return replace(cover, state="unknown", said=guest.volumes.said, remedy=guest.volumes.remedy)
    left = [volume for volume in guest.volumes if not volume.included and volume.reason not in NO_DATA]
    wanted = {v.name: why for v in left if (why := site.exemptions.get(f"{guest.vmid}/{v.name}"))}
    if out := [volume for volume in left if volume.name not in wanted]:
        which = ", ".join(f"{volume.name} ({volume.reason})" for volume in out)
        whole = all(not volume.included for volume in guest.volumes)
        switch = "set backup=1 on it in the guest's hardware" if guest.kind == "lxc" else "remove backup=0 from it"
        remedy = f"{switch}, or put {guest.vmid}/{out[0].name} among the exemptions with the reason"
        said = f"{'none of its disks is' if whole else 'not all of its disks are'} backed up: {which}"
        return replace(cover, state="uncovered" if whole else "partly", said=said, remedy=remedy)
    cover = replace(cover, said="; ".join(f"without {name}: {why}" for name, why in wanted.items()))
    if not declared:
        said = f"nobody declared it; job {cover.jobs[0]} takes it along"
        return replace(cover, said=said, remedy="declare it, to be told when its archives become old")
    return cover


def _waste(site: Site, facts: SiteFacts) -> Iterator[Waste]:
    """Archives of guests that are gone, and leftovers that no running task is at work on.

    The archives of a guest that is gone though the site declares it are what it is restored from.
    """
    there = None if isinstance(facts.guests, Unseen) else {guest.vmid for guest in facts.guests}
    tasks = () if isinstance(facts.tasks, Unseen) else facts.tasks
    busy = any(task.ended is None for task in tasks)
    for dump in facts.dumps.values():
        if not isinstance(dump, Dump):
            continue
        if there is not None:
            yield from (
                Waste(a.storage, a.name, a.size, "deleted guest", a.vmid, a.protected)
                for a in dump.archives
                if a.vmid not in there and a.vmid not in site.guests
            )
        for left in dump.leftovers:
            young = left.written is not None and facts.now - left.written < GROWING
            if not (left.why in ("unfinished", "temporary") and (busy or young)):
                yield Waste(left.storage, left.name, left.size, left.why, left.vmid)
