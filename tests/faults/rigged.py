"""A site on which something goes wrong at one moment: at one look or one step, counted from the first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from homebackup.model.host_facts import HostFacts
from homebackup.model.steps import Step
from homebackup.world.api import Api
from homebackup.world.connection import Connection
from homebackup.world.host import Host
from homebackup.world.live_site import LiveSite
from homebackup.world.repeat import Repeat
from homebackup.world.session import Ran

HASTE = 0.25
"""Seconds after which an impatient call is given up."""


class HastyHost(Host):
    """The host, whose next command is given up soon when it is `hasty`, and gets half of its input when it is `cut`."""

    hasty = cut = False

    async def run(self, command: str, *, stdin: bytes = b"", timeout: float = 30.0) -> Ran:
        """As the host does it."""
        if self.cut:
            self.cut, stdin = False, stdin[: len(stdin) // 2]
        if self.hasty:
            self.hasty, timeout = False, HASTE
        return await super().run(command, stdin=stdin, timeout=timeout)


class HastyApi(Api):
    """The API, with short pauses, whose next call is given up soon when it is `hasty`."""

    hasty = False

    async def call(
        self, method: str, path: str, params: Mapping[str, Any] | None = None, *, timeout: float | None = None
    ) -> Any:
        """As the API does it."""
        if self.hasty:
            self.hasty, timeout = False, HASTE
        return await super().call(method, path, params, timeout=timeout)


Around = Callable[[Awaitable[Any]], Awaitable[Any]]
"""Does what is asked at the moment, with something going wrong."""


class RiggedSite(LiveSite):
    """A site whose moment number `at` is handed to `around`; `moments` says what each one was."""

    def __init__(self, connection: Connection, at: int = -1, around: Around | None = None) -> None:
        super().__init__(connection)
        self.host: HastyHost = HastyHost(connection)
        self.api: HastyApi = HastyApi(connection, self.host, repeat=Repeat(tries=4, first=0.01))
        self.moments: list[Step | str] = []
        self._at, self._around = at, around

    async def section(self, path: str, name: str) -> dict[str, Any] | None:
        """One section, looked up at a moment."""
        found: dict[str, Any] | None = await self._moment(f"GET {path}/{name}", super().section(path, name))
        return found

    async def look(self, pairs: Iterable[tuple[str, str]] = (), *, fresh: bool = False) -> HostFacts:
        """The host, looked at at a moment."""
        seen: HostFacts = await self._moment("look", super().look(pairs, fresh=fresh))
        return seen

    async def perform(self, step: Step) -> None:
        """One step, which is a moment."""
        await self._moment(step, super().perform(step))

    async def _moment(self, what: Step | str, work: Awaitable[Any]) -> Any:
        self.moments.append(what)
        if self._around is not None and len(self.moments) - 1 == self._at:
            return await self._around(work)
        return await work


async def killed() -> None:
    """End the task that asks, as SIGKILL ends a process: nothing it would still do is done."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)
