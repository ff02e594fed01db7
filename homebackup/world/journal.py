"""The journal of what was done: a local file of JSON lines, on the disk before each step and after it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from homebackup.model.hidden import clean
from homebackup.model.receipts import Entry, Event
from homebackup.model.steps import Plan, Step
from homebackup.world.errors import Refused, Trouble, Unreachable
from homebackup.world.file_lock import lock
from homebackup.world.processes import machine
from homebackup.world.wire import hide

PLACE = Path(".homebackup") / "journal.jsonl"
"""Where the journal is, in the project's folder."""
VARIABLE = "HOMEBACKUP_JOURNAL"
"""The environment variable that names another file."""
PATIENCE = 10.0
"""Seconds to wait while another process writes; it takes milliseconds unless that one is stopped."""


def place(folder: Path) -> Path:
    """The journal's file for a project in that folder."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else folder / PLACE


class Journal:
    """The journal as one process writes it: all it writes is one run, done by `by`; no secret gets into it."""

    def __init__(self, file: Path, by: str, secrets: Iterable[str] = ()) -> None:
        self.file, self.by = file, by
        self._secrets = sorted(set(secrets), key=len, reverse=True)
        self._run = uuid.uuid4().hex[:12]
        self._numbers = itertools.count(1)

    @property
    def run(self) -> str:
        """What its receipt is called."""
        return self._run

    def of(self, stack: str, resource: str, say: Callable[[str], None]) -> Record:
        """What is done to one resource of a stack; `say` tells the owner what could not be written."""
        return Record(self, Entry("", self._run, self.by, stack, resource, "plan"), say)

    def number(self) -> int:
        """The next step's number."""
        return next(self._numbers)

    async def write(self, entry: Entry, hidden: Iterable[str] = ()) -> None:
        """Append an entry, stamped with time and process; on the disk when this returns. Raises Refused."""
        line = replace(
            entry,
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            machine=machine(),
            process=os.getpid(),
            step=self._clean(entry.step, hidden),
            steps=tuple(self._clean(step, hidden) for step in entry.steps),
            said=self._clean(entry.said, hidden),
            kept=self._clean(entry.kept, hidden),
        ).line()
        try:
            await self._append(line.encode("utf-8", "backslashreplace") + b"\n")
        except OSError as error:
            why = "another process holds it" if isinstance(error, TimeoutError) else error.strerror or error
            raise Refused(
                f"journal {self.file}",
                f"it cannot be written ({why}), and nothing is changed that it would not tell of",
                f"make room or correct its permissions, or name another file in {VARIABLE}",
            ) from None

    async def _append(self, line: bytes) -> None:
        file = await asyncio.to_thread(self._open)
        try:
            await lock(file, PATIENCE)
            await asyncio.to_thread(_add, file, line)
        finally:
            os.close(file)

    def _open(self) -> int:
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = not self.file.exists()
        file = os.open(self.file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
        if fresh:
            with contextlib.closing(_Folder(self.file.parent)) as folder:
                folder.sync()
        return file

    def _clean(self, text: str, hidden: Iterable[str]) -> str:
        return clean(hide(text, self._secrets), hidden)


class Record:
    """One resource in the journal: the plan before its steps, each step before and after it, and the verdict."""

    def __init__(self, journal: Journal, entry: Entry, say: Callable[[str], None]) -> None:
        self._journal, self._entry, self._say = journal, entry, say

    async def plan(self, plan: Plan, kept: str = "") -> None:
        """The steps that are about to be done, and what is `kept` of what they remove."""
        if plan.steps:
            steps = tuple(_printed(step) for step in plan.steps)
            await self._journal.write(replace(self._entry, steps=steps, kept=kept), _hidden(*plan.steps))

    def step(self, step: Step, *, undo: bool = False) -> contextlib.AbstractAsyncContextManager[None]:
        """Around one step: its begin is on the disk before it is done, its outcome after.

        A step that takes others back is done even where that cannot be written.
        """
        return self.act(_printed(step), _hidden(step), undo=undo)

    @contextlib.asynccontextmanager
    async def act(self, printed: str, hidden: Iterable[str] = (), *, undo: bool = False) -> AsyncIterator[None]:
        """As `step`, around anything that can be said in a line."""
        entry = replace(self._entry, number=self._journal.number(), step=printed, undo=undo)
        await self._write(entry, "begin", hidden, must=not undo)
        ended = replace(entry, step="")
        try:
            yield
        except Trouble as trouble:
            lost = isinstance(trouble, Unreachable) and trouble.maybe_done
            ended = replace(ended, outcome="unknown" if lost else "failed", said=str(trouble))
            await self._write(ended, "end", hidden, must=False)
            raise
        await self._write(replace(ended, outcome="done"), "end", hidden, must=not undo)

    async def verdict(self, said: str) -> None:
        """What was found afterwards, where that is not what the steps' outcomes say."""
        await self._write(replace(self._entry, said=said), "verdict", (), must=False)

    async def _write(self, entry: Entry, event: Event, hidden: Iterable[str], *, must: bool) -> None:
        try:
            await self._journal.write(replace(entry, event=event), hidden)
        except Refused as refused:
            if must:
                raise
            self._say(str(refused))


class Nowhere(Journal):
    """A journal that keeps nothing, for what changes nothing."""

    def __init__(self) -> None:
        super().__init__(PLACE, "")

    async def write(self, entry: Entry, hidden: Iterable[str] = ()) -> None:
        """Nothing."""


class _Folder:
    """A folder opened to be synced, so that a new file's name is on the disk too."""

    def __init__(self, path: Path) -> None:
        self._opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def sync(self) -> None:
        """Its entries are on the disk when this returns."""
        os.fsync(self._opened)

    def close(self) -> None:
        """Let go of it."""
        os.close(self._opened)


def entries(file: Path) -> tuple[list[Entry], int]:
    """Every entry of a journal, oldest first, and how many lines are none; raises Refused when it cannot be read."""
    try:
        lines = file.read_text("utf-8", "replace").split("\n")
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise Refused(
            f"journal {file}", f"it cannot be read ({error.strerror or error})", "correct its permissions"
        ) from None
    read = [Entry.read(line) for line in lines if line.strip()]
    return [entry for entry in read if entry], read.count(None)


def _add(file: int, line: bytes) -> None:
    """One write; one that did not fit is cut off again, and a line that a power cut tore is ended first."""
    size = os.fstat(file).st_size
    torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
    whole = (b"\n" if torn else b"") + line
    if os.write(file, whole) != len(whole):
        os.ftruncate(file, size)
        raise OSError(0, "the disk is full")
    os.fsync(file)


def _printed(step: Step) -> str:
    return "\n".join(step.lines())


def _hidden(*steps: Step) -> list[str]:
    """What a step must not tell, wherever a text repeats it."""
    return [secret for step in steps for secret in step.secrets()]
