"""A backup that somebody asks for now: which jobs that means, what stands in its way, and what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import clock
from homebackup.assess.timeline import timeline
from homebackup.assess.verdict import Worst
from homebackup.model.backups.task import GuestRun
from homebackup.model.backups.task_log import well
from homebackup.model.declare import root_only
from homebackup.model.host_facts import HostFacts
from homebackup.model.mounts import nfs_source
from homebackup.model.site import Site
from homebackup.model.spelling import from_wire, wire_form
from homebackup.model.steps import Call
from homebackup.resources.vzdump_job import VzdumpJob

WHEN = frozenset({"id", "schedule", "enabled", "repeat-missed", "comment", "node"})
"""What a job says of itself and not of its backups."""
NOT_NOW = frozenset({"stop", "quiet"})
"""Options that would make no backup, or a log that tells nothing."""
WHOM = frozenset({"vmid", "all", "exclude", "pool"})
"""Options that choose the guests."""
ROOT_ONLY = frozenset(f.wire for f in VzdumpJob.fields if root_only in f.marks)
JOB_ID = "job-id"
"""What tells Proxmox VE's notifications which job it was; only root may."""


@dataclass(frozen=True)
class Hindrance:
    """Why a backup does not begin now, and what to do; `unknown` when that is because something cannot be seen."""

    said: str
    remedy: str
    unknown: bool = False

    def __str__(self) -> str:
        return f"{self.said}; {self.remedy}"


@dataclass(frozen=True)
class Order:
    """One backup to begin: the call that begins it with the settings of a job, and whom it is for.

    `vmids` is empty where Proxmox VE chooses the guests. `missing` are guests of the tier that the job does not have.
    """

    tier: str
    job: str
    node: str
    call: Call
    vmids: tuple[int, ...]
    missing: tuple[int, ...] = ()


def orders(
    site: Site, what: str | None, jobs: Iterable[Mapping[str, Any]], *, root: bool
) -> tuple[Order, ...] | Hindrance:
    """What to back up, the first tier first: a tier by its name, a guest by VMID or name, everything for None.

    `jobs` are the sections of the node, whose settings are used as they are; `root` says whether we may set what only
    root may.
    """
    if what is None or what in site.tiers:
        wanted: list[tuple[str, int | None]] = [(name, None) for name, _ in site.in_order if what in (None, name)]
    else:
        vmid = _guest(site, what)
        if isinstance(vmid, Hindrance):
            return vmid
        tier = site.tier_of(vmid)
        if tier is None:
            said = f"guest {vmid} ({site.guests[vmid].name}) is in no tier, so no job says how to back it up"
            return Hindrance(said, "put it into a tier and run pulumi up, or back it up on the node with vzdump")
        wanted = [(tier, vmid)]
    sections = {str(section.get("id")): section for section in jobs}
    found = [_order(site, tier, vmid, sections, root=root) for tier, vmid in wanted]
    hindered = next((one for one in found if isinstance(one, Hindrance)), None)
    return hindered or tuple(one for one in found if isinstance(one, Order))


def _guest(site: Site, what: str) -> int | Hindrance:
    named = [int(vmid) for vmid, guest in site.guests.items() if what in (str(vmid), guest.name)]
    if len(named) == 1:
        return named[0]
    if named:
        return Hindrance(f"{what} is the name of guests {', '.join(map(str, named))}", "name one by its VMID")
    tiers = ", ".join(name for name, _ in site.in_order)
    return Hindrance(f"{what} is no tier and no guest of {site.name}", f"name one of {tiers}, or a VMID, or use --all")


