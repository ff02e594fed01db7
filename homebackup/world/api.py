"""The Proxmox VE API as one method, the same over https and over ssh."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import Mapping
from typing import Any, Protocol

from homebackup.world.answers import Asked, unreachable
from homebackup.world.connection import Connection
from homebackup.world.host import Host
from homebackup.world.pvesh import Pvesh
from homebackup.world.repeat import Repeat, repeated
from homebackup.world.wire import Wire, encode, secrets_of

WRITES = 4
"""Changes at once: with more, Proxmox VE's lock on its files times out."""

READS = 8
"""Reads at once."""

FRESH = 2.0
"""Seconds for which readers of the same list share one answer."""


class Transport(Protocol):
    """One way to the API, blocking."""

    def call(self, asked: Asked, wire: Wire, secrets: list[str], timeout: float) -> Any:
        """What the API answers as data; raises Trouble."""

    def close(self) -> None:
        """Lets go of what is open."""


class Api:
    """The Proxmox VE API of one site; for any number of tasks of one event loop.

    Over ssh it uses `host`, which is made from the connection when none is given.
    """

    def __init__(
        self, connection: Connection, host: Host | None = None, *, writes: int = WRITES, repeat: Repeat | None = None
    ) -> None:
        self.connection = connection
        self.host = host or Host(connection)
        self._repeat = repeat or Repeat()
        self._room = {True: asyncio.Semaphore(writes), False: asyncio.Semaphore(READS)}
        self._threads = concurrent.futures.ThreadPoolExecutor(writes + READS, thread_name_prefix="proxmox-api")
        self._transport: Transport | None = None
        self._writes = 0
        self._lists: dict[str, _Shared] = {}

    def __repr__(self) -> str:
        return f"Api({self.connection.api} {self.connection.host})"

    @property
    def may_set_root_options(self) -> bool:
        """Whether `tmpdir`, `script` and the like may be set: as root@pam itself, never with a token."""
        return self.connection.is_root

    async def call(
        self, method: str, path: str, params: Mapping[str, Any] | None = None, *, timeout: float | None = None
    ) -> Any:
        """What the API answers as `data`; `path` is unquoted and begins with `/`. Raises Trouble.

        Only what was certainly not done is made again: status 596, a lock that timed out, and, for GET, a connection
        that failed. `timeout` is in seconds an attempt (default: the connection's); give a long one to a call that
        starts a task over ssh, for `pvesh` waits for the task.
        """
        asked = Asked(self.connection.host, method.upper(), path, _name(method, path, params or {}))
        wire = encode(asked, params or {})
        secrets = list(secrets_of(params or {}).values())
        limit = timeout or self.connection.timeout

        async def once() -> Any:
            return await self._once(asked, wire, secrets, limit)

        async with self._room[asked.writes]:
            self._writes += asked.writes
            try:
                return await repeated(once, asked.writes, self._repeat)
            finally:
                self._writes += asked.writes

    async def listing(self, path: str) -> Any:
        """What GET of `path` answers, shared: readers at the same time, and for two seconds after, cost one call.

        Any change made through this Api ends the sharing. The answer is everybody's: do not change it.
        """
        shared = self._lists.get(path)
        if shared is None or not shared.holds(self._writes):
            shared = self._lists[path] = _Shared(asyncio.ensure_future(self.call("GET", path)), self._writes)
        return await asyncio.shield(shared.answer)

    async def close(self) -> None:
        """Closes what is open, the connection to the host included."""
        if self._transport is not None:
            self._transport.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self.host.close()

    async def _once(self, asked: Asked, wire: Wire, secrets: list[str], limit: float) -> Any:
        loop = asyncio.get_running_loop()
        if self._transport is None:
            to = self.connection
            self._transport = _https(to) if to.api == "https" else Pvesh(to, self.host, loop)
        # proxmoxer takes what it is given apart, so each attempt gets its own.
        work = loop.run_in_executor(self._threads, self._transport.call, asked, dict(wire), secrets, limit)
        # Over ssh the host keeps the time, from the moment a command begins and not while it queues.
        guard = limit + 1.0 if self.connection.api == "https" else None
        try:
            async with asyncio.timeout(guard):
                return await work
        except TimeoutError:
            raise unreachable(asked, f"no whole answer from {asked.host} within {limit:g} s") from None


def _name(method: str, path: str, params: Mapping[str, Any]) -> str:
    """What a section that is to be made is called."""
    key = {"/cluster/backup": "id", "/storage": "storage"}.get(path, "") if method.upper() == "POST" else ""
    return str(params.get(key) or "")


def _https(to: Connection) -> Transport:
    # Its libraries take a tenth of a second to import, which every preview over ssh would pay for nothing.
    from homebackup.world.https import Https

    return Https(to)


class _Shared:
    """One answer for many readers."""

    def __init__(self, answer: asyncio.Future[Any], writes: int) -> None:
        self.answer = answer
        self._writes = writes
        self._done = float("inf")
        answer.add_done_callback(self._note)

    def holds(self, writes: int) -> bool:
        """Whether it still tells the truth, `writes` changes having begun or ended by now."""
        return writes == self._writes and time.monotonic() < self._done + FRESH and not self.answer.cancelled()

    def _note(self, answer: asyncio.Future[Any]) -> None:
        self._done = time.monotonic()
        if not answer.cancelled():
            answer.exception()  # looked at, so that no reader has to be left to hear of it
