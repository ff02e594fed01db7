"""The site: its Proxmox VE API and its host as one world, that can be looked at and carries steps out."""

import asyncio
import contextlib
import itertools
import shlex
import time
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.soundness import Integrity
from homebackup.model.host_facts import PROBE, HostFacts, read_look
from homebackup.model.inside import label
from homebackup.model.seen import Unseen
from homebackup.model.steps import Ask, Call, Run, Service, Step, Write
from homebackup.world import files, inside, local_files
from homebackup.world.api import Api
from homebackup.world.archives import Archives
from homebackup.world.connection import Connection
from homebackup.world.errors import Failed, Missing, Trouble, Unreachable
from homebackup.world.host import Host
from homebackup.world.services import Services
from homebackup.world.session import Ran

if TYPE_CHECKING:
    from homebackup.model.verb_timers import Machine

GATHER = 0.02
"""Seconds in which the wishes of concurrent readers are gathered into one look."""
FRESH = 2.0
"""Seconds for which a look serves later readers."""
LOOKING = 25.0
"""Seconds after which a look is given up; its own deadlines end it long before."""


class LiveSite:
    """What the resources are handed: it looks, and it does.

    It is for one run, or one gather of what long serves: a login or a host key that was refused stays refused, so that
    no account is locked by trying again, and only a new LiveSite asks anew.
    """

    def __init__(self, connection: Connection, folder: Path = Path()) -> None:
        """Paths of the owner's files count from `folder`, the project's, which Pulumi starts the provider in."""
        self.connection, self.folder = connection, folder
        self.host = Host(connection)
        self.api = Api(connection, self.host)
        self.services = Services(connection)
        self._archives = Archives(self.host)
        self._pairs: set[tuple[str, str]] = set()
        self._moments = itertools.count(1)
        self._changed = 0
        self._last: _Look | None = None
        self._turns: dict[str, asyncio.Lock] = {}

    async def listing(self, path: str) -> list[dict[str, Any]]:
        """The sections at a path of the API; readers at the same time share one request."""
        found: list[dict[str, Any]] = await self.api.listing(path)
        return found

    async def section(self, path: str, name: str) -> dict[str, Any] | None:
        """One section as it is now, None when it is not there."""
        try:
            found: dict[str, Any] = await self.api.call("GET", f"{path}/{name}")
        except Missing:
            return None
        return found

    async def file(self, path: str) -> bytes | None:
        """A file of the owner's repository as it is now, None when it is not there."""
        return await local_files.read(self.folder / path)

    async def machine(self, unit: str) -> "Machine":
        """The machine that we are on, and what is there of the units of a timer."""
        from homebackup.world import here  # few sites have timers here

        return await here.look(self.folder, unit)

    async def archives(self, folder: str) -> Dump | Unseen:
        """What a directory of archives on the host holds, times by the node's wall clock; or why it cannot be seen."""
        return await self._archives.of(folder, self._changed)

    async def checked(self, archive: Archive) -> Integrity:
        """What a quick check finds of an archive that `archives` told of, good, bad or unknown; raises no Trouble."""
        return await self._archives.checked(archive, self._changed)

    async def ask(self, service: Service, command: str, data: Mapping[str, Any] | None = None) -> Any:
        """What a service beside Proxmox VE answers; raises Trouble."""
        return await self.services.ask(service, command, data or {})

    async def asked(self, service: Service, command: str, data: Mapping[str, Any] | None = None) -> Any | Unseen:
        """The same, or why the service does not answer now; raises any other Trouble."""
        try:
            return await self.ask(service, command, data)
        except Unreachable as trouble:
            return Unseen(f"{trouble.subject}: {trouble.said}", trouble.remedy)

    async def inside(self, guest: str, script: str, words: Sequence[str]) -> str | Unseen | None:
        """What a POSIX sh script prints inside of a guest, or why it cannot be run; None where there is no guest."""
        try:
            ran = await inside.run(self.host, guest, ["sh", "-c", script, "homebackup", *words])
        except Missing:
            return None
        except Trouble as trouble:
            return Unseen(f"{trouble.subject}: {trouble.said}", trouble.remedy)
        if ran.exit:
            return Unseen(
                f"{label(guest)}: a look into it ended with exit code {ran.exit}: {ran.said}", "run this again"
            )
        return ran.text

    async def look(self, pairs: Iterable[tuple[str, str]] = (), *, fresh: bool = False) -> HostFacts:
        """The host in one ssh round trip, whoever else is asking at the same time; raises Unreachable and its kin.

        What comes back was asked of the host after the last step that this site began or ended before the call; a
        `fresh` look was asked after the call.
        """
        wanted = frozenset(pairs)
        self._pairs |= wanted
        since = next(self._moments) if fresh else self._changed
        if self._last is None or not self._last.serves(wanted, since):
            self._last = _Look()
            self._last.take(self._facts(self._last))
        return await asyncio.shield(self._last.facts)

    async def _facts(self, look: "_Look") -> HostFacts:
        await asyncio.sleep(GATHER)
        look.begin(next(self._moments), self._pairs)
        arguments = [word for pair in sorted(look.pairs) for word in pair]
        ran = await self.host.run(shlex.join(["sh", "-c", PROBE, "homebackup", *arguments]), timeout=LOOKING)
        try:
            return read_look(ran.text)
        except ValueError:
            raise Unreachable(
                f"host {self.connection.host}", f"the look at it ended early: {ran.said or ran.exit}", "run this again"
            ) from None

    def turn(self, key: str) -> contextlib.AbstractAsyncContextManager[None]:
        """To be held while something is planned and done to what the key names, a file or a list of sections.

        Plans of one run that would each make the other's old are so made one after the other; nobody waits for the
        turn of nothing, the empty key.
        """
        if not key:
            return contextlib.nullcontext()
        return self._turns.setdefault(key, asyncio.Lock())

    async def perform(self, step: Step) -> None:
        """Carries one step out; what is gone already counts as deleted. Raises Trouble."""
        if isinstance(step, Call):
            try:
                await self.api.call(step.method, step.path, step.params)
            except Missing:
                if step.method != "DELETE":
                    raise
            return
        if isinstance(step, Ask):
            await self.services.perform(step)
            return
        if isinstance(step, Write) and step.here:
            await local_files.perform(step, self.folder)
            return
        if isinstance(step, Run) and step.here:
            from homebackup.world import here

            await here.run(step)
            return
        self._changed = next(self._moments)
        try:
            await (self._write(step) if isinstance(step, Write) else self._run(step))
        finally:
            self._changed = next(self._moments)

    async def _write(self, step: Write) -> None:
        ran = await self._ran(step.guest, files.command(step), step.after or b"", 60)
        if trouble := files.verdict(step, self._place(step.guest), ran):
            raise trouble

    async def _run(self, step: Run) -> None:
        command = shlex.join(step.argv)
        ran = await self._ran(step.guest, step.argv, b"", step.timeout)
        if ran.exit not in step.accept:
            raise Failed(
                label(step.guest) if step.guest else f"host {self.connection.host}",
                f"`{command}` ended with exit code {ran.exit}: {ran.said or 'it printed nothing'}",
                "remove the cause and run this again",
                exit=ran.exit,
                stderr=ran.stderr.decode("utf-8", "replace"),
            )

    async def _ran(self, guest: str, argv: Sequence[str], stdin: bytes, timeout: float) -> Ran:
        if guest:
            return await inside.run(self.host, guest, argv, stdin=stdin, timeout=timeout)
        return await self.host.run(shlex.join(argv), stdin=stdin, timeout=timeout)

    def _place(self, guest: str) -> str:
        return label(guest) if guest else self.connection.host

    @property
    def root_options(self) -> bool:
        """Whether options that only root@pam may set can be set."""
        return self.api.may_set_root_options

    async def close(self) -> None:
        """Closes the connections."""
        await self.services.close()
        await self.api.close()


class _Look:
    """One look for many readers: what it is asked to see, when it was asked of the host, and what came of it."""

    facts: asyncio.Task[HostFacts]

    def __init__(self) -> None:
        self.pairs: frozenset[tuple[str, str]] = frozenset()
        self._begun: float = float("inf")
        self._ended: float = float("inf")

    def take(self, facts: Coroutine[Any, Any, HostFacts]) -> None:
        """Start what looks."""
        self.facts = asyncio.create_task(facts)
        self.facts.add_done_callback(self._note)

    def begin(self, moment: int, pairs: Iterable[tuple[str, str]]) -> None:
        """It is asked of the host now, and no more can be wished of it."""
        self._begun, self.pairs = moment, frozenset(pairs)

    def serves(self, wanted: frozenset[tuple[str, str]], since: int) -> bool:
        """Whether it sees what is wanted, as it is after that moment; before it begins it takes any wish."""
        if self._begun < since or time.monotonic() > self._ended + FRESH:
            return False
        return self._begun == float("inf") or wanted <= self.pairs

    def _note(self, facts: asyncio.Task[HostFacts]) -> None:
        good = not facts.cancelled() and facts.exception() is None
        self._ended = time.monotonic() if good else float("-inf")
