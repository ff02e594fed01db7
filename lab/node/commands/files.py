"""Commands that make, move and remove files."""

import errno
import os
import re
import secrets
import stat
import string

from lab.node.commands.date import moment
from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command

BLOCK = 65536


@command("cat")
async def cat(proc: Process, argv: list[str]) -> int:
    """Concatenate files to standard output."""
    code = 0
    for name in Options(argv, "nAvetu").operands or ["-"]:
        try:
            if name != "-" and await proc.ask(proc.root.isdir, name):
                code = await proc.fail(name, "Is a directory")
                continue
            stream = proc.stdin.hold() if name == "-" else await proc.open(name)
        except OSError as error:
            code = await proc.fail(name, error)
            continue
        try:
            while piece := await stream.read(BLOCK):
                await proc.stdout.write(piece)
        finally:
            stream.release()
    return code


@command("touch")
async def touch(proc: Process, argv: list[str]) -> int:
    """Make files, or set their times to now, -d @EPOCH, -r FILE, or -t STAMP."""
    given = Options(argv, "acmd:r:t:", "no-create date= reference=", same="no-create=c date=d reference=r")
    when, code = proc.clock.now(), 0
    if given.get("r"):
        when = (await proc.ask(proc.root.stat, given.get("r"))).st_mtime
    elif given.get("d"):
        when = moment(proc, given.get("d"))
    for name in given.operands:
        try:
            if not await proc.ask(proc.root.exists, name):
                if "c" in given:
                    continue
                (await proc.open(name, "a")).release()
            proc.root.utime(proc.path(name), when)
        except OSError as error:
            reason = os.strerror(error.errno or errno.EIO)
            code = await proc.fail(f"cannot touch '{name}'", reason)
    return code


@command("mkdir")
async def mkdir(proc: Process, argv: list[str]) -> int:
    """Make directories: -p, -m MODE."""
    given = Options(argv, "pm:v", "parents mode= verbose", same="parents=p mode=m")
    code = 0
    mode = int(given.get("m"), 8) if re.fullmatch("[0-7]+", given.get("m")) else 0o777 & ~proc.umask
    if not given.operands:
        raise BadUsage("missing operand")
    for name in given.operands:
        try:
            await proc.reach(name)
            if "p" in given and proc.root.exists(proc.path(name)) and not proc.root.isdir(proc.path(name)):
                raise FileExistsError(errno.EEXIST, "File exists", name)
            existed = proc.root.exists(proc.path(name))
            proc.root.mkdir(proc.path(name), "p" in given)
            if not existed:
                proc.root.chmod(proc.path(name), mode)
        except OSError as error:
            code = await proc.fail(f"cannot create directory {proc.quoted(name)}", error)
    return code


@command("rmdir")
async def rmdir(proc: Process, argv: list[str]) -> int:
    """Remove empty directories."""
    code = 0
    for name in Options(argv, "pv", "ignore-fail-on-non-empty").operands:
        try:
            await proc.ask(proc.root.rmdir, name)
        except OSError as error:
            code = await proc.fail(f"failed to remove '{name}'", error)
    return code


@command("rm", "unlink")
async def rm(proc: Process, argv: list[str]) -> int:
    """Remove files, with -r directories; mounts below are left with `Device or resource busy`."""
    given = Options(
        argv, "rRfivd", "recursive force no-preserve-root one-file-system preserve-root", same="recursive=r force=f R=r"
    )
    recursive, code = given.any("r", "R"), 0
    if not given.operands and "f" not in given:
        raise BadUsage("missing operand")
    for name in given.operands:
        path = proc.path(name)
        if recursive and proc.root.canonical(path) == "/" and "no-preserve-root" not in given:
            await proc.err(
                "rm: it is dangerous to operate recursively on '/'\n"
                "rm: use --no-preserve-root to override this failsafe"
            )
            code = 1
            continue
        if recursive and os.path.basename(path) in (".", ".."):
            code = await proc.fail("refusing to remove '.' or '..' directory", f"skipping '{name}'")
            continue
        code = await _remove(proc, name, path, recursive=recursive, force="f" in given) or code
    return code


async def _remove(proc: Process, name: str, path: str, *, recursive: bool, force: bool) -> int:
    root, code = proc.root, 0
    try:
        await proc.reach(path, follow=False)
        found = root.stat(path, follow=False)
        if not stat.S_ISDIR(found.st_mode):
            root.unlink(path)
            return 0
        if not recursive:
            return await proc.fail(f"cannot remove '{name}'", "Is a directory")
        for inner in root.listdir(path):
            code = (
                await _remove(
                    proc, f"{name.rstrip('/')}/{inner}", f"{path.rstrip('/')}/{inner}", recursive=True, force=force
                )
                or code
            )
        if code == 0 and root.canonical(path) != "/":
            root.rmdir(path)
        return code
    except FileNotFoundError as error:
        return 0 if force else await proc.fail(f"cannot remove '{name}'", error)
    except OSError as error:
        return await proc.fail(f"cannot remove '{name}'", error)


