"""mount(8): by fstab or by command line, any filesystem the lab has."""

from typing import TYPE_CHECKING

from lab.node import fstab
from lab.node.mounts import Mount
from lab.node.nfs import BAD_OPTION, Outcome, mount_nfs

if TYPE_CHECKING:
    from lab.node.machine import Machine

REMOUNTABLE = {"ro", "rw", "relatime", "noatime", "nosuid", "nodev", "noexec", "suid", "dev", "exec", "remount"}


def table(machine: "Machine", path: str = "/etc/fstab") -> list[fstab.Entry]:
    """The readable entries of an fstab; none when the file is missing."""
    try:
        return fstab.parse(machine.root.text(path))[0]
    except OSError:
        return []


def entry_for(machine: "Machine", name: str) -> fstab.Entry | None:
    """The last fstab entry with this target (or source), or None."""
    entries = table(machine)
    wanted = machine.root.canonical(name) if name.startswith("/") else name
    return next((e for e in reversed(entries) if e.target in (name.rstrip("/"), wanted)), None) or next(
        (e for e in entries if e.source == name), None
    )


async def mount(machine: "Machine", source: str, target: str, fstype: str, options: list[str]) -> Outcome:
    """Do one mount; options of systemd and of the mount command itself never reach the filesystem."""
    own = [
        o
        for o in options
        if not o.startswith(("x-", "X-")) and o not in ("defaults", "noauto", "auto", "nofail", "_netdev")
    ]
    if fstype in ("nfs", "nfs4") or (fstype == "auto" and ":/" in source):
        return await mount_nfs(machine, source, target, own)
    if not machine.root.isdir(target):
        return Outcome(32, f"mount: {target}: mount point does not exist.")
    if fstype in ("bind", "none") or "bind" in own:
        if not machine.root.exists(source):
            return Outcome(32, f"mount: {target}: special device {source} does not exist.")
        above = machine.root.mount_of(source)
        machine.root.mount(
            Mount(above.source, target, above.fstype, list(above.options), folder=machine.root.resolve(source))
        )
        return Outcome()
    if fstype == "tmpfs":
        machine.root.mount(Mount(source, target, fstype, ["rw", "relatime", *(o for o in own if "=" in o)]))
        return Outcome()
    if not machine.root.exists(source):
        return Outcome(32, f"mount: {target}: special device {source} does not exist.")
    return Outcome(32, f"mount: {target}: unknown filesystem type '{fstype}'.")


def remount(machine: "Machine", target: str, options: list[str]) -> Outcome:
    """`mount -o remount`: only ro and rw (and their like) can be changed; NFS refuses everything else with 32."""
    present = machine.root.mounted(target)
    if present is None:
        return Outcome(32, f"mount: {target}: mount point not mounted or bad option.")
    if present.nfs:
        wanted = options
        if options == ["remount"]:
            entry = entry_for(machine, target)
            wanted = entry.option_list if entry else options
        if set(wanted) - REMOUNTABLE:
            return BAD_OPTION
    for option in options:
        if option in ("ro", "rw"):
            present.options[0] = option
        elif option in ("noatime", "relatime") and len(present.options) > 1:
            present.options[1] = option
    return Outcome()


async def mount_all(machine: "Machine") -> Outcome:
    """`mount -a`: every entry that is neither mounted nor noauto; 32 when all failed, 64 when some did."""
    said, good, bad = [], 0, 0
    for entry in table(machine):
        skip = (
            entry.has("noauto")
            or entry.fstype == "swap"
            or not entry.target.startswith("/")
            or entry.fstype in fstab.PSEUDO
        )
        if skip or machine.root.is_mountpoint(entry.target):
            good += 1
            continue
        outcome = await mount(machine, entry.source, entry.target, entry.fstype, entry.option_list)
        good, bad = good + (outcome.code == 0), bad + (outcome.code != 0)
        said += [outcome.said] if outcome.said else []
    return Outcome(0 if not bad else 32 if not good else 64, "\n".join(said))
