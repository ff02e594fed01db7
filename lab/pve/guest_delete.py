"""DELETE of a guest: its disks, its configuration, its rights, and with `purge` its name in jobs."""

from typing import TYPE_CHECKING

from lab.pve import disks, guests
from lab.pve.call import Call
from lab.pve.errors import Died
from lab.pve.formats import split_list
from lab.pve.guest_config import LABELS, Kind
from lab.pve.jobcfg import Jobs
from lab.pve.routes import route
from lab.pve.tasks import Task

if TYPE_CHECKING:
    from lab.pve.api import Api


def removing(kind: Kind, task_kind: str) -> None:
    """Register the removal of one kind of guest."""

    @route("DELETE", f"/nodes/{{node}}/{kind}/{{vmid}}")
    async def remove(call: Call) -> str:
        api, vmid = call.api, int(call.params["vmid"])
        guest = guests.need(api, kind, vmid)
        if guest.protected:
            raise Died(f"can't remove {LABELS[kind]} {vmid} - protection mode enabled")
        if guests.is_running(api, vmid) and not call.get("force"):
            raise Died(
                f"VM {vmid} is running - destroy failed"
                if kind == "qemu"
                else f"unable to destroy CT {vmid} - container is running"
            )

        async def work(task: Task) -> None:
            disks.free_all(api, guest)
            api.access.forget("vms", str(vmid))
            if call.get("purge"):
                task.log(f"purging {LABELS[kind]} {vmid} from related configurations..")
                forget_in_jobs(api, vmid)
            guests.remove(api, guest)

        return api.tasks.start(task_kind, str(vmid), call.actor, work)


def forget_in_jobs(api: "Api", vmid: int) -> None:
    """Take a VMID out of every backup job; a job that named no other guest goes."""
    jobs = Jobs(api.files, api.clock)
    for job in list(jobs.all):
        changed = {}
        for key in ("vmid", "exclude"):
            names = split_list(str(job.get(key) or ""))
            if str(vmid) in names:
                changed[key] = ",".join(name for name in names if name != str(vmid))
        if changed.get("vmid") == "":
            jobs.drop(job.id)
        elif changed:
            values = {key: value for key, value in {**job.values, **changed}.items() if value != ""}
            jobs.put(job.changed(values))


removing("qemu", "qmdestroy")
removing("lxc", "vzdestroy")
