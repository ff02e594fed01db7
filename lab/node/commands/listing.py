"""ls and stat: looking at files."""

import errno
import re
import stat

from lab.node.commands.echo import unescape
from lab.node.commands.modes import GROUPS, USERS
from lab.node.inodes import Stat
from lab.node.options import Options
from lab.node.process import Process
from lab.node.registry import command

USER_NAMES, GROUP_NAMES = {v: k for k, v in USERS.items()}, {v: k for k, v in GROUPS.items()}
KINDS = {stat.S_IFDIR: "directory", stat.S_IFLNK: "symbolic link", stat.S_IFREG: "regular file"}
FILESYSTEMS = {
    "nfs4": "nfs",
    "nfs": "nfs",
    "ext4": "ext2/ext3",
    "tmpfs": "tmpfs",
    "xfs": "xfs",
    "fuse": "fuseblk",
    "proc": "proc",
    "sysfs": "sysfs",
}


@command("ls")
async def ls(proc: Process, argv: list[str]) -> int:
    """List: -l, -a, -A, -1, -d, -n, -t, -r, -S, -i, -R, -h, -F. Names alone ask nothing of a silent server below."""
    given = Options(
        argv,
        "laA1dntrSihRFgopqcuLH",
        "all almost-all directory numeric-uid-gid reverse recursive human-readable color= time-style= full-time",
        same="all=a almost-all=A directory=d reverse=r recursive=R",
        code=2,
    )
    files: list[str] = []
    folders: list[str] = []
    code = 0
    for name in given.operands or ["."]:
        try:
            await proc.reach(name, follow=not given.any("l", "d"))
            path = proc.path(name)
            found = proc.root.stat(path, follow=not given.any("l", "d"))
            (folders if stat.S_ISDIR(found.st_mode) and "d" not in given else files).append(name)
        except OSError as error:
            code = 2
            said = "cannot open directory" if error.errno == errno.EIO and not given.any("l", "d") else "cannot access"
            await proc.fail(f"{said} '{name}'", error)
    if files:
        code = max(code, await _entries(proc, given, [(f, proc.path(f)) for f in sorted(files)]))
    pending = sorted(folders)
    first = not files
    while pending:
        name = pending.pop(0)
        if len(given.operands) > 1 or "R" in given:
            await proc.out(f"{'' if first else chr(10)}{name}:\n")
        first = False
        path = proc.path(name)
        names = proc.root.listdir(path)
        if "a" in given:
            names = [".", "..", *names]
        elif "A" not in given:
            names = [n for n in names if not n.startswith(".")]
        if given.any("l", "n"):
            await proc.out("total 0\n")
        code = max(code, await _entries(proc, given, [(n, f"{path.rstrip('/')}/{n}") for n in names]))
        if "R" in given:
            pending = [
                f"{name.rstrip('/')}/{n}"
                for n in names
                if n not in (".", "..") and proc.root.isdir(f"{path}/{n}") and not proc.root.islink(f"{path}/{n}")
            ] + pending
    return code


async def _entries(proc: Process, given: Options, entries: list[tuple[str, str]]) -> int:
    code = 0
    long = given.any("l", "n", "g", "o", "full-time")
    rows: list[tuple[str, str, Stat | None]] = []
    for name, path in entries:
        found = None
        if long or given.any("t", "S", "i", "F"):
            try:
                await proc.reach(path, follow=False)
                found = proc.root.stat(path, follow=False)
            except OSError as error:
                code = 1
                await proc.fail(f"cannot access '{name if name.startswith('/') else path}'", error)
        rows.append((name, path, found))
    if "t" in given:
        rows.sort(key=lambda r: -(r[2].st_mtime if r[2] else 0))
    if "S" in given:
        rows.sort(key=lambda r: -(r[2].st_size if r[2] else 0))
    for name, path, found in reversed(rows) if "r" in given else rows:
        inode = f"{found.st_ino if found else '?'} " if "i" in given else ""
        tail = "/" if "F" in given and found and stat.S_ISDIR(found.st_mode) else ""
        await proc.out(f"{inode}{_long(proc, given, name, path, found) if long else name}{tail}\n")
    return code


def _long(proc: Process, given: Options, name: str, path: str, found: Stat | None) -> str:
    if found is None:
        return f"d????????? ? ?    ?       ?            ? {name}"
    who = (
        [str(found.st_uid), str(found.st_gid)]
        if "n" in given
        else [USER_NAMES.get(found.st_uid, str(found.st_uid)), GROUP_NAMES.get(found.st_gid, str(found.st_gid))]
    )
    when = proc.clock.local(found.st_mtime)
    recent = abs(proc.clock.now() - found.st_mtime) < 15768000
    shown = (
        when.strftime("%Y-%m-%d %H:%M:%S.%f %z")
        if "full-time" in given
        else f"{when:%b} {when.day:2d} " + (when.strftime("%H:%M") if recent else f"{when.year:5d}")
    )
    arrow = f" -> {proc.root.readlink(path)}" if stat.S_ISLNK(found.st_mode) else ""
    extra = (
        "+"
        if not stat.S_ISLNK(found.st_mode) and proc.root.inodes.of(proc.root.resolve(path, follow=False)).acl
        else ""
    )
    size = human(found.st_size) if "h" in given else str(found.st_size)
    return f"{stat.filemode(found.st_mode)}{extra} {found.st_nlink} {who[0]} {who[1]} {size} {shown} {name}{arrow}"


