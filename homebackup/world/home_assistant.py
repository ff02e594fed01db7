"""Home Assistant: its websocket, one question after the other, and what it takes to wait for."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from homebackup.world.connection import Connection, Problems
from homebackup.world.errors import Denied, Failed, Missing, NotLoggedIn, Refused, Trouble, Unreachable

SUPERVISOR = "supervisor/api"
"""The one command that is passed on to the Supervisor, which keeps network storage."""
MOUNTING = 120.0
"""Seconds that the Supervisor may take for one request: a mount is given up after 30."""
OFFERED = 60.0
"""Seconds after which a new network storage has to be offered as a place for backups."""
PAUSE = 0.5
"""Seconds between two looks for something that is awaited."""
ALIVE = 30.0
"""Seconds between two signs of life that are asked for while a backup is followed."""
LONGEST = 12 * 3600.0
"""Seconds after which a backup that is followed is given up."""
MESSAGE = 64 << 20
"""Bytes of the longest message: it lists every backup at once."""
CHUNK = 1 << 20

_refused: dict[tuple[str, str], NotLoggedIn] = {}
"""Tokens that Home Assistant refused, by its address and their digests.

It counts wrong logins, and may ban the address that they come from, so none is tried twice in one process.
"""


class HomeAssistant:
    """One session with Home Assistant; it is opened with the first question and again after it was lost."""

    def __init__(self, connection: Connection) -> None:
        """Raises Problems where the stack does not say where Home Assistant is, and how to log in."""
        absent = {
            key: "is missing: Home Assistant is asked through it"
            for key, value in (
                ("homeAssistantUrl", connection.home_assistant_url),
                ("homeAssistantToken", connection.home_assistant_token),
            )
            if value is None
        }
        if absent:
            raise Problems(absent)
        token = connection.home_assistant_token
        self.url, self._token = str(connection.home_assistant_url), token.get_secret_value() if token else ""
        self.subject = f"Home Assistant at {self.url}"
        self._timeout = connection.timeout
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._turn = asyncio.Lock()
        self._id = 0

    async def ask(self, command: str, data: Mapping[str, Any] | None = None) -> Any:
        """What it answers to a command; raises Trouble.

        A new network storage is answered for when it is offered as a place for backups, or a minute has passed.
        """
        given = dict(data or {})
        if command == SUPERVISOR:
            given.setdefault("timeout", None)
        async with self._turn:
            answer = await self._answer(command, given)
        if command == SUPERVISOR and (given.get("endpoint"), given.get("method")) == ("/mounts", "post"):
            await self._until_offered(f"hassio.{given['data']['name']}")
        return answer

    async def follow(self, command: str) -> AsyncIterator[Mapping[str, Any]]:
        """What it tells of the backup that a command starts, until that ended; raises Trouble."""
        async with self._turn:
            socket = await self._connected()
            deadline = time.monotonic() + LONGEST
            await self._answer("backup/subscribe_events", {})
            number, begun, ended = await self._send(command, {}), False, False
            while not (begun and ended):  # what fails at once is told before the request is answered with the reason
                message = await self._receive(socket, command, deadline - time.monotonic(), sent=True)
                event = message.get("event") or {}
                if message.get("id") == number and message.get("type") == "result":
                    begun = self._result(command, message) is not None
                elif event.get("manager_state") == "create_backup":
                    yield event
                    ended = event.get("state") in ("completed", "failed")

    async def download(self, backup: str, agent: str, into: Path) -> None:
        """Write a backup, as it lies at an agent, into a file; raises Trouble."""
        address = f"{self.url}/api/backup/download/{backup}"
        try:
            async with (
                self._http().get(
                    address, params={"agent_id": agent}, headers={"Authorization": f"Bearer {self._token}"}
                ) as response,
            ):
                if response.status == 401:
                    raise self._not_logged_in("it refused the token of a download")
                if response.status == 404:
                    raise Missing(f"backup {backup}", f"{self.subject} has none at {agent}", "see homebackup status")
                if response.status >= 400:
                    said = f"it answered the download of backup {backup} with {response.status}"
                    raise Failed(self.subject, said, "see its log")
                with into.open("wb") as file:
                    async for chunk in response.content.iter_chunked(CHUNK):
                        file.write(chunk)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._lost(f"the download of backup {backup}", error, sent=False) from None

    async def close(self) -> None:
        """Ends the session."""
        if self._socket is not None:
            await self._socket.close()
        if self._session is not None:
            await self._session.close()

    async def _until_offered(self, agent: str) -> None:
        deadline = time.monotonic() + OFFERED
        while time.monotonic() < deadline:
            offered = await self.ask("backup/agents/info")
            if any(one.get("agent_id") == agent for one in offered.get("agents") or []):
                return
            await asyncio.sleep(PAUSE)

    async def _answer(self, command: str, data: Mapping[str, Any]) -> Any:
        socket = await self._connected()
        number = await self._send(command, data)
        deadline = time.monotonic() + (MOUNTING if command == SUPERVISOR else self._timeout)
        while True:
            message = await self._receive(socket, command, deadline - time.monotonic(), sent=True)
            if message.get("id") == number and message.get("type") == "result":
                return self._result(command, message)

    async def _send(self, command: str, data: Mapping[str, Any]) -> int:
        assert self._socket is not None
        self._id += 1
        try:
            await self._socket.send_json({**data, "id": self._id, "type": command})
        except (aiohttp.ClientError, ConnectionError) as error:
            await self._drop()
            raise self._lost(command, error, sent=False) from None
        return self._id

    def _result(self, command: str, message: Mapping[str, Any]) -> Any:
        if message.get("success"):
            return message.get("result")
        error = message.get("error") or {}
        raise _trouble(self.subject, command, str(error.get("code", "")), str(error.get("message", "")))

    async def _receive(
        self, socket: aiohttp.ClientWebSocketResponse, command: str, seconds: float, *, sent: bool
    ) -> Mapping[str, Any]:
        """The next message; whatever ends the session in its stead is Unreachable."""
        try:
            message = await asyncio.wait_for(socket.receive(), max(0.001, seconds))
            if message.type is aiohttp.WSMsgType.TEXT and isinstance(said := message.json(), dict):
                return said
        except (TimeoutError, ValueError, aiohttp.ClientError) as error:
            await self._drop()
            raise self._lost(command, error, sent=sent) from None
        await self._drop()
        raise self._lost(command, None, sent=sent)

    async def _connected(self) -> aiohttp.ClientWebSocketResponse:
        if self._socket is not None and not self._socket.closed:
            return self._socket
        if known := _refused.get(self._credential):
            raise known
        try:
            self._socket = await asyncio.wait_for(
                self._http().ws_connect(f"{self.url}/api/websocket", max_msg_size=MESSAGE, heartbeat=ALIVE),
                self._timeout,
            )
        except aiohttp.WSServerHandshakeError as error:
            said = f"{self.url}/api/websocket answered {error.status}, so it is no Home Assistant, or one that starts"
            raise Unreachable(self.subject, said, "see homebackup:homeAssistantUrl, and run this again") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._lost("the connection", error, sent=False) from None
        await self._log_in(self._socket)
        return self._socket

    async def _log_in(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        deadline = time.monotonic() + self._timeout
        message = await self._receive(socket, "the login", deadline - time.monotonic(), sent=False)
        if message.get("type") == "auth_required":
            await socket.send_json({"type": "auth", "access_token": self._token})
            message = await self._receive(socket, "the login", deadline - time.monotonic(), sent=False)
        if message.get("type") == "auth_invalid":
            await self._drop()
            raise self._not_logged_in(f"it refused the token ({message.get('message', 'no reason given')})")
        if message.get("type") != "auth_ok":
            await self._drop()
            raise Unreachable(self.subject, "it did not ask for a login", "see homebackup:homeAssistantUrl")
        self._id = 0

    @property
    def _credential(self) -> tuple[str, str]:
        return self.url, hashlib.sha256(self._token.encode()).hexdigest()

    def _not_logged_in(self, said: str) -> NotLoggedIn:
        remedy = (
            "make a long-lived access token in an administrator's profile under Security, and set it with "
            "pulumi config set --secret homebackup:homeAssistantToken"
        )
        return _refused.setdefault(self._credential, NotLoggedIn(self.subject, said, remedy))

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_read=self._timeout))
        return self._session

    async def _drop(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await socket.close()

    def _lost(self, what: str, error: Exception | None, *, sent: bool) -> Unreachable:
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            said = "its certificate is not one that this machine trusts"
            return Unreachable(self.subject, said, "use its http address in the LAN, or a certificate that is known")
        if isinstance(error, aiohttp.ClientConnectorError):
            said = f"no connection ({error.os_error.strerror or error.os_error})"
        elif isinstance(error, TimeoutError):
            said = f"no answer to {what} within {self._timeout:g} s"
        elif isinstance(error, ValueError):
            said = f"it answered {what} with something that is no JSON"
        else:
            said = f"it closed the connection before it answered {what}, as it does when it restarts"
        return Unreachable(self.subject, said, "see that it runs, and run this again", maybe_done=sent)


def _trouble(subject: str, command: str, code: str, message: str) -> Trouble:
    """The error that an answer tells of."""
    if code == "unauthorized":
        remedy = "make the token in the profile of an administrator"
        return Denied(subject, f"the token's user is no administrator, whom it wants for {command}", remedy)
    if code == "unknown_command":
        what = "has no Supervisor, which keeps network storage" if command == SUPERVISOR else f"knows no {command}"
        return Missing(subject, f"it {what}", "use Home Assistant OS or Supervised, 2025.1 or newer")
    if code in ("invalid_format", "password_incorrect", "decrypt_not_supported", "backup_not_found"):
        refused = Refused(subject, f"it refused {command}: {message or code}", "correct what is named there")
        refused.errors = {code: message}
        return refused
    return Failed(
        subject, f"{command} failed: {message or code or 'no reason given'}", "see its log, and run this again"
    )
