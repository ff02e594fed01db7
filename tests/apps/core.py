"""A real Home Assistant Core as a process of its own, with an owner and a long-lived token."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp

from tools.home_assistant import SYSTEMS_TRUST

START = 120.0
"""Seconds that it may take to answer on a busy machine."""
NAME, PASSWORD = "admin", "the-owners-own-password"


@dataclass
class Core:
    """One Core: where it is, its configuration, and what proves its owner."""

    hass: Path
    folder: Path
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls, hass: Path, folder: Path, environment: Mapping[str, str] | None = None) -> Self:
        """A Core that answers, with a token of its owner."""
        core = cls(hass, folder, _free_port(), environment or {})
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "configuration.yaml").write_text(
            f"http: {{server_host: 127.0.0.1, server_port: {core.port}}}\n"
            "backup:\nhomeassistant: {auth_providers: [{type: homeassistant}], time_zone: Europe/Berlin}\n"
        )
        subprocess.run(
            [str(hass), "--script", "auth", "-c", str(folder), "add", NAME, PASSWORD], check=True, capture_output=True
        )
        try:
            core.boot()
            core.token = asyncio.run(core._new_token(core._access()))
        except BaseException:
            core.end()
            raise
        return core

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def backups(self) -> list[Path]:
        """The files of its backups."""
        return sorted((self.folder / "backups").glob("*.tar"))

    @property
    def refused_logins(self) -> int:
        """How often its log tells of a wrong login."""
        return (self.folder / "home-assistant.log").read_text().count("Login attempt or request with invalid auth")

    def refusals_after(self, count: int) -> int:
        """How many more wrong logins its log tells of, which it writes aside; at least one is waited for."""
        deadline = time.monotonic() + 10
        while self.refused_logins == count and time.monotonic() < deadline:
            self._wait(0.1)
        return self.refused_logins - count

    def boot(self) -> None:
        """Start it and wait until it answers."""
        log = self.folder / "boot.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(self.hass), "-c", str(self.folder)],
                env={**SYSTEMS_TRUST, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + START
        while not self._answers():
            said = log.read_text(errors="replace")
            assert self.process.poll() is None, f"Home Assistant ended: {said}"
            assert time.monotonic() < deadline, f"Home Assistant does not answer: {said}"
            self._wait(0.2)

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)

    def end(self) -> None:
        """End it at once; nobody needs what it has in memory."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(60)

    def _wait(self, seconds: float) -> None:
        assert self.process is not None
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/manifest.json", timeout=5):
                return True
        except OSError:
            return False

    def _access(self) -> str:
        """What a browser has after its owner logged in."""
        client = f"{self.url}/"
        begun = self._post("/auth/login_flow", client_id=client, handler=["homeassistant", None], redirect_uri=client)
        login = {"client_id": client, "username": NAME, "password": PASSWORD}
        code = self._post(f"/auth/login_flow/{begun['flow_id']}", **login)["result"]
        form = urllib.parse.urlencode({"grant_type": "authorization_code", "code": code, "client_id": client})
        with urllib.request.urlopen(f"{self.url}/auth/token", form.encode(), timeout=10) as answer:
            return str(json.loads(answer.read())["access_token"])

    async def _new_token(self, access: str) -> str:
        """A long-lived access token, as its owner makes one in the profile."""
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{self.url}/api/websocket") as websocket,
        ):
            await websocket.receive_json()
            await websocket.send_json({"type": "auth", "access_token": access})
            await websocket.receive_json()
            wish = {"type": "auth/long_lived_access_token", "client_name": "homebackup", "lifespan": 3650}
            await websocket.send_json({"id": 1, **wish})
            return str((await websocket.receive_json())["result"])

    def _post(self, path: str, **data: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}{path}", json.dumps(data).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
