"""The Proxmox VE API over ssh: proxmoxer's command session on our own connection, running `pvesh` on the host."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import threading
from typing import Any

from proxmoxer.backends.command_base import CommandBaseSession
from proxmoxer.core import ProxmoxResource

from homebackup.world.answers import Asked, trouble, unreachable
from homebackup.world.connection import Connection
from homebackup.world.errors import Refused, Unreachable
from homebackup.world.host import Host
from homebackup.world.proxmoxer_shape import Answered, Serializer
from homebackup.world.session import Ran
from homebackup.world.wire import Wire, hide

VERBS = {"GET": "get", "POST": "create", "PUT": "set", "DELETE": "delete"}
"""What `pvesh` calls the methods."""

_USAGE = re.compile(r"^pvesh \w+ <api_path>.*$|^400 unable to parse option$", re.MULTILINE)
_UNKNOWN = re.compile(r"^Unknown option: (\S+)$", re.MULTILINE)
_NO_CALL = re.compile(r"^No '\w+' handler defined for ", re.MULTILINE)


class Pvesh:
    """The API over ssh; `call` blocks, in any thread but that of the host's event loop."""

    def __init__(self, connection: Connection, host: Host, loop: asyncio.AbstractEventLoop) -> None:
        self._secrets = connection.secrets
        self._session = Session(host, loop)
        self._api = ProxmoxResource(base_url="", session=self._session, serializer=Serializer())

    def call(self, asked: Asked, wire: Wire, secrets: list[str], timeout: float) -> Any:
        """What the API answers as data; raises Trouble.

        A call that starts a task comes back when the task has ended, with its UPID, whether it went well or not: ask
        the task's status, as over https. A secret parameter is Refused, because it would be seen in the host's
        process list.
        """
        if secrets:
            raise Refused(
                asked.subject,
                "pvesh cannot be given a secret without showing it to everybody on the host",
                "set homebackup:api to https for this",
            )
        self._session.aim(asked, self._secrets, timeout)
        return getattr(self._api(asked.path), asked.method.lower())(**wire)

    def close(self) -> None:
        """Nothing: the connection is the host's."""


class Session(CommandBaseSession):  # type: ignore[misc]
    """proxmoxer's command session on a shared connection; raises Trouble by the same mapping as https."""

    def __init__(self, host: Host, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._host = host
        self._loop = loop
        self._call = threading.local()

    def aim(self, asked: Asked, secrets: list[str], timeout: float) -> None:
        """Says what this thread's next request is, for its errors, and how long it may take."""
        self._call.asked, self._call.secrets, self._call.timeout = asked, secrets, timeout

    def request(self, method: str, url: str, data: Any = None, params: Any = None, **_: Any) -> Answered:
        """One call of the API; proxmoxer's core calls it."""
        ran = self._exec(command(method, url, {**(data or {}), **(params or {})}))
        asked: Asked = self._call.asked
        if ran.exit in (126, 127):
            said = f"there is no pvesh on {asked.host} ({ran.said})"
            raise Unreachable(asked.subject, said, "see that it is a node of Proxmox VE, and that root logs in there")
        if ran.exit != 0:
            raise refusal(asked, hide(ran.stderr.decode("utf-8", "replace") or ran.text, self._call.secrets))
        return Answered(_data(asked, ran))

    def _exec(self, cmd: list[str]) -> Ran:
        run = self._host.run(shlex.join(cmd), timeout=self._call.timeout)
        try:
            return asyncio.run_coroutine_threadsafe(run, self._loop).result()
        except Unreachable as lost:
            raise unreachable(self._call.asked, lost.said, sent=lost.maybe_done, again=lost.again) from None


def command(method: str, path: str, wire: Wire) -> list[str]:
    """The command line of a call; what is repeated in a list is given once an element."""
    options = [
        part
        for name, value in wire.items()
        for each in ([value] if isinstance(value, str) else value)
        for part in (f"--{name}", each)
    ]
    return ["pvesh", VERBS[method], path, *options, "--output-format", "json"]


def _data(asked: Asked, ran: Ran) -> Any:
    text = ran.text.strip()
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return json.loads(text.splitlines()[-1])  # before it, a task prints its log
    except ValueError:
        raise unreachable(asked, f"pvesh on {asked.host} printed something that is no JSON or breaks off") from None


def refusal(asked: Asked, stderr: str) -> Exception:
    """The error for what `pvesh` printed; its exit code is a leftover errno and says nothing."""
    text = _USAGE.sub("", stderr).strip()
    unknown = dict.fromkeys(_UNKNOWN.findall(text), "property is not known to Proxmox VE")
    if unknown:
        return trouble(asked, 400, text, unknown)
    return trouble(asked, 501 if _NO_CALL.search(text) else 500, text)