def human(size: float) -> str:
    """Bytes as ls -h and df -h print them."""
    for unit in ("", "K", "M", "G", "T", "P"):
        if size < 1024 or unit == "P":
            return f"{size:.0f}{unit}" if unit == "" or size >= 10 else f"{size:.1f}{unit}"
        size /= 1024
    return str(size)


@command("stat")
async def stat_(proc: Process, argv: list[str]) -> int:
    """Status of files (-c FORMAT, -L) or of their filesystems (-f)."""
    given = Options(
        argv, "c:fLt", "format= printf= file-system dereference terse", same="format=c file-system=f dereference=L"
    )
    form = given.get("c") or given.get("printf")
    code = 0
    for name in given.operands:
        try:
            if (form.replace("%n", "") and "%" in form.replace("%n", "")) or not form:
                await proc.reach(name, follow="L" in given)
            if "f" in given:
                text = _filesystem(proc, name, form)
            elif form and "%" not in form.replace("%n", ""):
                text = form.replace("%n", name)  # a name alone asks nothing of the server
                if not proc.root.dead(proc.path(name)):
                    proc.root.stat(proc.path(name), follow="L" in given)
            else:
                text = _status(proc, name, form, follow="L" in given)
        except OSError as error:
            what = f"cannot read file system information for '{name}'" if "f" in given else f"cannot statx '{name}'"
            code = await proc.fail(what, error)
            continue
        if "printf" in given:
            await proc.out(unescape(text)[0])
        else:
            await proc.out(text + "\n")
    return code


def _status(proc: Process, name: str, form: str, *, follow: bool) -> str:
    path = proc.path(name)
    found = proc.root.stat(path, follow=follow)
    kind = KINDS.get(stat.S_IFMT(found.st_mode), "regular file")
    kind = "regular empty file" if kind == "regular file" and found.st_size == 0 else kind
    moments = {"x": found.st_atime, "y": found.st_mtime, "z": found.st_ctime, "w": found.st_ctime}
    target = proc.root.canonical(path, follow=False)
    quoted = f"'{name}' -> '{proc.root.readlink(path)}'" if kind == "symbolic link" else f"'{name}'"
    values = {
        "n": name,
        "N": quoted,
        "s": found.st_size,
        "a": f"{stat.S_IMODE(found.st_mode):o}",
        "A": stat.filemode(found.st_mode),
        "f": f"{found.st_mode:x}",
        "F": kind,
        "u": found.st_uid,
        "g": found.st_gid,
        "i": found.st_ino,
        "h": found.st_nlink,
        "U": USER_NAMES.get(found.st_uid, "UNKNOWN"),
        "G": GROUP_NAMES.get(found.st_gid, "UNKNOWN"),
        "b": found.st_blocks,
        "B": 512,
        "o": 4096,
        "d": found.st_dev,
        "D": f"{found.st_dev:x}",
        "m": proc.root.mount_of(target).target,
        "t": 0,
        "T": 0,
        **{letter: proc.clock.local(epoch).strftime("%Y-%m-%d %H:%M:%S.%f000 %z") for letter, epoch in moments.items()},
        **{letter.upper(): int(epoch) for letter, epoch in moments.items()},
    }
    if not form:
        form = (
            f"  File: %N\n  Size: %s\tBlocks: %b\tIO Block: %o\t%F\nDevice: %D\tInode: %i\tLinks: %h\n"
            f"Access: (0{stat.S_IMODE(found.st_mode):03o}/%A)  Uid: (%u/%U)   Gid: (%g/%G)\n"
            "Access: %x\nModify: %y\nChange: %z\n Birth: %w"
        )
    return _filled(form, values)


def _filesystem(proc: Process, name: str, form: str) -> str:
    path = proc.path(name)
    proc.root.stat(path)
    total, _, free = proc.root.usage(path)
    kind = proc.root.mount_of(path).fstype
    values = {
        "n": name,
        "T": FILESYSTEMS.get(kind, kind),
        "b": total // 4096,
        "f": free // 4096,
        "a": free // 4096,
        "s": 4096,
        "S": 4096,
        "c": 6000000,
        "d": 5900000,
        "l": 255,
        "t": "6969" if kind.startswith("nfs") else "ef53",
        "i": "0",
    }
    return _filled(
        form
        or '  File: "%n"\n    ID: %i Namelen: %l     Type: %T\nBlock size: %s\nBlocks: Total: %b Free: %f '
        "Available: %a\nInodes: Total: %c Free: %d",
        values,
    )


def _filled(form: str, values: dict[str, object]) -> str:
    return re.sub(r"%[-0]?\d*([A-Za-z%])", lambda m: "%" if m[1] == "%" else str(values.get(m[1], "?")), form)
