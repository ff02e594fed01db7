"""The host over ssh: one connection that many commands share and that comes back after a loss.

`~/.ssh/config`, the agent and the known hosts are honoured as ssh does. A command that was sent is never sent again:
when the connection is lost under it, nobody knows whether it was done, and the error says so.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import asyncssh

from homebackup.world import hostkeys, session
from homebackup.world.answers import MAYBE_DONE
from homebackup.world.connection import Connection
from homebackup.world.errors import Again, Failed, NotLoggedIn, Refused, Trouble, Unreachable
from homebackup.world.session import Command, Ran

LOCALE = "LC_ALL=C.UTF-8; export LC_ALL; "
"""Put before every command: sshd may not accept a variable, and under LC_ALL=C Proxmox VE destroys unicode."""

SESSIONS = 8
"""Commands at once on the connection; sshd's MaxSessions is 10 unless configured otherwise."""

KEEPALIVE = 10
"""Seconds between questions whether the host is still there; after three without an answer the connection is lost."""


class Host:
    """The host of the site; may be used by any number of tasks of one event loop.

    A key that was refused, on either side, stays refused for this Host: who looks again and again makes a new one, with
    a new LiveSite, for each gather.
    """

    def __init__(self, connection: Connection) -> None:
        self._to = connection
        self._link: asyncio.Task[asyncssh.SSHClientConnection] | None = None
        self._final: Trouble | None = None
        self._room = asyncio.Semaphore(SESSIONS)

    def __repr__(self) -> str:
        return f"Host({self._to.ssh_user}@{self._to.host})"

    async def run(
        self, command: str, *, stdin: bytes = b"", timeout: float = 30.0, hear: Callable[[bytes], None] | None = None
    ) -> Ran:
        """Runs a shell command and returns how it ended, whatever its exit code.

        `timeout` is in seconds and counts from the command's start. `hear` is told standard output as it comes. Raises
        Unreachable (`maybe_done` once the command was sent), Untrusted, NotLoggedIn, and Failed for more than 32 MiB of
        output.
        """
        async with self._room:
            for _ in range(2):
                link = await self._connected()
                try:
                    return await self._run_on(link, command, stdin, timeout, hear)
                except _NotSentError as error:
                    reason = str(error)
                    self._forget(link)
            raise self._lost(f"the connection is lost at once ({reason})", sent=False)

    async def close(self) -> None:
        """Closes the connection; the next command opens it again."""
        link, self._link = self._link, None
        if link is not None:
            with contextlib.suppress(Trouble, asyncio.CancelledError):
                connection = await link
                connection.close()
                await connection.wait_closed()

    async def _run_on(
        self,
        link: asyncssh.SSHClientConnection,
        command: str,
        stdin: bytes,
        limit: float,
        hear: Callable[[bytes], None] | None,
    ) -> Ran:
        ran = Command(hear)
        channel = None
        try:
            async with asyncio.timeout(limit):
                channel, _ = await link.create_session(lambda: ran, LOCALE + command, encoding=None, request_pty=False)
                with contextlib.suppress(BrokenPipeError):  # it may end without reading
                    channel.write(stdin)
                    channel.write_eof()
                error = await asyncio.shield(ran.ended)
        except TimeoutError:
            raise self._lost(f"no answer to a command within {limit:g} s", sent=ran.opened, again=Again.NEVER) from None
        except asyncssh.ChannelOpenError as refused:
            if link.is_closed():
                raise _NotSentError(refused.reason) from refused
            raise Refused(
                self._subject,
                f"sshd does not run a command ({refused.reason})",
                f"see that {self._to.ssh_user} may run commands there and MaxSessions is above 8",
            ) from None
        except (asyncssh.Error, OSError) as lost:
            if ran.opened:
                raise self._lost("the connection was lost under a command", sent=True) from lost
            raise _NotSentError(_reason(lost)) from lost
        finally:
            if channel is not None and not ran.ended.done():
                channel.terminate()
                channel.abort()
        if ran.overflowed:
            said = f"a command printed more than {session.MOST} bytes and was ended"
            raise Failed(self._subject, said, "run it by hand to see what it prints")
        if ran.exit is None:
            raise self._lost("the connection was lost under a command", sent=True) from error
        return ran.ran()

    async def _connected(self) -> asyncssh.SSHClientConnection:
        if self._final is not None:
            raise self._final
        link = self._link
        if link is None or (link.done() and (link.cancelled() or link.exception() or link.result().is_closed())):
            link = self._link = asyncio.create_task(self._connect())
        return await asyncio.shield(link)

    def _forget(self, link: asyncssh.SSHClientConnection) -> None:
        task = self._link
        if task is not None and task.done() and not task.cancelled() and not task.exception() and task.result() is link:
            self._link = None
        link.abort()

    async def _connect(self) -> asyncssh.SSHClientConnection:
        to = self._to
        check = hostkeys.HostKeyCheck(to)
        try:
            async with asyncio.timeout(to.timeout):
                link, _ = await asyncssh.create_connection(lambda: check, to.host, **self._options())
                return link
        except TimeoutError:
            raise self._lost(f"no ssh connection within {to.timeout:g} s", sent=False, again=Again.NEVER) from None
        except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed) as error:
            if isinstance(error, asyncssh.KeyExchangeFailed) and "host key" not in error.reason.lower():
                raise self._lost(f"ssh cannot agree on a connection ({error.reason})", sent=False) from None
            self._final = hostkeys.untrusted(to, check)
        except asyncssh.PermissionDenied:
            self._final = NotLoggedIn(
                self._subject,
                f"sshd did not accept any key for {to.ssh_user}",
                f"put your public key there with ssh-copy-id {to.ssh_user}@{to.host}, or set {_KEY}",
            )
        except (asyncssh.KeyImportError, asyncssh.ConfigParseError) as error:
            self._final = Refused(self._subject, f"ssh cannot be set up: {error}", f"correct that file, or set {_KEY}")
        except (asyncssh.Error, OSError) as error:
            raise self._lost(f"no ssh connection ({_reason(error)})", sent=False) from None
        raise self._final

    def _options(self) -> dict[str, Any]:
        to = self._to
        options: dict[str, Any] = {
            "username": to.ssh_user,
            "connect_timeout": to.timeout,
            "login_timeout": to.timeout,
            "keepalive_interval": KEEPALIVE,
            "preferred_auth": "publickey",
        }
        if to.ssh_port:
            options["port"] = to.ssh_port
        if to.ssh_identity_file:
            options |= {"client_keys": [str(to.ssh_identity_file)], "ignore_encrypted": True}
        if to.ssh_host_key:
            options["known_hosts"] = hostkeys.NOBODY
        elif to.ssh_known_hosts:
            options["known_hosts"] = str(to.ssh_known_hosts)
        if to.lab:
            options |= {"config": None, "agent_path": None}
        return options

    @property
    def _subject(self) -> str:
        return f"host {self._to.host}"

    def _lost(self, said: str, *, sent: bool, again: Again = Again.READING) -> Unreachable:
        up = "see that it is up, that sshd runs there and that address and port are right, then run again"
        error = Unreachable(self._subject, said, MAYBE_DONE if sent else up, maybe_done=sent)
        error.again = again
        return error


_KEY = "homebackup:sshIdentityFile"


class _NotSentError(Exception):
    """The connection was gone before the command was sent, so that it may be sent on a new one."""


def _reason(error: Exception) -> str:
    if isinstance(error, asyncssh.Error):
        return error.reason
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
