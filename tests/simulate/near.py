"""The site seen from within its own process: the questions of a gather, answered without a network between."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from homebackup.world.api import Api
from homebackup.world.connection import Connection
from homebackup.world.errors import Failed
from homebackup.world.host import Host
from homebackup.world.live_site import LiveSite
from homebackup.world.session import Ran
from lab.box import Box
from lab.pve.call import ROOT


class NearHost(Host):
    """The host, at whose own shell every command is run."""

    def __init__(self, connection: Connection, box: Box) -> None:
        super().__init__(connection)
        self._box = box

    async def run(
        self,
        command: str,
        *,
        stdin: bytes = b"",
        timeout: float = 30.0,
        hear: Callable[[bytes], None] | None = None,
    ) -> Ran:
        """As ssh does it; nobody hears what is printed before the end."""
        return Ran(*await self._box.machine.shell(command, stdin=stdin))


class NearApi(Api):
    """The API, asked where it is."""

    def __init__(self, connection: Connection, host: Host, box: Box) -> None:
        super().__init__(connection, host)
        self._box = box

    async def call(
        self, method: str, path: str, params: Mapping[str, Any] | None = None, *, timeout: float | None = None
    ) -> Any:
        """As https does it, JSON included; raises Failed."""
        answer = await self._box.api.call(ROOT, method, path, dict(params or {}))
        if answer.status != 200:
            raise Failed(f"{method} {path}", f"{answer.status} {answer.message or answer.reason}", "see what it says")
        return json.loads(json.dumps(answer.data))


class NearSite(LiveSite):
    """The site, as near as it can be."""

    def __init__(self, connection: Connection, box: Box) -> None:
        super().__init__(connection)
        self.host: NearHost = NearHost(connection, box)
        self.api: NearApi = NearApi(connection, self.host, box)
