"""Guests listed, their state shown, and the power switched: what PVE::API2::Qemu and PVE::API2::LXC::Status do."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lab.pve import guests
from lab.pve.call import Call
from lab.pve.errors import Died
from lab.pve.guest_config import LABELS, Kind, size_bytes
from lab.pve.guests import Guest
from lab.pve.routes import route
from lab.pve.stderr import warn
from lab.pve.tasks import Task, TaskError

if TYPE_CHECKING:
    from lab.pve.api import Api

VERBS = {
    "qemu": ["current", "start", "stop", "reset", "shutdown", "suspend", "resume", "reboot"],
    "lxc": ["current", "start", "stop", "shutdown", "suspend", "resume", "reboot"],
}
PREFIX = {"qemu": "qm", "lxc": "vz"}
Effect = Callable[["Api", Guest], None]


def state(api: "Api", guest: Guest) -> dict[str, Any]:
    """What every list of guests says of one."""
    runs = guests.is_running(api, guest.vmid)
    config = guest.config
    found: dict[str, Any] = {
        "vmid": guest.vmid,
        "name": guest.name,
        "status": "running" if runs else "stopped",
        "cpu": 0,
        "uptime": max(0, int(api.clock.now() - api.running[guest.vmid])) if runs else 0,
        "disk": 0,
        "diskread": 0,
        "diskwrite": 0,
        "netin": 0,
        "netout": 0,
        "maxmem": memory(guest),
        "mem": 0,
        "cpus": int(config.get("cores", 1)) * int(config.get("sockets", 1)),
    }
    if runs:
        found["pid"] = guests.pid(api, guest.vmid)
    found.update({key: config[key] for key in ("lock", "tags") if key in config})
    if config.get("template") == "1":
        found["template"] = 1
    return found | (_vm_sizes(guest, runs) if guest.kind == "qemu" else _ct_sizes(api, guest, runs))


def memory(guest: Guest) -> int:
    """Bytes of memory; virtual machines may spell it `current=2048`."""
    return int(guest.config.get("memory", "512").removeprefix("current=")) << 20


def _vm_sizes(guest: Guest, runs: bool) -> dict[str, Any]:
    boot = guest.config.get("boot", "").removeprefix("order=").split(";")[0]
    disk = next((v.size for v in guest.volumes if v.key == boot), 0)
    return {"maxdisk": disk, "mem": memory(guest) * 6 // 10 if runs else 0}


def _ct_sizes(api: "Api", guest: Guest, runs: bool) -> dict[str, Any]:
    size = next((size_bytes(v.options.get("size", "0")) for v in guest.volumes if v.key == "rootfs"), 0)
    total, used, _ = api.root.usage("/")
    shown = (size or total, min(used, size or used)) if runs else (size or 4 << 30, 0)
    return {
        "type": "lxc",
        "maxdisk": shown[0],
        "disk": shown[1],
        "swap": 0,
        "maxswap": int(guest.config.get("swap", 512)) << 20,
        "mem": 32 << 20 if runs else 0,
    }


def listing(kind: Kind) -> None:
    """Register the list of one kind, which shows what the caller may see."""

    @route("GET", f"/nodes/{{node}}/{kind}")
    async def listed(call: Call) -> list[dict[str, Any]]:
        return [
            state(call.api, guest)
            for guest in guests.every(call.api)
            if guest.kind == kind and call.may(f"/vms/{guest.vmid}", "VM.Audit")
        ]

    @route("GET", f"/nodes/{{node}}/{kind}/{{vmid}}/status/current")
    async def current(call: Call) -> dict[str, Any]:
        guest = guests.need(call.api, kind, call.params["vmid"])
        found = state(call.api, guest) | {"ha": {"managed": 0}}
        if kind == "qemu":
            found["qmpstatus"] = found["status"]
            if guest.config.get("agent", "0").removeprefix("enabled=").startswith("1"):
                found["agent"] = 1
            if found["status"] == "running":
                found["proxmox-support"] = {}
        return found

    @route("GET", f"/nodes/{{node}}/{kind}/{{vmid}}")
    async def index(call: Call) -> list[dict[str, str]]:
        return [{"subdir": name} for name in ("config", "status", *(["agent"] if kind == "qemu" else []))]

    @route("GET", f"/nodes/{{node}}/{kind}/{{vmid}}/status")
    async def verbs(call: Call) -> list[dict[str, str]]:
        return [{"subdir": verb} for verb in VERBS[kind]]


def started(api: "Api", guest: Guest) -> None:
    """Let the guest run from now on."""
    api.running[guest.vmid] = api.clock.now()


def stopped(api: "Api", guest: Guest) -> None:
    """Let the guest run no more."""
    api.running.pop(guest.vmid, None)


def unchanged(api: "Api", guest: Guest) -> None:
    """A pause or reset, which the lab does not show."""


def switch_vm(verb: str, effect: Effect) -> None:
    """Register a power verb of virtual machines; most of what is wrong shows only in the task."""

    @route("POST", f"/nodes/{{node}}/qemu/{{vmid}}/status/{verb}")
    async def switch(call: Call) -> str:
        api, vmid = call.api, int(call.params["vmid"])
        runs = guests.is_running(api, vmid)
        if verb == "reboot" and guests.find(api, vmid, "qemu") is None:
            raise Died(f"unable to find configuration file for VM {vmid} on node '{api.node}'")
        if verb in ("suspend", "resume", "reset", "reboot") and not runs:
            raise Died(f"VM {vmid} not running")
        if verb == "shutdown" and not runs and guests.find(api, vmid, "qemu"):
            warn(f"VM {vmid} not running\n")

        async def work(task: Task) -> None:
            guest = guests.need(api, "qemu", vmid)
            if verb == "start" and guests.is_running(api, vmid):
                raise TaskError(f"VM {vmid} already running")
            effect(api, guest)

        return api.tasks.start(f"qm{verb}", str(vmid), call.actor, work)


def switch_ct(verb: str, effect: Effect) -> None:
    """Register a power verb of containers; a wrong state is refused at once."""

    @route("POST", f"/nodes/{{node}}/lxc/{{vmid}}/status/{verb}")
    async def switch(call: Call) -> str:
        api, vmid = call.api, int(call.params["vmid"])
        runs = guests.is_running(api, vmid)
        if verb == "start" and runs:
            raise Died(f"CT {vmid} already running")
        if verb != "start" and not runs:
            raise Died(f"{'VM' if verb == 'reboot' else LABELS['lxc']} {vmid} not running")

        async def work(task: Task) -> None:
            effect(api, guests.need(api, "lxc", vmid))

        return api.tasks.start(f"vz{verb}", str(vmid), call.actor, work)


listing("qemu")
listing("lxc")
_EFFECTS: dict[str, Effect] = {
    "start": started,
    "reset": started,
    "reboot": started,
    "stop": stopped,
    "shutdown": stopped,
    "suspend": unchanged,
    "resume": unchanged,
}
for _verb, _effect in _EFFECTS.items():
    switch_vm(_verb, _effect)
    if _verb != "reset":
        switch_ct(_verb, _effect)