@command("ln")
async def ln(proc: Process, argv: list[str]) -> int:
    """Make links: -s, -f, -n."""
    given = Options(argv, "sfnTvr", "symbolic force no-dereference", same="symbolic=s force=f no-dereference=n")
    if not given.operands:
        raise BadUsage("missing file operand")
    source = given.operands[0]
    target = given.operands[1] if len(given.operands) > 1 else os.path.basename(source)
    path = proc.path(target)
    try:
        await proc.reach(path)
        if proc.root.isdir(path) and "T" not in given and not ("n" in given and proc.root.islink(path)):
            path = f"{path.rstrip('/')}/{os.path.basename(source.rstrip('/'))}"
        if "f" in given and proc.root.exists(path, follow=False):
            proc.root.unlink(path)
        if "s" in given:
            proc.root.symlink(source, path)
        else:
            proc.root.link(proc.path(source), path)
    except OSError as error:
        kind = "symbolic link" if "s" in given else "hard link"
        return await proc.fail(f"failed to create {kind} '{target}'", error)
    return 0


@command("sync")
async def sync(proc: Process, argv: list[str]) -> int:
    """Flush; files that are named must exist."""
    code = 0
    for name in Options(argv, "df", "data file-system").operands:
        try:
            await proc.ask(proc.root.stat, name)
        except OSError as error:
            code = await proc.fail(f"error opening '{name}'", error)
    return code


@command("tee")
async def tee(proc: Process, argv: list[str]) -> int:
    """Copy standard input to files and to standard output."""
    given = Options(argv, "ai", "append", same="append=a")
    code, streams = 0, []
    for name in given.operands:
        try:
            streams.append((name, await proc.open(name, "a" if "a" in given else "w")))
        except OSError as error:
            code = await proc.fail(name, error)
    try:
        while piece := await proc.stdin.read(BLOCK):
            await proc.stdout.write(piece)
            for name, stream in streams:
                try:
                    await stream.write(piece)
                except OSError as error:
                    code = await proc.fail(name, error)
    finally:
        for _, stream in streams:
            stream.release()
    return code


@command("truncate")
async def truncate(proc: Process, argv: list[str]) -> int:
    """Set the size of files: -s SIZE."""
    given = Options(argv, "s:c", "size= no-create", same="size=s")
    size = parse_size(given.get("s", "0"))
    for name in given.operands:
        data = await proc.read_file(name) if proc.root.exists(proc.path(name)) else b""
        if size - len(data) > proc.root.room(proc.path(name), max(0, size - len(data))):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)
        with proc.root.open(proc.path(name), "a") as file:
            file.truncate(size)
        proc.root.touched(proc.path(name))
    return 0


def parse_size(text: str) -> int:
    """A size like 4k, 1M, 2G in bytes; raises BadUsage."""
    match = re.fullmatch(r"(\d+)([kKMGT]?)(i?B|B)?", text)
    if match is None:
        raise BadUsage(f"invalid number: '{text}'")
    thousand = 1000 if match[3] == "B" else 1024
    power = " KMGT".index(match[2].upper() or " ")
    return int(match[1]) * int(thousand**power)


@command("mktemp")
async def mktemp(proc: Process, argv: list[str]) -> int:
    """Make a temporary file or (-d) directory from a template with at least three X."""
    given = Options(argv, "dup:tq", "directory dry-run tmpdir= suffix=", same="directory=d dry-run=u tmpdir=p")
    template = (given.operands or [f"{given.get('p') or proc.env.get('TMPDIR') or '/tmp'}/tmp.XXXXXXXXXX"])[0]  # noqa: S108
    if given.operands and given.any("p", "t") and "/" not in template:
        template = f"{given.get('p') or '/tmp'}/{template}"  # noqa: S108
    match = re.search(r"X{3,}(?=[^X/]*$)", template)
    if match is None:
        raise BadUsage(f"too few X's in template '{template}'")
    letters = string.ascii_letters + string.digits
    name = (
        template[: match.start()]
        + "".join(secrets.choice(letters) for _ in match[0])
        + template[match.end() :]
        + given.get("suffix")
    )
    path = proc.path(name)
    try:
        await proc.reach(path)
        if "u" not in given and "d" in given:
            proc.root.mkdir(path, mode=0o700)
        elif "u" not in given:
            proc.root.write(path, b"")
            proc.root.chmod(path, 0o600)
    except OSError as error:
        kind = "directory" if "d" in given else "file"
        return await proc.fail(f"failed to create {kind} via template '{template}'", error)
    await proc.out(name + "\n")
    return 0
