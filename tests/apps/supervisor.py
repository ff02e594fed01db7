"""A double of Home Assistant's Supervisor, as far as Core asks it: it keeps network storage and tells of its jobs."""

from __future__ import annotations

import asyncio
import re
import threading
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.apps.core import Core

ABOUT: dict[str, dict[str, Any]] = {
    "/info": {"supervisor": "2025.04.0", "homeassistant": "2025.4.4", "hassos": "15.2", "features": ["mount"]},
    "/supervisor/info": {"version": "2025.04.0", "version_latest": "2025.04.0", "addons": [], "channel": "stable"},
    "/core/info": {"version": "2025.4.4", "version_latest": "2025.4.4"},
    "/os/info": {"version": "15.2", "version_latest": "15.2"},
    "/host/info": {"features": ["mount"]},
    "/store": {"addons": [], "repositories": []},
    "/resolution/info": {"unsupported": [], "unhealthy": [], "issues": [], "suggestions": [], "checks": []},
    "/network/info": {"interfaces": [], "host_internet": True, "supervisor_internet": True},
    "/ingress/panels": {"panels": {}},
    "/discovery": {"discovery": []},
}
TAKEN = {"name", "usage", "type", "server", "path", "read_only"}
"""What the Supervisor takes of a mount; it refuses any other key."""


class Supervisor:
    """The double, served in a thread of its own; `silent` addresses are NAS that are off."""

    def __init__(self) -> None:
        self.mounts: dict[str, dict[str, Any]] = {}
        self.silent: set[str] = set()
        self.asked: list[str] = []
        self.core: Core | None = None
        self.address = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._told: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def reset(self) -> None:
        """Forget all network storage, tell Core so, and let every NAS be on."""
        self.mounts.clear()
        self._loop.call_soon_threadsafe(self._tell, "mount_manager_remove_mount")
        self.silent.clear()
        self.asked.clear()

    async def told(self) -> None:
        """Wait until Core was told of every job."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._all_told(), self._loop))

    async def _all_told(self) -> None:
        await asyncio.gather(*self._told)

    async def _serve(self) -> None:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        (port,) = {socket.getsockname()[1] for socket in site._server.sockets}  # type: ignore[union-attr]
        self.address = f"127.0.0.1:{port}"

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        if not request.path.startswith("/mounts"):
            return _well(ABOUT.get(request.path, {}))
        given = await request.json() if request.can_read_body else {}
        _, _, name, *more = f"{request.path}//".split("/")
        refused = self._mounts(request.method, name, "".join(more), given)
        if refused:
            return web.json_response({"result": "error", "message": refused}, status=400)
        if request.method == "GET":
            shown = [{"read_only": False, "user_path": None, **mount} for mount in self.mounts.values()]
            return _well({"default_backup_mount": next(iter(self.mounts), None), "mounts": shown})
        return _well({})

    def _mounts(self, method: str, name: str, more: str, given: dict[str, Any]) -> str:
        """Do it; the reason where it is refused."""
        if method == "GET":
            return ""
        if method == "POST" and not name:
            name = given.get("name", "")
            if name in self.mounts:
                return f"A mount already exists with name {name}"
            return self._put(name, given, job="mount_manager_create_mount")
        if name not in self.mounts:
            return f"No mount exists with name {name}"
        if method == "DELETE":
            del self.mounts[name]
            self._tell("mount_manager_remove_mount")
            return ""
        return self._put(name, self.mounts[name] if more == "reload" else given, job="mount_manager_create_mount")

    def _put(self, name: str, given: dict[str, Any], job: str) -> str:
        if unknown := sorted(given.keys() - TAKEN - {"state"}):
            return f"extra keys not allowed @ data['{unknown[0]}']"
        if not re.fullmatch(r"[A-Za-z0-9_]+", name):
            return (
                f"does not match regular expression ^[A-Za-z0-9_]+$ for dictionary value @ data['name']. Got {name!r}"
            )
        if given["server"] in self.silent:
            return f"Mounting {name} did not succeed. Check host logs for errors from mount or systemd unit"
        self.mounts[name] = {**given, "state": "active"}
        self._tell(job)
        return ""

    def _tell(self, job: str) -> None:
        """Tell Core of a job that ended, as the Supervisor does some time after its answer."""
        task = self._loop.create_task(self._send(job))
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    async def _send(self, job: str) -> None:
        if self.core is None:
            return
        await asyncio.sleep(0.3)
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{self.core.url}/api/websocket") as websocket,
        ):
            await websocket.receive_json()
            await websocket.send_json({"type": "auth", "access_token": self.core.token})
            await websocket.receive_json()
            event = {"event": "job", "data": {"name": job, "done": True}}
            await websocket.send_json({"id": 1, "type": "supervisor/event", "data": event})
            await websocket.receive_json()


def _well(data: dict[str, Any]) -> web.Response:
    return web.json_response({"result": "ok", "data": data})