def _order(
    site: Site, tier: str, only: int | None, sections: Mapping[str, Mapping[str, Any]], *, root: bool
) -> Order | Hindrance:
    job = site.tiers[tier].job
    if job not in sections:
        return Hindrance(f"tier {tier}: its job {job} is not there", "run pulumi up, which makes it")
    said = from_wire(VzdumpJob, sections[job])
    if said.dumpdir or (said.storage or "local") != site.storage.name:
        where = said.dumpdir or f"storage {said.storage or 'local'}"
        return Hindrance(f"job {job} writes to {where} instead of storage {site.storage.name}", "run pulumi up")
    params = {name: value for name, value in wire_form(said).items() if name not in WHEN | NOT_NOW}
    if root:
        params[JOB_ID] = job
    elif denied := sorted(ROOT_ONLY & params.keys()):
        remedy = "use api: ssh, or user root@pam with a password"
        return Hindrance(f"job {job} has {', '.join(denied)}, which only root@pam itself may set", remedy)
    vmids = tuple(sorted(int(vmid) for vmid in said.vmid or ()))
    if only is not None:
        params = {name: value for name, value in params.items() if name not in WHOM} | {"vmid": str(only)}
        vmids = (only,)
    missing = tuple(int(v) for v in site.tiers[tier].guests if vmids and only is None and int(v) not in vmids)
    node = said.node or site.node
    return Order(tier, job, node, Call("POST", f"/nodes/{node}/vzdump", params), vmids, missing)


def in_window(site: Site, now: float, zone: ZoneInfo) -> Hindrance | None:
    """The window in which something else needs the NAS now."""
    for busy in timeline((), site.windows, {}, zone, int(now), int(now) + 1).windows:
        until = clock(busy.end, zone)
        said = f"it is {clock(int(now), zone)} on the node, inside {busy.name} ({clock(busy.start, zone)} to {until})"
        return Hindrance(said, f"run it at {until} or later, or now with --anyway")
    return None


def interlock(site: Site, storages: Iterable[Mapping[str, Any]], host: HostFacts) -> Hindrance | None:
    """Why an archive would not, or not certainly, come to lie on the declared export; no option overrules it."""
    name, target, nas = site.storage.name, site.mount.target, site.nas.address
    section = next((one for one in storages if one.get("storage") == name), None)
    if section is None:
        return Hindrance(f"storage {name} is not there", "run pulumi up, which makes it")
    if section.get("path") != target:
        return Hindrance(
            f"storage {name} is at {section.get('path') or 'no path'} instead of {target}", "run pulumi up"
        )
    if section.get("disable"):
        return Hindrance(f"storage {name} is disabled", "run pulumi up")
    if not host.answers.get(nas, False):
        return Hindrance(f"the NAS {nas} does not answer", "switch it on and run this again", unknown=True)
    if hangs := host.unresponsive(target):
        return Hindrance(f"{hangs} at {target}", "see homebackup drift", unknown=True)
    wanted, layers = nfs_source(nas, site.mount.export), host.at(target)
    if not layers:
        return Hindrance(f"nothing is mounted at {target}, so archives would fill the root disk", "run pulumi up")
    top = layers[-1]
    if not top.is_nfs or top.source.rstrip("/") != wanted:
        return Hindrance(f"{top.source} ({top.fstype}) is mounted at {target} instead of {wanted}", "run pulumi up")
    if "ro" in top.options:
        return Hindrance(f"{wanted} is mounted read-only", "run pulumi up")
    return None


def outcomes(order: Order, runs: Iterable[GuestRun], status: str, started: int) -> tuple[GuestRun, ...]:
    """How each guest of an ended task fared; one that its log never came to counts as failed."""
    told = {run.vmid: run for run in runs}
    why = "the task ended without coming to it" if well(status) else status
    for vmid in order.vmids:
        told.setdefault(vmid, GuestRun(vmid, started, ok=False, said=why))
    return tuple(run if run.ok is not None else replace(run, ok=False, said=why) for run in told.values())


def came_to(site: Site, runs: Sequence[GuestRun]) -> Worst:
    """What the outcomes of a task come to; the guests count, for the task's own status tells too little."""
    failed = [run.vmid for run in runs if not run.ok]
    if any(vmid in site.guests and site.guests[vmid].classification == "critical" for vmid in failed):
        return "critical"
    return "attention" if failed or not runs else "well"
