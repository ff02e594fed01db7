"""cp, mv, install, dd: commands that carry bytes from one place to another."""

import errno
import os
import stat

from lab.node import trees
from lab.node.commands.files import parse_size
from lab.node.commands.modes import new_mode, owner
from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command
from lab.node.streams import File, Stream


def destination(proc: Process, source: str, target: str, *, plain: bool) -> str:
    """Where a copy of `source` goes: into a directory, unless `plain`."""
    path = proc.path(target)
    if not plain and proc.root.isdir(path):
        return f"{path.rstrip('/')}/{os.path.basename(source.rstrip('/'))}"
    return path


def _operands(given: Options) -> tuple[list[str], str]:
    if given.get("t"):
        return given.operands, given.get("t")
    if not given.operands:
        raise BadUsage("missing file operand")
    if len(given.operands) < 2:
        raise BadUsage(f"missing destination file operand after '{given.operands[0]}'")
    return given.operands[:-1], given.operands[-1]


@command("cp")
async def cp(proc: Process, argv: list[str]) -> int:
    """Copy files: -r, -a, -p, --preserve[=…], --attributes-only, -n, -T, -L, -P."""
    argv = ["--preserve=all" if w == "--preserve" else w for w in argv]
    given = Options(
        argv,
        "rRapfnTvduPLit:",
        "recursive archive preserve= no-clobber no-target-directory force reflink= "
        "no-dereference dereference no-preserve= target-directory= attributes-only",
        same="recursive=r R=r archive=a no-clobber=n no-target-directory=T force=f target-directory=t",
    )
    sources, target = _operands(given)
    code = 0
    for name in sources:
        try:
            await proc.reach(name)
            await proc.reach(target)
            path = destination(proc, name, target, plain="T" in given)
            follow = not given.any("a", "d", "P")
            if (
                proc.root.isdir(proc.path(name))
                and (follow or not proc.root.islink(proc.path(name)))
                and not given.any("r", "R", "a")
            ):
                code = await proc.fail("-r not specified; omitting directory", f"'{name}'")
                continue
            if "n" in given and proc.root.exists(path):
                continue
            keep = given.any("a", "p", "preserve")
            if "attributes-only" in given:
                _attributes(proc, proc.path(name), path)
                continue
            await _copy(proc, proc.path(name), path, keep=keep, follow=follow)
        except OSError as error:
            missing = error.errno == errno.ENOENT and not proc.root.exists(proc.path(name), follow=False)
            code = await proc.fail(
                f"cannot stat '{name}'"
                if missing
                else f"cannot create regular file '{target}'"
                if error.errno != errno.ENOSPC
                else f"error writing '{target}'",
                error,
            )
    return code


async def _copy(proc: Process, source: str, target: str, *, keep: bool, follow: bool) -> None:
    root = proc.root
    found = root.stat(source, follow=follow)
    if stat.S_ISLNK(found.st_mode):
        if root.exists(target, follow=False):
            root.unlink(target)
        root.symlink(root.readlink(source), target)
        return
    if stat.S_ISDIR(found.st_mode):
        if root.canonical(target).startswith(root.canonical(source).rstrip("/") + "/"):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), target)
        if not root.isdir(target):
            root.mkdir(target)
        for name in root.listdir(source):
            await _copy(proc, f"{source.rstrip('/')}/{name}", f"{target.rstrip('/')}/{name}", keep=keep, follow=False)
    else:
        existed = root.exists(target)
        await _bytes(proc, source, target)
        if not existed:
            root.chmod(target, stat.S_IMODE(found.st_mode) & ~(0 if keep else proc.umask))
    if keep:
        _attributes(proc, source, target)


def _attributes(proc: Process, source: str, target: str) -> None:
    """Give a file, made empty where it is not there, another one's mode, owner, ACL and time."""
    root, found = proc.root, proc.root.stat(source)
    if not root.exists(target):
        root.write(target, b"")
    root.chmod(target, stat.S_IMODE(found.st_mode))
    root.chown(target, found.st_uid, found.st_gid)
    root.change(target).acl = list(root.inodes.of(root.resolve(source)).acl)
    root.utime(target, found.st_mtime)


async def _bytes(proc: Process, source: str, target: str) -> None:
    reader = await proc.open(source)
    try:
        if proc.root.canonical(source) == proc.root.canonical(target):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), target)
        writer = await proc.open(target, "w")
        try:
            while piece := await reader.read(2**20):
                await writer.write(piece)
        finally:
            writer.release()
    finally:
        reader.release()


