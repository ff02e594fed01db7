"""A double of Home Assistant's websocket on loopback, for what a real one does only in trouble."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from homebackup.resources.home_assistant_backup import FRESH
from homebackup.world.connection import Connection

TOKEN = "of-the-owner"


@dataclass
class Double:
    """Keeps settings and agents; `troubles` says by command what happens instead of an answer.

    `close` ends the session in the middle, `silence` says nothing, `html` is no JSON; a pair is an error's code and
    message. `greeting` is what it says first.
    """

    agents: list[str] = field(default_factory=lambda: ["hassio.local", "hassio.nas"])
    config: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(dict(FRESH)))
    troubles: dict[str, str | tuple[str, str]] = field(default_factory=dict)
    greeting: str = "auth_required"
    logins: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    port: int = 0
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_get("/api/websocket", self._talk)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner:
            await self._runner.cleanup()

    def way(self, token: str = TOKEN, timeout: float = 2.0) -> Connection:
        """How to reach it."""
        url = f"http://127.0.0.1:{self.port}"
        keys = {"host": "127.0.0.1", "homeAssistantUrl": url, "homeAssistantToken": token, "timeout": str(timeout)}
        return Connection.parse(keys)

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": self.greeting, "ha_version": "2025.4.4"})
        token = (await socket.receive_json())["access_token"]
        self.logins.append(token)
        if token != TOKEN:
            await socket.send_json({"type": "auth_invalid", "message": "Invalid access token or password"})
            return socket
        await socket.send_json({"type": "auth_ok"})
        async for message in socket:
            asked = message.json()
            self.asked.append(asked["type"])
            trouble = self.troubles.get(asked["type"])
            if trouble == "close":
                break
            if trouble == "html":
                await socket.send_str("<html>502 Bad Gateway</html>")
            elif isinstance(trouble, tuple):
                error = {"code": trouble[0], "message": trouble[1]}
                await socket.send_json({"id": asked["id"], "type": "result", "success": False, "error": error})
            elif trouble is None:
                answer = {"id": asked["id"], "type": "result", "success": True, "result": self._answer(asked)}
                await socket.send_json({"id": asked["id"] - 1, "type": "result", "success": True, "result": "late"})
                await socket.send_json({"id": asked["id"], "type": "event", "event": {}})
                await socket.send_json(answer)
        return socket

    def _answer(self, asked: dict[str, Any]) -> Any:
        match asked["type"]:
            case "backup/agents/info":
                return {"agents": [{"agent_id": agent, "name": agent} for agent in self.agents]}
            case "backup/config/info":
                return {"config": self.config}
            case "backup/config/update":
                for part, told in asked.items():
                    merged = part in ("create_backup", "agents")
                    if part in self.config:
                        self.config[part] = self.config[part] | told if merged else told
        return None
