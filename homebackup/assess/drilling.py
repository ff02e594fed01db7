"""A drill before it begins: whose turn it is, what stands in its way, what makes a spare guest harmless and ours."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from homebackup.assess.agenda import agenda
from homebackup.assess.amounts import clock
from homebackup.assess.manual import Hindrance
from homebackup.assess.timeline import Busy
from homebackup.assess.verdict import Verdict
from homebackup.model.backups import guest_config
from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.drill import Drilled, last_drilled
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import Site

TAG = "homebackup-drill"
PREFIX = "drill-"
"""What marks a spare guest as one that a drill made; without both, nothing is ever removed."""
MARGIN = 1.2
"""How many times the space that its disks may come to need, and its memory, have to be free."""
SPEED = 50 << 20
"""Bytes a second that a restore makes at least, as far as a plan needs to know."""
UNMEASURED = 1800
"""Seconds that a run of a job is given of which nobody knows how long it takes."""
AHEAD = 60
"""Seconds by which an archive's time may be ahead of a gather."""
_RANKS = ("critical", "important", "rebuildable")
_PASSED = {"qemu": r"(hostpci|usb|parallel|virtiofs)\d+|args|ivshmem|hookscript", "lxc": r"dev\d+|hookscript"}


def properties(kind: str, vmid: int, name: str) -> dict[str, Any]:
    """What the spare guest of a guest gets from its first moment on: a name, a tag, and no start with the node."""
    called = re.sub(r"[^A-Za-z0-9]+", "-", f"{PREFIX}{vmid}-{name}")[:60].strip("-")
    return {"name" if kind == "qemu" else "hostname": called, "tags": TAG, "onboot": 0}


def is_ours(config: Mapping[str, Any]) -> bool:
    """Whether a guest with this configuration was made by a drill."""
    name = str(config.get("name") or config.get("hostname") or "")
    return name.startswith(PREFIX) and TAG in re.split(r"[;, ]+", str(config.get("tags", "")))


def passed_through(kind: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    """The properties by which a guest uses things of the host: devices, directories, programs run there."""
    return tuple(key for key in sorted(config) if _passed(kind, key, str(config[key])))


def _passed(kind: str, key: str, value: str) -> bool:
    if kind == "qemu" and re.fullmatch(r"serial\d+", key):
        return value != "socket"  # which is no device of the host, and the console of many machines
    if kind == "lxc" and re.fullmatch(r"mp\d+", key):
        return value.startswith("/")
    return re.fullmatch(_PASSED[kind], key) is not None


def memory(config: str) -> int:
    """Bytes of memory that a guest with the configuration of an archive takes."""
    said = guest_config.properties(config).get("memory", "").removeprefix("current=").partition(",")[0]
    return (int(said) if said.isdecimal() else 512) << 20


def spare(site: Site, facts: SiteFacts) -> int | Hindrance:
    """The first VMID of the reserved ones that nobody has."""
    assert site.drill is not None
    if isinstance(facts.guests, Unseen):
        return Hindrance(f"which VMIDs are free is not known: {facts.guests.said}", facts.guests.remedy, unknown=True)
    taken = {guest.vmid for guest in facts.guests} | set(site.guests)
    vmids = site.drill.vmids
    free = next((vmid for vmid in vmids if vmid not in taken), None)
    return free or Hindrance(f"all VMIDs from {vmids[0]} to {vmids[-1]} are in use", "reserve others, or remove guests")


def hindrance(site: Site, facts: SiteFacts, seconds: float) -> Hindrance | None:
    """Why a drill of so many seconds does not begin now: a backup runs, or something else needs the NAS by then."""
    if isinstance(facts.tasks, Unseen):
        return Hindrance(f"whether a backup runs is not known: {facts.tasks.said}", facts.tasks.remedy, unknown=True)
    if task := next((task for task in facts.tasks if task.ended is None), None):
        return Hindrance(f"the vzdump task {task.upid} still runs on node {task.node}", "wait until it has ended")
    now, zone = int(facts.now), ZoneInfo(facts.zone)
    for busy in sorted(_busy(site, facts), key=lambda busy: busy.start):
        if busy.start < now + seconds and busy.end > now:
            until = clock(busy.end, zone)
            said = f"it is {clock(now, zone)} on the node, and {busy.name} is from {clock(busy.start, zone)} to {until}"
            return Hindrance(said, f"run it at {until} or later")
    return None


def _busy(site: Site, facts: SiteFacts) -> Iterator[Busy]:
    line = agenda(site, facts, facts.now, 2).line
    yield from line.windows
    for run in line.runs:
        yield Busy(f"the run of {run.job.label}", run.start, run.start + (run.usual or UNMEASURED))


def newest(site: Site, facts: SiteFacts, vmid: int) -> Archive | None:
    """The newest archive of a guest, whatever is known of it."""
    dumps = (dump for dump in facts.dumps.values() if isinstance(dump, Dump))
    mine = (archive for dump in dumps for archive in dump.archives if archive.vmid == vmid)
    there = [a for a in mine if a.kind == site.guests[vmid].kind and a.time <= facts.now + AHEAD]
    return max(there, key=lambda archive: (archive.time, archive.name), default=None)


def in_turn(site: Site, judged: Iterable[Verdict], results: Sequence[Drilled]) -> list[int]:
    """The guests in the order of their turns: those whose drill is longest ago first, of those without one critical."""
    last = last_drilled(results)
    guests = [verdict.vmid for verdict in judged if verdict.vmid is not None]
    ranks = {vmid: _RANKS.index(site.guests[vmid].classification) for vmid in guests}
    return sorted(guests, key=lambda vmid: (last[vmid].time if vmid in last else 0, ranks[vmid], vmid))
