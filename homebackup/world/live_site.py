"""The site: its Proxmox VE API and its host as one world, that can be looked at and carries steps out."""

import asyncio
import shlex
import time
from collections.abc import Iterable
from typing import Any

from homebackup.model.host_facts import PROBE, HostFacts, read_look
from homebackup.model.steps import Call, Run, Step, Write
from homebackup.world import files
from homebackup.world.api import Api
from homebackup.world.connection import Connection
from homebackup.world.errors import Failed, Missing, Unreachable
from homebackup.world.host import Host

GATHER = 0.02
"""Seconds in which the wishes of concurrent readers are gathered into one look."""
FRESH = 2.0
"""Seconds for which a look serves later readers."""
LOOKING = 25.0
"""Seconds after which a look is given up; its own deadlines end it long before."""


class LiveSite:
    """What the resources are handed: it looks, and it does."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.host = Host(connection)
        self.api = Api(connection, self.host)
        self._pairs: set[tuple[str, str]] = set()
        self._seen: tuple[float, frozenset[tuple[str, str]], HostFacts] | None = None
        self._looking: asyncio.Task[None] | None = None

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

    async def look(self, pairs: Iterable[tuple[str, str]] = (), *, fresh: bool = False) -> HostFacts:
        """The host in one ssh round trip, whoever else is asking at the same time; raises Unreachable and its kin."""
        wanted = frozenset(pairs)
        if fresh:
            self._seen = None
        self._pairs |= wanted
        while True:
            if self._seen and time.monotonic() - self._seen[0] < FRESH and wanted <= self._seen[1]:
                return self._seen[2]
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            await asyncio.shield(self._looking)

    async def _look(self) -> None:
        await asyncio.sleep(GATHER)
        pairs = frozenset(self._pairs)
        arguments = [word for pair in sorted(pairs) for word in pair]
        ran = await self.host.run(shlex.join(["sh", "-c", PROBE, "homebackup", *arguments]), timeout=LOOKING)
        try:
            facts = read_look(ran.text)
        except ValueError:
            raise Unreachable(
                f"host {self.connection.host}", f"the look at it ended early: {ran.said or ran.exit}", "run this again"
            ) from None
        self._seen = time.monotonic(), pairs, facts

    async def perform(self, step: Step) -> None:
        """Carries one step out; what is gone already counts as deleted. Raises Trouble."""
        if isinstance(step, Call):
            try:
                await self.api.call(step.method, step.path, step.params)
            except Missing:
                if step.method != "DELETE":
                    raise
            return
        self._seen = None
        if isinstance(step, Write):
            ran = await self.host.run(files.command(step), stdin=step.after or b"", timeout=60)
            if trouble := files.verdict(step, self.connection.host, ran):
                raise trouble
            return
        await self._run(step)

    async def _run(self, step: Run) -> None:
        command = shlex.join(step.argv)
        ran = await self.host.run(command, timeout=step.timeout)
        if ran.exit not in step.accept:
            raise Failed(
                f"host {self.connection.host}",
                f"`{command}` ended with exit code {ran.exit}: {ran.said or 'it printed nothing'}",
                "remove the cause and run this again",
                exit=ran.exit,
                stderr=ran.stderr.decode("utf-8", "replace"),
            )

    @property
    def root_options(self) -> bool:
        """Whether options that only root@pam may set can be set."""
        return self.api.may_set_root_options

    async def close(self) -> None:
        """Closes the connections."""
        await self.api.close()
