"""Applies redirections to a process, and takes them back."""

import errno
import os
from typing import TYPE_CHECKING

from lab.node.paths import fault
from lab.node.process import Process
from lab.node.shell import expansion
from lab.node.shell.syntax import Redirect
from lab.node.streams import Memory, Stream

if TYPE_CHECKING:
    from lab.node.shell.interpreter import Shell

MODES = {"<": "r", "<>": "r+", ">": "w", ">|": "w", ">>": "a", "&>": "w"}


class RedirectionFailed(Exception):
    """A redirection could not be made; the text is what the shell says."""


async def apply(shell: "Shell", process: Process, redirects: list[Redirect]) -> None:
    """Make the redirections on the descriptors of `process`, in order; raises RedirectionFailed."""
    for redirect in redirects:
        target = await expansion.text(shell, redirect.target)
        if redirect.op in ("<<", "<<-", "<<<"):
            data = target + ("\n" if redirect.op == "<<<" else "")
            process.replace(redirect.fd, Memory(data.encode("utf-8", "surrogateescape")))
            continue
        try:
            stream = await _open(shell, process, redirect.op, target)
        except OSError as error:
            raise RedirectionFailed(_say(shell, redirect.op, target, error)) from error
        process.replace(redirect.fd, stream)
        if redirect.op == "&>" and stream:
            process.replace(2, stream.hold())


async def _open(shell: "Shell", process: Process, op: str, target: str) -> Stream | None:
    if op in (">&", "<&"):
        if target == "-":
            return None
        if not target.isdigit():
            raise fault(errno.EBADF, target)
        return process.fd(int(target)).hold()
    if shell.bash and target.startswith("/dev/tcp/"):
        host, _, port = target.removeprefix("/dev/tcp/").partition("/")
        return await process.machine.connect(host, int(port) if port.isdigit() else 0)
    if op == ">" and "C" in shell.options and process.root.isfile(process.path(target)):
        raise fault(errno.EEXIST, target)
    return await process.open(target, MODES[op])


def _say(shell: "Shell", op: str, target: str, error: OSError) -> str:
    reason = os.strerror(error.errno or errno.EIO)
    if shell.bash:
        said = f"{target}: {reason}"
        return f"connect: {reason}\n{shell.name}: line {shell.line}: {said}" if target.startswith("/dev/tcp/") else said
    if op in (">&", "<&"):
        return f"{target}: Bad file descriptor"
    if MODES[op] == "r":
        return f"cannot open {target}: {'No such file' if error.errno == errno.ENOENT else reason}"
    return f"cannot create {target}: {'Directory nonexistent' if error.errno == errno.ENOENT else reason}"


class Saved:
    """The descriptors of a process, kept while something else runs in it."""

    def __init__(self, process: Process) -> None:
        """Keep them."""
        self.process = process
        self.fds = {number: stream.hold() for number, stream in process.fds.items()}

    def restore(self) -> None:
        """Put them back and close what came in between."""
        self.process.close()
        self.process.fds = self.fds

    def drop(self) -> None:
        """Let the present ones stay (`exec` without a command)."""
        for stream in self.fds.values():
            stream.release()
