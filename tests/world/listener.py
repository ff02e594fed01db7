"""A listener on loopback that answers as told, and remembers every request: a dead-man check, or a target."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web


@dataclass
class Listener:
    """Serves any path; `statuses` are its next answers, 200 after them; status 0 is no answer at all."""

    statuses: list[int] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)
    """Path and body of every request."""
    port: int = 0
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [path for path, _ in self.heard]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.heard.append((request.raw_path, await request.text()))
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            await asyncio.Event().wait()
        return web.Response(status=status, text="OK")

    def url(self, path: str = "", scheme: str = "http", who: Any = "") -> str:
        """Its address."""
        return f"{scheme}://{who}127.0.0.1:{self.port}{path}"
