"""What nobody declared: whether it does its work, and what to do about it if not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from homebackup.assess import jobs
from homebackup.assess.coverage import enabled_jobs, takes
from homebackup.assess.jobs import Job
from homebackup.model.backups import places
from homebackup.model.backups.facts import Guest, SiteFacts
from homebackup.model.fstab import Entry
from homebackup.model.kinds import items
from homebackup.model.mounts import nfs_source, soft_trouble
from homebackup.model.seen import Unseen
from homebackup.model.site import Site

LEAVE = "leave it, nothing here touches it"


@dataclass(frozen=True)
class Stranger:
    """What there is to say of one: why it is broken or foreign, and what to do.

    `idle` is a job that backs nobody up; `critical` one that leaves a critical guest without a backup.
    """

    state: Literal["broken", "foreign"]
    said: str
    remedy: str = LEAVE
    idle: bool = False
    critical: bool = False


def job_of_nobody(section: Mapping[str, Any], site: Site, facts: SiteFacts) -> Stranger:
    """A vzdump job: broken when it cannot do what it is there for, or makes Proxmox VE say what is not so."""
    everybody = () if isinstance(facts.guests, Unseen) else facts.guests
    (job,) = jobs.found([section], site, [guest.vmid for guest in everybody])
    hidden = _hidden(job, site, facts)
    wrong = [*_storage(job, facts), *gone_guests(section, site, facts), *_schedule(job, facts)]
    off = "it is disabled" if not job.enabled else ""
    if hidden:
        off += f", and still hides {_names(hidden)} from Proxmox VE's own list of guests that are not backed up"
    remedy = f"homebackup audit --retire {job.name} removes it and keeps its configuration"
    if wrong or hidden:
        declared = all(site.tier_of(guest.vmid) for guest in hidden)
        first = "run pulumi up, which makes the jobs declared for them" if declared else "declare them in a tier"
        critical = any(guest.vmid in site.guests and _critical(site, guest) for guest in hidden)
        said = "; ".join(filter(None, [*wrong, off]))
        todo = f"{first}; then {remedy}" if hidden else remedy
        return Stranger("broken", said, todo, idle=True, critical=critical)
    who = jobs.spelled_guests(job)
    if not job.enabled:
        return Stranger("foreign", f"{off}, and enabled jobs back up whom it names ({who})", remedy, idle=True)
    remedy = "leave it, or declare its guests in a tier and remove it in Proxmox VE"
    return Stranger("foreign", f"nobody declared it; it backs up {who} to {job.storage or 'a directory'}", remedy)


def other(section: Mapping[str, Any]) -> Stranger:
    """A storage."""
    where = section.get("path") or section.get("export") or section.get("vgname") or section.get("pool") or ""
    return Stranger("foreign", f"nobody declared it; type {section.get('type')}{f' at {where}' if where else ''}")


def section_of_nobody() -> Stranger:
    """A section of a document."""
    return Stranger("foreign", "nobody declared it; another site or a verb may have written it")


def line_of_nobody(line: Entry, site: Site) -> Stranger:
    """A line of /etc/fstab: an NFS mount that hangs the hypervisor is broken."""
    if line.fstype.startswith("nfs") and (trouble := soft_trouble(line.options)):
        said = f"it mounts {line.source}, and its options {trouble}"
        return Stranger("broken", said, "add soft to its options in /etc/fstab and mount it again")
    if line.source == nfs_source(site.nas.address, site.mount.export):
        remedy = f"take one of the two lines out: the site declares {site.mount.target}"
        return Stranger("foreign", "nobody declared it, and it mounts the site's own export a second time", remedy)
    return Stranger("foreign", f"nobody declared it, and it has nothing to do with {site.mount.target}")


def entry_of_nobody(values: Mapping[str, str | None], site: Site, facts: SiteFacts) -> Stranger:
    """An entry of the inventory: one of this host whose directory never holds an archive is broken."""
    if nothing := matches_nothing(values, site, facts):
        return Stranger("broken", nothing, "declare its guest in the site, or correct base_path in the file")
    return Stranger("foreign", "nobody declared it")


def matches_nothing(values: Mapping[str, str | None], site: Site, facts: SiteFacts) -> str:
    """Why an entry watches a directory in which no archive ever lies; empty for any other."""
    path, glob = (values.get("base_path") or "").rstrip("/"), values.get("glob") or ""
    if site.inventory is None or values.get("host") != site.inventory.host or not glob.startswith("vzdump-"):
        return ""
    folders = {site.mount.target: site.archive_folder}
    for storage in () if isinstance(facts.storages, Unseen) else places.for_backups(facts.storages):
        if (place := places.place(storage, site.node)) is not None:
            folders.setdefault(str(storage["path"]).rstrip("/"), place.folder)
    if path not in folders or path in folders.values():
        return ""
    return (
        f"base_path {path} matches nothing: it is the path of a storage, and Proxmox VE keeps the archives of it in "
        f"{folders[path]}"
    )


def _storage(job: Job, facts: SiteFacts) -> Iterator[str]:
    """What is wrong with the storage that a job writes to."""
    if not job.storage or isinstance(facts.storages, Unseen):
        return
    found = next((section for section in facts.storages if section.get("storage") == job.storage), None)
    if found is None:
        yield f"it refers to storage {job.storage}, which does not exist"
    elif found.get("disable"):
        yield f"its storage {job.storage} is disabled"
    elif not places.for_backups([found]):
        yield f"its storage {job.storage} takes no backups"


def gone_guests(section: Mapping[str, Any], site: Site, facts: SiteFacts) -> Iterator[str]:
    """Which of the guests that a job names are gone."""
    (job,) = jobs.found([section], site)
    if facts.members.get(job.name) == frozenset() and job.chosen:
        yield f"it takes {job.chosen}, which is nobody"
    if isinstance(facts.guests, Unseen) or job.chosen:
        return
    there = {str(guest.vmid) for guest in facts.guests}
    named = sorted(items(str(section.get("vmid") or "")), key=int)
    if not named:
        yield "it names no guest"
    elif gone := [vmid for vmid in named if vmid not in there]:
        all_ = len(gone) == len(named)
        is_are = "is" if len(gone) == 1 else "are"
        yield f"{'all that it names' if all_ else 'of its guests'}, {', '.join(gone)}, {is_are} gone"


def _schedule(job: Job, facts: SiteFacts) -> Iterator[str]:
    if job.event is None:
        yield f"Proxmox VE does not understand its schedule {job.schedule}"
    elif job.event.next_after(int(facts.now), ZoneInfo(facts.zone)) is None:
        yield f"its schedule {job.schedule} never comes again"


def _hidden(job: Job, site: Site, facts: SiteFacts) -> list[Guest]:
    """The guests that only disabled jobs have, which Proxmox VE then takes for backed up."""
    if job.enabled or isinstance(facts.guests, Unseen):
        return []
    running = [other for other in enabled_jobs(site, facts) if not [*_storage(other, facts), *_schedule(other, facts)]]
    return [
        guest
        for guest in facts.guests
        if guest.vmid not in site.exemptions
        and takes(job, guest, facts.members) is True
        and not any(takes(other, guest, facts.members) is True for other in running)
    ]


def _critical(site: Site, guest: Guest) -> bool:
    return site.guests[guest.vmid].classification == "critical"


def _names(guests: list[Guest]) -> str:
    said = [f"{guest.vmid} {guest.name}".strip() for guest in guests]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
