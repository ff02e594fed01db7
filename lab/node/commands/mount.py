"""mount, umount, mountpoint: the mount table from the command line."""

import errno
import os

from lab.node import mounting
from lab.node.nfs import Outcome, mount_nfs, umount
from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command


async def _end(proc: Process, outcome: Outcome) -> int:
    if outcome.said:
        await proc.err(outcome.said)
    return outcome.code


@command("mount")
async def mount(proc: Process, argv: list[str]) -> int:
    """List mounts, mount an fstab entry, mount something, or remount."""
    given = Options(
        argv,
        "avrwnft:o:T:l",
        "all verbose fake types= options= bind fstab= target= source= version",
        same="all=a types=t options=o verbose=v fake=f",
        code=1,
    )
    if "version" in given:
        await proc.out("mount from util-linux 2.38.1 (libmount 2.38.1: selinux, smack, btrfs, verity, namespaces)\n")
        return 0
    machine = proc.machine
    options = [o for value in given.all("o") for o in value.split(",") if o]
    options += ["ro"] if "r" in given else []
    options += ["bind"] if "bind" in given else []
    operands = given.operands + given.all("source") + given.all("target")
    if "a" in given:
        return await _end(proc, await mounting.mount_all(machine))
    if not operands:
        for entry in proc.root.mounts:
            if not given.get("t") or entry.fstype in given.get("t").split(","):
                await proc.out(f"{entry.source} on {entry.target} type {entry.fstype} ({','.join(entry.options)})\n")
        return 0
    if "remount" in options:
        return await _end(proc, mounting.remount(machine, proc.path(operands[-1]), options))
    if len(operands) == 1:
        found = mounting.entry_for(machine, operands[0])
        if found is None:
            return await _end(proc, Outcome(1, f"mount: {operands[0]}: can't find in /etc/fstab."))
        return await _end(
            proc,
            await mounting.mount(
                machine, found.source, found.target, given.get("t") or found.fstype, found.option_list + options
            ),
        )
    source, target = operands[0], proc.path(operands[1])
    source = source if ":" in source or given.get("t") == "tmpfs" else proc.path(source)
    return await _end(proc, await mounting.mount(machine, source, target, given.get("t") or "auto", options))


@command("mount.nfs", "mount.nfs4")
async def mount_nfs_directly(proc: Process, argv: list[str]) -> int:
    """Mount SOURCE on TARGET with `-o options`."""
    given = Options(argv, "o:vnsrwf")
    if len(given.operands) != 2:
        raise BadUsage("no mount point provided")
    options = [o for value in given.all("o") for o in value.split(",") if o]
    return await _end(proc, await mount_nfs(proc.machine, given.operands[0], proc.path(given.operands[1]), options))


@command("umount")
async def unmount(proc: Process, argv: list[str]) -> int:
    """Unmount directories or sources; -l takes a busy one away at once."""
    given = Options(argv, "lfvnRa", "lazy force verbose recursive all", same="lazy=l force=f recursive=R all=a")
    if not given.operands:
        raise BadUsage("bad usage\nTry 'umount --help' for more information.")
    worst = 0
    for name in given.operands:
        by_source = [m.target for m in proc.root.mounts if m.source == name]
        target = by_source[-1] if by_source else proc.path(name)
        if (
            not by_source
            and proc.root.mounted(target) is None
            and not proc.root.dead(target)
            and not proc.root.exists(target)
        ):
            await proc.err(f"umount: {name}: no mount point specified.")
            worst = 32
            continue
        outcome = await umount(proc.machine, target, lazy="l" in given, force="f" in given)
        worst = max(worst, await _end(proc, outcome))
    return worst


@command("mountpoint")
async def mountpoint(proc: Process, argv: list[str]) -> int:
    """Whether a directory is a mount point: asks stat(2), so a silent server makes it wait and then say no."""
    given = Options(argv, "qdx", "quiet fs-devno nofollow", same="quiet=q fs-devno=d")
    if len(given.operands) != 1:
        raise BadUsage("bad usage")
    name = given.operands[0]
    path = proc.path(name)
    try:
        await proc.reach(path)
        found = proc.root.stat(path)
        mounted = proc.root.is_mountpoint(path)
    except OSError as error:
        if error.errno == errno.EIO:
            mounted = False
        else:
            if "q" not in given:
                await proc.err(f"mountpoint: {name}: {os.strerror(error.errno or errno.EIO)}")
            return 1
    else:
        if not proc.root.isdir(path):
            if "q" not in given:
                await proc.err(f"mountpoint: {name}: Not a directory")
            return 1
        if mounted and "d" in given:
            device = (proc.root.mounted(path) or proc.root.mounts[0]).device
            await proc.out(f"{device}\n")
            return 0
        del found
    if "q" not in given:
        await proc.out(f"{name} is {'' if mounted else 'not '}a mountpoint\n")
    return 0 if mounted else 32 if proc.root.dead(path) is None else 1
