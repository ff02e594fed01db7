"""Mounting NFS: which options the kernel takes, what it makes of them, and what mount.nfs says when it fails."""

import asyncio
import errno
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.node.mounts import Mount

if TYPE_CHECKING:
    from lab.node.machine import Machine

OWN_ADDRESS = "10.0.0.50"
FLAGS = set(
    """
    soft hard softerr softreval nosoftreval intr nointr rw ro relatime noatime atime nodiratime strictatime suid
    nosuid dev nodev exec noexec sync async dirsync ac noac cto nocto lock nolock acl noacl rdirplus nordirplus
    fsc nofsc     sharecache nosharecache resvport noresvport migration nomigration bg fg tcp udp defaults auto
    noauto user nouser users     owner group _netdev nofail posix noposix remount
    """.split()
)
VALUED = set(
    """
    timeo retrans rsize wsize vers nfsvers minorversion proto port sec retry clientaddr addr namlen bsize
    acregmin acregmax acdirmin acdirmax actimeo lookupcache local_lock nconnect max_connect mountport mountproto
    mountvers     mounthost mountaddr xprtsec trunkdiscovery write context comment
    """.split()
)
NUMBERS = {
    "timeo",
    "retrans",
    "rsize",
    "wsize",
    "retry",
    "port",
    "acregmin",
    "acregmax",
    "acdirmin",
    "acdirmax",
    "actimeo",
    "nconnect",
}
VERSIONS = {"4": "4.2", "4.0": "4.0", "4.1": "4.1", "4.2": "4.2", "3": "3"}
SHOWN_FLAGS = ("nosuid", "nodev", "noexec", "noac", "nocto", "noresvport", "softreval")
NO_ROUTE_SECONDS, SESSION_SECONDS, GIVE_UP_SECONDS = 2.9, 62.2, 125.0
"""Measured: with retry=0 and no session; with a session from before; and mount.nfs's two minutes of retries."""


@dataclass(frozen=True)
class Outcome:
    """How a mount or umount command ended: exit code and what it says on standard error."""

    code: int = 0
    said: str = ""


BAD_OPTION = Outcome(32, "mount.nfs: an incorrect mount option was specified")


def understood(options: list[str]) -> bool:
    """Whether mount.nfs takes every option; x-… options are comments for others."""
    for option in options:
        name, equals, value = option.partition("=")
        if name.startswith(("x-", "X-")) or (not equals and name in FLAGS):
            continue
        if not equals or name not in VALUED or (name in NUMBERS and not value.isdigit()):
            return False
        if name in ("vers", "nfsvers") and value not in VERSIONS:
            return False
    return True


def live_options(options: list[str], server: str) -> list[str]:
    """What /proc/mounts shows after mounting with `options`: defaults gone, what was chosen spelled out."""
    given = {o.partition("=")[0]: o.partition("=")[2] for o in options}

    def last(*names: str, default: str) -> str:
        return next((o for o in reversed([o.partition("=")[0] for o in options]) if o in names), default)

    hardness = last("soft", "hard", "softerr", default="hard")
    version = VERSIONS[given.get("vers") or given.get("nfsvers") or "4.2"]
    times = last("relatime", "noatime", "strictatime", default="relatime")
    shown = [
        last("rw", "ro", default="rw"),
        *([times] if times != "strictatime" else []),
        *(f for f in SHOWN_FLAGS if f in given),
        f"vers={version}",
        f"rsize={given.get('rsize') or 131072}",
        f"wsize={given.get('wsize') or 131072}",
        "namlen=255",
    ]
    shown += [f"{n}={given[n]}" for n in ("acregmin", "acregmax", "acdirmin", "acdirmax", "actimeo") if n in given]
    shown += [hardness, f"proto={given.get('proto', 'tcp')}"]
    shown += [f"nconnect={given['nconnect']}"] if "nconnect" in given else []
    shown += [
        f"timeo={given.get('timeo') or 600}",
        f"retrans={given.get('retrans') or 2}",
        f"sec={given.get('sec', 'sys')}",
    ]
    if version == "3":
        return [
            *shown,
            f"mountaddr={server}",
            "mountvers=3",
            "mountport=892",
            "mountproto=udp",
            "local_lock=none",
            f"addr={server}",
        ]
    return [*shown, f"clientaddr={OWN_ADDRESS}", "local_lock=none", f"addr={server}"]


async def mount_nfs(machine: "Machine", source: str, target: str, options: list[str]) -> Outcome:
    """Mount `source` on `target` as mount.nfs would, waiting for a server that is off as long as it does."""
    if not re.fullmatch(r"[^:]+:/.*", source):
        return Outcome(32, "mount.nfs: remote share not in 'host:dir' format")
    if not machine.root.isdir(target):
        return Outcome(32, f"mount.nfs: mount point {target} does not exist")
    if not understood(options):
        return BAD_OPTION
    present = machine.root.mounted(target)
    if present and present.nfs and present.source == source:
        return Outcome()  # measured: exit code 0, nothing said, nothing changed, whatever the options
    if refused := await _no_server(machine, source, options):
        return refused
    folder = machine.nas.holds(source)
    if folder is None:
        return Outcome(32, f"mount.nfs: access denied by server while mounting {source}")
    live = live_options(options, machine.nas.address)
    machine.sessions.add(machine.nas.address)
    machine.root.mount(Mount(source, target, "nfs" if "vers=3" in live else "nfs4", live, folder=folder))
    return Outcome()


async def _no_server(machine: "Machine", source: str, options: list[str]) -> Outcome | None:
    """Wait for a server that does not answer, and say so; None when it does."""
    retries, address = "retry=0" not in options, source.partition(":")[0]
    seconds = NO_ROUTE_SECONDS if not retries else SESSION_SECONDS if address in machine.sessions else GIVE_UP_SECONDS
    if address == machine.nas.address:
        if await machine.nas.answers(seconds * machine.patience):
            return None
    else:
        await asyncio.sleep(seconds * machine.patience)
    return Outcome(32, "mount.nfs: mount system call failed" if retries else "mount.nfs: No route to host")


async def umount(machine: "Machine", target: str, *, lazy: bool = False, force: bool = False) -> Outcome:
    """Take the last mount off `target`; a busy one stays unless `lazy`; a silent server is waited for."""
    mount = machine.root.mounted(target)
    if mount is None or mount.target == "/":
        return Outcome(32, f"umount: {target}: not mounted.")
    if mount.nfs and not machine.nas.on and mount.source.startswith(machine.nas.address + ":"):
        hard = mount.option("hard") is not None
        await asyncio.sleep((10.0**6 if hard else 0.3 if lazy else 120.5) * machine.patience)
    if machine.users(mount) and not lazy:
        if mount.nfs:
            return Outcome(16, f"umount.{mount.fstype}: {mount.target}: device is busy")
        return Outcome(32, f"umount: {mount.target}: target is busy.")
    try:
        if mount in machine.root.mounts:
            machine.root.umount(target)
    except OSError as error:
        return Outcome(32, f"umount: {target}: {error.strerror}" if error.errno != errno.EINVAL else "")
    return Outcome()
