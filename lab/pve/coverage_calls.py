"""What jobs back up and what none does, and when a schedule runs (PVE::API2::Backup, BackupInfo, Jobs)."""

import time
from typing import Any

from lab.pve import guests
from lab.pve.call import Call
from lab.pve.guest_config import Volume
from lab.pve.guests import Guest
from lab.pve.job_calls import need
from lab.pve.jobcfg import Jobs
from lab.pve.routes import route
from lab.pve.vzdump_checks import selected
from pverules.calendar import CalendarEvent


@route("GET", "/cluster/backup/{id}/included_volumes")
async def included(call: Call) -> dict[str, Any]:
    """The guests of a job with their volumes: which are backed up, and why (not)."""
    job, children = need(call), []
    if job.get("node") not in (None, call.api.node):
        return {"children": []}
    for vmid in selected(call.api, job.values):
        if not call.may(f"/vms/{vmid}", "VM.Audit"):
            continue
        guest = guests.find(call.api, vmid)
        if guest is None:
            children.append({"id": vmid, "type": "unknown", "leaf": 1})
            continue
        volumes = [_volume(guest, volume) for volume in guest.volumes if not volume.is_cdrom]
        children.append(
            {"id": vmid, "type": guest.kind, "name": _name(guest), "children": volumes, "leaf": int(not volumes)}
        )
    return {"children": children}


def _volume(guest: Guest, volume: Volume) -> dict[str, Any]:
    on, reason = backed_up(guest, volume)
    return {"id": f"{guest.vmid}:{volume.key}", "name": volume.volid, "included": int(on), "reason": reason, "leaf": 1}


def backed_up(guest: Guest, volume: Volume) -> tuple[bool, str]:
    """Whether a backup of the guest holds the volume, and Proxmox's word for why."""
    said = volume.options.get("backup")
    if guest.kind == "lxc":
        if volume.key == "rootfs":
            return True, "rootfs"
        if volume.volid.startswith("/"):
            return False, "not a volume"
        return (True, "enabled") if said == "1" else (False, "disabled")
    if volume.key.startswith("efidisk") and guest.config.get("bios") != "ovmf":
        return False, "efidisk but no OMVF BIOS"
    return (False, "backup=no") if said == "0" else (True, "backup=yes")


def _name(guest: Guest) -> str:
    return guest.config.get("name" if guest.kind == "qemu" else "hostname", "")


@route("GET", "/cluster/backup-info")
async def info(call: Call) -> list[dict[str, str]]:
    """What can be asked about backups."""
    return [{"subdir": "not-backed-up"}]


@route("GET", "/cluster/backup-info/not-backed-up")
async def not_backed_up(call: Call) -> list[dict[str, Any]]:
    """The guests that no job names, enabled or not; raises Died where a job names a pool that is gone."""
    covered: set[int] = set()
    for job in Jobs(call.files, call.clock).all:
        vmids = selected(call.api, job.values)
        if job.get("node") in (None, call.api.node):
            covered.update(vmids)
    return [
        {"vmid": guest.vmid, "name": _name(guest), "type": guest.kind}
        for guest in guests.every(call.api)
        if guest.vmid not in covered and call.may(f"/vms/{guest.vmid}", "VM.Audit")
    ]


@route("GET", "/cluster/jobs/schedule-analyze")
async def analyze(call: Call) -> list[dict[str, Any]]:
    """The next runs of a schedule: seconds since the epoch, and UTC as text."""
    event = CalendarEvent.parse(call.text("schedule"))
    start = int(call.get("starttime", call.clock.now()))
    runs = event.runs(start, call.clock.zone, limit=call.get("iterations", 10))
    return [{"timestamp": run, "utc": time.asctime(time.gmtime(run))} for run in runs]
