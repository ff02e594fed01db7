"""Worker tasks of the node: started by calls, with a UPID, a log and an exit status (PVE::RESTEnvironment)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from lab.clock import Clock
from lab.pve.call import Actor
from lab.pve.errors import ApiError
from pverules.upid import Upid

Worker = Callable[["Task"], Awaitable[None]]


class TaskError(Exception):
    """Ends a task with this text as its exit status."""


@dataclass
class Task:
    """One task, running or ended; times in seconds since the epoch by the lab's clock."""

    upid: str
    node: str
    kind: str
    id: str
    user: str
    """Who started it, token id included."""
    pid: int
    pstart: int
    start: int
    lines: list[str] = field(default_factory=list)
    """The log, without line ends."""
    warnings: int = 0
    status: str | None = None
    """`OK`, `WARNINGS: N` or the error; None while it runs."""
    end: int | None = None
    job: "asyncio.Task[None] | None" = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever there is news; whoever follows the log clears it."""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.status is None

    def log(self, text: str) -> None:
        """Add to the log; several lines may come at once."""
        self.lines.extend(text.rstrip("\n").split("\n"))
        self.changed.set()

    def warn(self, text: str) -> None:
        """Log a warning, which the exit status counts."""
        self.warnings += 1
        self.log(f"WARN: {text}")

    async def wait(self, timeout: float | None = None) -> bool:
        """Whether the task has ended, at the latest after `timeout` seconds of real time."""
        if self.job and self.running:
            await asyncio.wait({self.job}, timeout=timeout)
        return not self.running


class Tasks:
    """All tasks of the node, oldest first."""

    def __init__(self, node: str, clock: Clock) -> None:
        self.node = node
        self.clock = clock
        self._known: dict[str, Task] = {}
        self._pids = count(0x1A2B)

    def __iter__(self) -> Iterator[Task]:
        return iter(list(self._known.values()))

    def find(self, upid: str) -> Task | None:
        """The task, None where there is no such one."""
        return self._known.get(upid)

    def start(self, kind: str, id: str, actor: Actor, worker: Worker) -> str:
        """Start `worker` and return its UPID at once; what it raises becomes the exit status."""
        pid, now = next(self._pids), int(self.clock.now())
        pstart = pid * 7
        upid = str(Upid(self.node, pid, pstart, now, kind, id, actor.user))
        task = Task(upid, self.node, kind, id, actor.user, pid, pstart, now)
        self._known[upid] = task
        task.job = asyncio.get_running_loop().create_task(self._run(task, worker))
        return upid

    async def _run(self, task: Task, worker: Worker) -> None:
        try:
            await worker(task)
            status = f"WARNINGS: {task.warnings}" if task.warnings else "OK"
        except TaskError as error:
            status = _one_line(str(error))
        except ApiError as error:
            status = _one_line(error.text)
        except OSError as error:
            status = _one_line(error.strerror or str(error))
        except asyncio.CancelledError:
            status = "received interrupt"
        except Exception as error:  # noqa: BLE001 -- a mistake in the lab must not look like a task that runs for ever
            status = f"not in the lab: {type(error).__name__}: {_one_line(str(error))}"
        prefix = "" if status == "OK" or status.startswith("WARNINGS: ") else "ERROR: "
        task.log(f"TASK {prefix}{status}")
        task.end = max(int(self.clock.now()), task.start)
        task.status = status
        task.changed.set()

    def stop(self, task: Task) -> None:
        """Interrupt a running task; one that ended is left alone."""
        if task.running and task.job:
            task.job.cancel()

    async def clear(self) -> None:
        """Interrupt whatever runs and forget every task."""
        await self._interrupt()
        self._known.clear()

    async def cut(self) -> None:
        """End what runs as a power cut does: the logs just stop, and what they do not tell is unexpected."""
        logged = {task.upid: len(task.lines) for task in self if task.running}
        await self._interrupt()
        for upid, lines in logged.items():
            task = self._known[upid]
            del task.lines[lines:]
            task.status = "unexpected status"

    async def _interrupt(self) -> None:
        jobs = {task.job for task in self if task.running and task.job}
        for job in jobs:
            job.cancel()
        if jobs:
            await asyncio.wait(jobs)


def _one_line(text: str) -> str:
    return " ".join(text.strip().split("\n"))