@command("mv")
async def mv(proc: Process, argv: list[str]) -> int:
    """Rename, or between mounts copy and remove: -f, -n, -T."""
    given = Options(
        argv, "fnTvit:", "force no-clobber no-target-directory", same="force=f no-clobber=n no-target-directory=T"
    )
    sources, target = _operands(given)
    code = 0
    for name in sources:
        source = proc.path(name)
        try:
            await proc.reach(source, follow=False)
            await proc.reach(target)
            path = destination(proc, name, target, plain="T" in given)
            proc.root.stat(source, follow=False)
            if "n" in given and proc.root.exists(path):
                continue
            try:
                proc.root.rename(source, path)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                await _copy(proc, source, path, keep=True, follow=False)
                trees.remove(proc.root, source)
        except OSError as error:
            missing = error.errno == errno.ENOENT and not proc.root.exists(source, follow=False)
            code = await proc.fail(f"cannot stat '{name}'" if missing else f"cannot move '{name}' to '{target}'", error)
    return code


@command("install")
async def install(proc: Process, argv: list[str]) -> int:
    """Copy with a mode: -m MODE, -o OWNER, -g GROUP, -d, -D."""
    given = Options(argv, "m:o:g:dDpTt:", "mode= owner= group= directory", same="mode=m owner=o group=g directory=d")
    mode = new_mode(0, given.get("m") or "755", directory=False)
    if "d" in given:
        for name in given.operands:
            proc.root.mkdir(proc.path(name), True)
            proc.root.chmod(proc.path(name), mode)
        return 0
    sources, target = _operands(given)
    for name in sources:
        path = destination(proc, name, target, plain="T" in given)
        if "D" in given:
            proc.root.mkdir(os.path.dirname(path), True)
        await proc.reach(path)
        if proc.root.exists(path):
            proc.root.unlink(path)
        if name == "/dev/stdin":
            proc.root.write(path, await proc.stdin.read())
        else:
            await _bytes(proc, proc.path(name), path)
        proc.root.chmod(path, mode)
        proc.root.chown(path, *owner(proc, f"{given.get('o')}:{given.get('g')}"))
    return 0


@command("dd")
async def dd(proc: Process, argv: list[str]) -> int:
    """Copy blocks: if= of= bs= count= skip= seek= conv= status=."""
    given = dict(w.partition("=")[::2] for w in argv[1:])
    if unknown := set(given) - {
        "if",
        "of",
        "bs",
        "count",
        "skip",
        "seek",
        "conv",
        "status",
        "oflag",
        "iflag",
        "ibs",
        "obs",
    }:
        raise BadUsage(f"unrecognized operand '{sorted(unknown)[0]}'")
    block, count = parse_size(given.get("bs", "512")), given.get("count")
    conversions = given.get("conv", "").split(",")
    name = given.get("if", "stdin")
    try:
        reader = await proc.open(given["if"]) if "if" in given else proc.stdin.hold()
    except OSError as error:
        return await proc.fail(f"failed to open '{name}'", error)
    name = given.get("of", "stdout")
    try:
        mode = "a" if "append" in given.get("oflag", "") else "r+" if "notrunc" in conversions else "w"
        writer = await proc.open(given["of"], mode) if "of" in given else proc.stdout.hold()
        if isinstance(writer, File) and mode != "a":
            writer.file.seek(block * parse_size(given.get("seek", "0")))
    except OSError as error:
        reader.release()
        return await proc.fail(f"failed to open '{name}'", error)
    left = block * parse_size(given.get("skip", "0"))
    while left > 0 and (piece := await reader.read(min(left, 2**20))):
        left -= len(piece)
    full, partial, total, code = await _blocks(
        proc, reader, writer, block, None if count is None else parse_size(count), name
    )
    if given.get("status") != "none":
        await proc.err(
            f"{full}+{partial} records in\n{full}+{partial} records out\n{total} bytes copied, 0.01 s, 100 MB/s"
        )
    return code


async def _blocks(
    proc: Process, reader: Stream, writer: Stream, block: int, count: int | None, name: str
) -> tuple[int, int, int, int]:
    full = partial = total = 0
    try:
        while count is None or full + partial < count:
            piece = bytearray()
            while len(piece) < block and (more := await reader.read(block - len(piece))):
                piece += more
            if not piece:
                break
            try:
                await writer.write(bytes(piece))
            except OSError as error:
                return full, partial, total, await proc.fail(f"error writing '{name}'", error)
            full, partial, total = full + (len(piece) == block), partial + (len(piece) < block), total + len(piece)
    finally:
        reader.release()
        writer.release()
    return full, partial, total, 0
