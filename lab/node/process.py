"""A process of the simulated node: descriptors, environment, directory, and how it waits for a silent server."""

import asyncio
import contextlib
import errno
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from lab.clock import Clock
from lab.node.mounts import Mount
from lab.node.paths import fault
from lab.node.root import Root
from lab.node.streams import Device, File, Memory, Stream
from lab.node.waiting import STEPS, step_seconds

if TYPE_CHECKING:
    from lab.box import Box
    from lab.node.machine import Machine

P = ParamSpec("P")
T = TypeVar("T")
DEVICES = {f"/dev/{name}": name for name in ("null", "zero", "full", "random", "urandom", "tty")}
MAX_FORKS = 20_000
"""Processes that one session may start in all."""


class Session:
    """One ssh command or timer run, with all processes it started."""

    def __init__(self, limit: int | None = None) -> None:
        """A session that is killed before its simple command number `limit` + 1."""
        self.limit, self.commands, self.forks, self.killed = limit, 0, 0, False
        self.tasks: set[asyncio.Task[int]] = set()

    async def step(self) -> None:
        """Count one simple command about to run; the limit kills everything."""
        self.commands += 1
        if self.limit is not None and self.commands > self.limit:
            self.kill()
        await asyncio.sleep(0 if not self.killed else 3600)

    def kill(self) -> None:
        """Stop every process at once, running no trap."""
        self.killed = True
        for task in self.tasks:
            task.cancel()


