"""Configurations of guests read and changed, and the guest agent asked."""

import re
from typing import Any

from lab.pve import guest_config, guests
from lab.pve.call import Call
from lab.pve.errors import Died
from lab.pve.formats import split_list
from lab.pve.guest_config import Kind
from lab.pve.routes import route
from lab.pve.schema import plain
from lab.pve.tasks import Task

CONTROL = {"node", "vmid", "delete", "digest", "skiplock", "force", "revert", "background_delay", "current", "snapshot"}
"""Parameters that are no property of a guest."""

_PRIVILEGES = [
    (r"cores|cpu|cpulimit|cpuunits|sockets|vcpus|numa\d*|smp|affinity", "VM.Config.CPU"),
    (r"memory|balloon|shares|swap|hugepages|keephugepages", "VM.Config.Memory"),
    (r"net\d+|nameserver|searchdomain|hostname|ipconfig\d+", "VM.Config.Network"),
    (r"(?:ide|sata|scsi|virtio|efidisk|tpmstate|unused)\d+|rootfs|mp\d+", "VM.Config.Disk"),
    (r"cicustom|cipassword|citype|ciuser|ciupgrade|sshkeys", "VM.Config.Cloudinit"),
    (r"cdrom", "VM.Config.CDROM"),
    (r"acpi|arch|audio\d+|bios|hotplug|kvm|machine|scsihw|tablet|vga", "VM.Config.HWType"),
    (r"(?:hostpci|rng|serial|usb)\d+", "VM.Config.HWType"),
]


def privilege(key: str) -> str:
    """The privilege that setting a property of a guest needs."""
    return next((name for pattern, name in _PRIVILEGES if re.fullmatch(pattern, key)), "VM.Config.Options")


def stored(key: str, value: Any) -> str:
    """A value as it goes into the file: a description ends in a line feed."""
    text = plain(value)
    return text.rstrip("\n") + "\n" if key == "description" else text


def editing(kind: Kind) -> None:
    """Register reading and changing the configuration of one kind of guest."""

    @route("GET", f"/nodes/{{node}}/{kind}/{{vmid}}/config")
    async def shown(call: Call) -> dict[str, Any]:
        guest = guests.need(call.api, kind, call.params["vmid"])
        digest = call.files.digest(guests.file_of(kind, guest.vmid))
        return guest_config.typed(kind, guest.config) | {"digest": digest}

    @route("PUT", f"/nodes/{{node}}/{kind}/{{vmid}}/config")
    async def changed(call: Call) -> None:
        _change(call, kind)


@route("POST", "/nodes/{node}/qemu/{vmid}/config")
async def change_in_background(call: Call) -> str:
    """As PUT, in a task."""

    async def work(task: Task) -> None:
        _change(call, "qemu")

    return call.api.tasks.start("qmconfig", str(call.params["vmid"]), call.actor, work)


def _change(call: Call, kind: Kind) -> None:
    vmid = int(call.params["vmid"])
    values = {key: value for key, value in call.params.items() if key not in CONTROL}
    drop = split_list(call.text("delete"))
    if not values and not drop:
        raise Died("no options specified")
    for key in [*values, *drop]:
        call.need(f"/vms/{vmid}", privilege(key))
    guest = guests.need(call.api, kind, vmid)
    digest = call.get("digest")
    if digest and digest != call.files.digest(guests.file_of(kind, vmid)):
        raise Died(
            "checksum mismatch (file change by other user?)"
            if kind == "qemu"
            else "detected modified configuration - file changed by other user? Try again."
        )
    kept = {key: value for key, value in guest.config.items() if key not in drop}
    guests.write(call.api, kind, vmid, kept | {key: stored(key, value) for key, value in values.items()})


editing("qemu")
editing("lxc")


def _agent(call: Call) -> None:
    """Raise Died, as Proxmox does, unless the machine runs with an agent that answers."""
    guest = guests.need(call.api, "qemu", call.params["vmid"])
    if not guests.is_running(call.api, guest.vmid):
        raise Died(f"VM {guest.vmid} is not running")
    if not guest.config.get("agent", "0").removeprefix("enabled=").startswith("1"):
        raise Died("No QEMU guest agent configured")


@route("POST", "/nodes/{node}/qemu/{vmid}/agent/ping")
async def ping(call: Call) -> dict[str, Any]:
    """Whether the guest agent answers."""
    _agent(call)
    return {"result": {}}


@route("GET", "/nodes/{node}/qemu/{vmid}/agent/info")
async def agent_info(call: Call) -> dict[str, Any]:
    """The version of the guest agent."""
    _agent(call)
    return {"result": {"version": "7.2.0", "supported_commands": []}}


@route("GET", "/nodes/{node}/qemu/{vmid}/agent/get-fsinfo")
async def file_systems(call: Call) -> dict[str, Any]:
    """The file systems inside of the machine: one on each drive."""
    _agent(call)
    guest = guests.need(call.api, "qemu", call.params["vmid"])
    drives = [volume for volume in guest.volumes if not volume.is_cdrom]
    return {
        "result": [
            {
                "name": f"sd{chr(97 + n)}1",
                "mountpoint": "/" if n == 0 else f"/mnt/{volume.key}",
                "type": "ext4",
                "total-bytes": volume.size,
                "used-bytes": volume.size // 3,
                "disk": [],
            }
            for n, volume in enumerate(drives)
        ]
    }


@route("GET", "/nodes/{node}/qemu/{vmid}/agent/get-osinfo")
async def system(call: Call) -> dict[str, Any]:
    """The operating system of the machine."""
    _agent(call)
    name = "Debian GNU/Linux"
    return {"result": {"id": "debian", "name": name, "pretty-name": f"{name} 12", "version-id": "12"}}


@route("GET", "/nodes/{node}/qemu/{vmid}/agent/get-host-name")
async def host_name(call: Call) -> dict[str, Any]:
    """The host name that the machine gave itself."""
    _agent(call)
    return {"result": {"host-name": guests.need(call.api, "qemu", call.params["vmid"]).name}}


@route("GET", "/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces")
async def interfaces(call: Call) -> dict[str, Any]:
    """The network interfaces of the machine: the loopback device only, as the lab has no network."""
    _agent(call)
    address = {"ip-address": "127.0.0.1", "ip-address-type": "ipv4", "prefix": 8}
    return {"result": [{"name": "lo", "hardware-address": "00:00:00:00:00:00", "ip-addresses": [address]}]}
