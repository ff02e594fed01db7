"""The simulated host: its files, processes and units, and the one way a command is run on it."""

import asyncio
import errno
import os
import posixpath
import stat
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from lab.clock import Clock
from lab.faults import Faults
from lab.nas import Nas
from lab.node import layout
from lab.node.mounts import Mount
from lab.node.network import connect
from lab.node.options import BadUsage
from lab.node.paths import fault
from lab.node.proc import provide
from lab.node.process import Process, Session
from lab.node.registry import load
from lab.node.root import Root
from lab.node.shell import run_script
from lab.node.streams import File, Memory, Stream
from lab.node.systemd import Systemd

if TYPE_CHECKING:
    from lab.box import Box

MAX_PROCESSES = 200
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INTERPRETERS = ("sh", "dash", "bash")


class Machine:
    """A Debian host with systemd, in which no command ever starts a real process."""

    def __init__(
        self, root: Root, *, hostname: str = "pve", faults: Faults | None = None, patience: float = 1.0
    ) -> None:
        """A machine on `root`; waits for a silent NAS last `patience` times what they last in reality."""
        self.root, self.hostname, self.patience = root, hostname, patience
        self.faults = faults or Faults()
        self.box: Box | None = None
        """The lab around it, when there is one."""
        self.processes: dict[int, Process] = {}
        self.commands = load()
        self._pid = 1000
        self.booted = self.clock.now()
        self.sessions: set[str] = set()
        """Addresses of NFS servers that were mounted since boot."""
        self._kept: set[asyncio.Task[object]] = set()
        self.systemd = Systemd(self)
        self.writers: Callable[[Mount], dict[int, str]] = lambda mount: {}
        """Who else writes below a mount: process id -> what it is called."""
        self.powered: Callable[[], bool] = lambda: True
        """Whether it is switched on, for one whose power somebody else switches."""

    @property
    def clock(self) -> Clock:
        """The node's clock."""
        return self.root.clock

    @property
    def nas(self) -> Nas:
        """The file server on its network."""
        return self.root.nas

    def next_pid(self) -> int:
        """A process id not used before."""
        self._pid += 1
        return self._pid

    def admit(self, process: Process) -> Process:
        """Enter a process in the table; EAGAIN when there are too many (a fork bomb ends here)."""
        if len(self.processes) >= MAX_PROCESSES:
            process.close()
            raise fault(errno.EAGAIN, "fork")
        self.processes[process.pid] = process
        return process

    def lookup(self, name: str, env: dict[str, str], cwd: str) -> str:
        """The path of an executable, by PATH unless the name has a slash; raises ENOENT or EACCES."""
        if "/" in name:
            path = posixpath.join(cwd, name)
            if not self.root.exists(path):
                raise fault(errno.ENOENT, name)
            if self.root.isdir(path) or not self.root.stat(path).st_mode & 0o111:
                raise fault(errno.EACCES, name)
            return path
        for folder in env.get("PATH", PATH).split(":"):
            path = posixpath.join(folder or cwd, name)
            try:
                mode = self.root.mode(path)
            except OSError:
                continue
            if stat.S_ISREG(mode) and mode & 0o111:
                return path
        raise fault(errno.ENOENT, name)

    async def execute(self, process: Process, path: str) -> int:
        """Run an admitted process as the executable at `path` and wait for it; its exit code."""
        return await self.launch(process, self._program(process, path))

    def launch(self, process: Process, body: Coroutine[object, object, int]) -> "asyncio.Task[int]":
        """Let `body` be what an admitted process does; the task's result is its exit code, 128 + N after signal N."""

        async def whole() -> int:
            try:
                return await body
            except asyncio.CancelledError:
                if not process.signal:
                    raise
                return 128 + process.signal
            except BrokenPipeError:
                return 141
            except BadUsage as error:
                await process.err(f"{os.path.basename(process.argv[0])}: {error}")
                return error.code
            except RecursionError:
                await process.err(f"{process.argv[0]}: nested too deeply")
                return 2
            except OSError as error:
                full = error.errno == errno.ENOSPC
                return await process.fail("write error" if full else str(error.filename or "error"), error)
            except Exception as error:  # noqa: BLE001  a bug in one command must not take the node down
                await process.err(f"{process.argv[0]}: not in the lab: {type(error).__name__}: {error}")
                return 70
            finally:
                self.dismiss(process)

        def ended(task: "asyncio.Task[int]") -> None:
            body.close()  # it may have been cancelled before it began
            self.dismiss(process)
            process.session.tasks.discard(task)

        process.task = asyncio.create_task(whole())
        process.session.tasks.add(process.task)
        process.task.add_done_callback(ended)
        if process.session.killed:
            process.task.cancel()
        return process.task

    async def _program(self, process: Process, path: str) -> int:
        with self.root.open(path, "r") as file:
            known = self.commands.get(layout.program_name(file.read(64) or b""))
        if known is not None:
            return await known(process, process.argv)
        script = self.root.text(path)
        first = script.partition("\n")[0]
        interpreter = os.path.basename((first[2:].split() or ["sh"])[0]) if first.startswith("#!") else "sh"
        if interpreter not in INTERPRETERS:
            return await process.fail(path, f"{interpreter}: not found", 127)
        return await run_script(
            process,
            script,
            name=process.argv[0] if "/" in process.argv[0] else path,
            args=process.argv[1:],
            bash=interpreter == "bash",
        )

    async def boot(self) -> None:
        """Power on: nothing is mounted, /proc is there, systemd starts what is enabled."""
        self.booted = self.clock.now()
        self.root.table.clear()
        self.sessions.clear()
        provide(self)
        await self.systemd.boot()

    async def halt(self) -> None:
        """Power off: every process and everything in the background ends at once."""
        while tasks := {*self._kept, *(p.task for p in self.processes.values() if p.task)}:
            for process in self.processes.values():
                process.session.killed = True
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await asyncio.sleep(0)
        self.processes.clear()

    def keep(self, task: "asyncio.Task[object]") -> None:
        """Remember a task of the background, which ends when the machine halts."""
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)

    def users(self, mount: Mount) -> dict[int, str]:
        """What keeps a mount busy, by working directory or an open file: process id -> command line."""
        found = dict.fromkeys(mount.users, "vzdump") | self.writers(mount)
        for process in self.processes.values():
            paths = [process.cwd, *(s.path for s in process.fds.values() if isinstance(s, File))]
            if any(self._inside(path, mount) for path in paths):
                found[process.pid] = " ".join(process.argv)
        return found

    def _inside(self, path: str, mount: Mount) -> bool:
        return path == mount.target or path.startswith(mount.target.rstrip("/") + "/")

    async def connect(self, host: str, port: int) -> Stream:
        """A TCP connection from the node, as far as the lab has a network."""
        return await connect(self.nas, host, port, self.patience)

    def dismiss(self, process: Process) -> None:
        """Take an admitted process that will not run out of the table."""
        self.processes.pop(process.pid, None)
        process.close()

    def kill(self, process: Process, number: int) -> None:
        """Send a signal that ends a process."""
        process.signal = number
        if process.task:
            process.task.cancel()

    async def shell(
        self,
        script: str,
        *,
        stdin: bytes | Stream = b"",
        session: Session | None = None,
        stdout: Stream | None = None,
        stderr: Stream | None = None,
    ) -> tuple[int, bytes, bytes]:
        """Run a script as root's login shell (bash): (exit code, stdout, stderr) as far as not sent elsewhere."""
        out, err = Memory(), Memory()
        fds = {0: Memory(stdin) if isinstance(stdin, bytes) else stdin, 1: stdout or out, 2: stderr or err}
        process = self.admit(
            Process(
                self,
                ["bash", "-c", script],
                cwd="/root",
                fds=fds,
                session=session or Session(),
                env={"PATH": PATH, "HOME": "/root", "USER": "root", "LOGNAME": "root", "SHELL": "/bin/bash"},
            )
        )
        code = await self.launch(process, run_script(process, script, name="bash", args=[], bash=True, inline=True))
        return code, bytes(out.written), bytes(err.written)