class Process:
    """What a command gets: `async def f(proc, argv) -> exit code`."""

    def __init__(
        self,
        machine: "Machine",
        argv: list[str],
        *,
        env: dict[str, str],
        cwd: str,
        fds: dict[int, Stream],
        session: Session,
        parent: int = 1,
        umask: int = 0o022,
    ) -> None:
        """A process with descriptors of its own (`fds` is taken over)."""
        self.machine, self.argv, self.env, self.cwd, self.fds = machine, argv, env, cwd, fds
        self.session, self.parent, self.umask = session, parent, umask
        self.pid = machine.next_pid()
        self.signal = 0
        """The signal that ended it, or 0."""
        self.task: asyncio.Task[int] | None = None
        self._patient = False

    @property
    def root(self) -> Root:
        """The node's files."""
        return self.machine.root

    @property
    def clock(self) -> Clock:
        """The node's clock."""
        return self.machine.clock

    @property
    def box(self) -> "Box":
        """The whole lab, for commands that need the API."""
        if self.machine.box is None:
            raise RuntimeError("this machine stands alone, without a box")
        return self.machine.box

    @property
    def stdin(self) -> Stream:
        """Descriptor 0."""
        return self.fd(0)

    @property
    def stdout(self) -> Stream:
        """Descriptor 1."""
        return self.fd(1)

    @property
    def stderr(self) -> Stream:
        """Descriptor 2."""
        return self.fd(2)

    def fd(self, number: int) -> Stream:
        """A descriptor; EBADF when it is closed."""
        if number not in self.fds:
            raise fault(errno.EBADF, str(number))
        return self.fds[number]

    async def out(self, text: str | bytes) -> None:
        """Write to standard output."""
        await self.stdout.write(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))

    async def err(self, text: str) -> None:
        """Write to standard error; a line feed is added when it has none. A closed one swallows it."""
        line = text if text.endswith("\n") else text + "\n"
        with contextlib.suppress(OSError):
            await self.stderr.write(line.encode("utf-8", "surrogateescape"))

    async def fail(self, subject: str, error: OSError | str, code: int = 1) -> int:
        """Say `COMMAND: subject: reason` on standard error; the exit code `code`."""
        reason = error if isinstance(error, str) else os.strerror(error.errno or errno.EIO)
        await self.err(f"{os.path.basename(self.argv[0])}: {subject}: {reason}")
        return code

    def quoted(self, text: str) -> str:
        """A text in the quotes that GNU programs use in this locale."""
        locale = self.env.get("LC_ALL") or self.env.get("LC_CTYPE") or self.env.get("LANG") or "C"
        return f"‘{text}’" if "UTF-8" in locale.upper() else f"'{text}'"

    def path(self, name: str) -> str:
        """The absolute path of an argument (not made canonical)."""
        return name if name.startswith("/") or not name else f"{self.cwd.rstrip('/')}/{name}"

    async def reach(self, path: str, *, follow: bool = True) -> None:
        """Wait as the kernel does when `path` lies under an NFS mount whose server is silent; EIO comes after that."""
        mount = self.root.dead(self.path(path), follow=follow)
        if mount is None or self._patient:
            return
        self._patient = mount.option("hard") is None
        await self.wait_for(mount, STEPS.get(os.path.basename(self.argv[0]), 1))

    async def wait_for(self, mount: Mount, steps: float) -> None:
        """Wait until the server of `mount` answers again, at most `steps` major timeouts (for ever when it is hard)."""
        await self.machine.nas.answers(step_seconds(mount) * steps * self.machine.patience)

    async def ask(self, operation: Callable[Concatenate[str, P], T], path: str, *args: P.args, **kwargs: P.kwargs) -> T:
        """`operation(path, ...)` after waiting for a silent server: `await proc.ask(proc.root.stat, name)`."""
        await self.reach(path)
        return operation(self.path(path), *args, **kwargs)

    async def open(self, name: str, mode: str = "r") -> Stream:
        """Open a file, device or descriptor for `r`, `w`, `a`, `x` or `r+`."""
        path = self.path(name)
        if match := re.fullmatch(r"/dev/(?:fd/(\d+)|std(in|out|err))", path):
            number = int(match[1]) if match[1] else ("in", "out", "err").index(match[2])
            return self.fd(number).hold()
        await self.reach(path)
        real = self.root.canonical(path)
        if real in DEVICES:
            return Device(DEVICES[real])
        if real in self.root.generated and mode == "r":
            return Memory(self.root.generated[real]())
        return File(self.root, path, self.root.open(path, mode, perm=0o666 & ~self.umask))

    async def read_file(self, name: str) -> bytes:
        """All bytes of a file argument, `-` being standard input; an endless device gives EFBIG."""
        stream = self.stdin.hold() if name == "-" else await self.open(name)
        try:
            if isinstance(stream, Device) and stream.name not in ("null", "tty"):
                raise fault(errno.EFBIG, name)
            if self.root.isdir(self.path(name)) and name != "-":
                raise fault(errno.EISDIR, name)
            return await stream.read()
        finally:
            stream.release()

    async def run(
        self,
        argv: list[str],
        *,
        stdin: Stream | None = None,
        stdout: Stream | None = None,
        env: dict[str, str] | None = None,
        cwd: str | None = None,
    ) -> int:
        """Run another command as a child and wait for it; given streams are lent, the other descriptors are shared."""
        try:
            path = self.machine.lookup(argv[0], env or self.env, cwd or self.cwd)
        except OSError as error:
            return await self.fail(
                f"failed to run command '{argv[0]}'", error, 126 if error.errno == errno.EACCES else 127
            )
        child = self.fork(argv)
        for number, stream in ((0, stdin), (1, stdout)):
            if stream is not None:
                child.replace(number, stream.hold())
        child.env, child.cwd = env if env is not None else child.env, cwd or child.cwd
        return await self.machine.execute(child, path)

    def fork(self, argv: list[str]) -> "Process":
        """A child that shares the descriptors; EAGAIN when there are or were too many (a fork bomb ends here)."""
        self.session.forks += 1
        if self.session.forks > MAX_FORKS:
            raise fault(errno.EAGAIN, "fork")
        return self.machine.admit(
            Process(
                self.machine,
                argv,
                env=dict(self.env),
                cwd=self.cwd,
                fds={n: s.hold() for n, s in self.fds.items()},
                session=self.session,
                parent=self.pid,
                umask=self.umask,
            )
        )

    def replace(self, number: int, stream: Stream | None) -> None:
        """Let a descriptor lead elsewhere, or with None close it."""
        old = self.fds.pop(number, None)
        if stream is not None:
            self.fds[number] = stream
        if old is not None:
            old.release()

    def close(self) -> None:
        """Let go of all descriptors."""
        for number in list(self.fds):
            self.replace(number, None)
