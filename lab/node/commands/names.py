"""readlink, realpath, dirname, basename: taking paths apart."""

import errno
import os
import posixpath

from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command


@command("readlink")
async def readlink(proc: Process, argv: list[str]) -> int:
    """The text of a symlink, or with -f, -e, -m the path without symlinks."""
    given = Options(
        argv,
        "femnqsvz",
        "canonicalize canonicalize-existing canonicalize-missing no-newline",
        same="canonicalize=f canonicalize-existing=e canonicalize-missing=m no-newline=n",
    )
    code = 0
    for name in given.operands:
        try:
            await proc.reach(name, follow=given.any("f", "e", "m"))
            text = (
                _real(proc, name, given.last("f", "e", "m"))
                if given.any("f", "e", "m")
                else proc.root.readlink(proc.path(name))
            )
        except OSError:
            code = 1
            continue
        await proc.out(text + ("" if "n" in given else "\n"))
    return code


def _real(proc: Process, name: str, how: str) -> str:
    path = proc.root.canonical(proc.path(name))
    needed = path if how == "e" else posixpath.dirname(path) if how == "f" else "/"
    if not proc.root.exists(needed):
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    return path


@command("realpath")
async def realpath(proc: Process, argv: list[str]) -> int:
    """The path without symlinks: -e, -m, -s."""
    given = Options(
        argv,
        "emsqz",
        "canonicalize-existing canonicalize-missing no-symlinks",
        same="canonicalize-existing=e canonicalize-missing=m no-symlinks=s",
    )
    code = 0
    for name in given.operands:
        try:
            await proc.reach(name)
            await proc.out(_real(proc, name, given.last("e", "m", default="f")) + "\n")
        except OSError as error:
            code = await proc.fail(name, error)
    return code


@command("dirname")
async def dirname(proc: Process, argv: list[str]) -> int:
    """All but the last component."""
    for name in argv[1:]:
        stripped = name.rstrip("/") or "/"
        await proc.out((posixpath.dirname(stripped).rstrip("/") or ("/" if stripped.startswith("/") else ".")) + "\n")
    return 0


@command("basename")
async def basename(proc: Process, argv: list[str]) -> int:
    """The last component, without a suffix: NAME [SUFFIX], -a, -s SUFFIX."""
    given = Options(argv, "as:z", "multiple suffix=", same="suffix=s multiple=a")
    if not given.operands:
        raise BadUsage("missing operand")
    many = given.any("a", "s")
    suffix = given.get("s") if many else (given.operands[1:2] or [""])[0]
    for name in given.operands if many else given.operands[:1]:
        last = posixpath.basename(name.rstrip("/")) or "/"
        await proc.out((last.removesuffix(suffix) if last != suffix else last) + "\n")
    return 0
