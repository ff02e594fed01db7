"""What every Proxmox command works with: the process it runs in, the API as root@pam, and tasks waited for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.cli.failing import FAILED, CommandFailed, parameters
from lab.cli.tables import Look
from lab.pve.api import Answer
from lab.pve.call import ROOT
from lab.pve.stderr import hearing
from lab.pve.tasks import Task
from pverules.upid import InvalidUpid, Upid

if TYPE_CHECKING:
    from lab.node.process import Process
    from lab.pve.api import Api

LOCALES = ("LC_ALL", "LC_CTYPE", "LANG")


class Shell:
    """One run of a command."""

    def __init__(self, proc: "Process") -> None:
        self.proc = proc
        self.api: Api = proc.box.api

    @property
    def utf8(self) -> bool:
        """Whether the locale of the process is one of UTF-8."""
        named = next((self.proc.env[name] for name in LOCALES if self.proc.env.get(name)), "C")
        return named.lower().replace("-", "").endswith("utf8")

    @property
    def node(self) -> str:
        """The name of this node."""
        return self.api.node

    def look(self, **options: bool) -> Look:
        """How tables look in this locale."""
        return Look(utf8=self.utf8, zone=self.api.clock.zone, **options)

    async def say(self, text: str) -> None:
        """Write to standard output."""
        await self.proc.out(text)

    async def complain(self, text: str) -> None:
        """Write to standard error."""
        await self.proc.err(text)

    async def answer(self, method: str, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """The answer to a call as root@pam; warnings of its handler go to standard error."""
        before = {task.upid for task in self.api.tasks}
        with hearing() as warnings:
            answer = await self.api.call(ROOT, method, path, dict(params or {}), cli=True)
        for warning in warnings:
            await self.proc.stderr.write(warning.encode())
        for task in self.api.tasks:  # one that the handler waited for itself printed here, too
            if task.upid not in before and task.upid != answer.data and not task.running and task.user == ROOT.user:
                await self.finish(task.upid)
        return answer

    async def call(self, method: str, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The data of a call as root@pam; raises CommandFailed with what the command prints."""
        answer = await self.answer(method, path, params)
        if answer.status == 200:
            return answer.data
        if answer.errors:
            raise parameters(answer.errors)
        front = "" if answer.status in (500, 501) else f"{answer.status} "
        raise CommandFailed(f"{front}{answer.message or answer.reason}")

    def task(self, data: Any) -> Task | None:
        """The task that an answer is the UPID of, None where it is something else."""
        try:
            Upid.parse(data if isinstance(data, str) else "")
        except InvalidUpid:
            return None
        return self.api.tasks.find(str(data))

    async def follow(self, task: Task) -> str:
        """Print the log of a task as it grows; returns its exit status when it has ended."""
        shown = 0
        while True:
            task.changed.clear()
            ended, lines = not task.running, task.lines[shown:]
            for line in lines[:-1] if ended else lines:  # the exit status is nothing that the worker printed
                await self.proc.stdout.write(perl_bytes(line) + b"\n")
            shown += len(lines)
            if ended:
                return task.status or ""
            await task.changed.wait()

    async def finish(self, data: Any, *, strict: bool = True) -> int:
        """Wait for the task that an answer may be; its error is printed and, if `strict`, fails the command."""
        task = self.task(data)
        if task is None:
            return 0
        status = await self.follow(task)
        if fine(status):
            return 0
        await self.complain(status)
        return FAILED if strict else 0


def perl_bytes(line: str) -> bytes:
    """A line as Perl prints it to a handle without an encoding: Latin-1, or UTF-8 where that does not suffice."""
    try:
        return line.encode("latin-1")
    except UnicodeEncodeError:
        return line.encode("utf-8", "surrogateescape")


def fine(status: str) -> bool:
    """Whether a task's exit status is a success."""
    return status == "OK" or status.startswith("WARNINGS: ")
