"""One command on one ssh channel: its output collected within a bound, and whether it had been sent."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import NamedTuple

import asyncssh

from homebackup.model.plain import one_line
from homebackup.world.errors import Failed

MOST = 32 * 1024 * 1024
"""Bytes of output of one command that are taken; more ends the command."""


class Ran(NamedTuple):
    """How a command ended: its exit code (128 + N after signal N) and everything it printed."""

    exit: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def said(self) -> str:
        """What it printed to explain itself: standard error, else standard output, as one line."""
        return one_line((self.stderr.strip() or self.stdout.strip()).decode("utf-8", "replace"))

    def check(self, subject: str, remedy: str = "see what it says, correct it, and run again") -> Ran:
        """Itself when the exit code is 0, else Failed is raised."""
        if self.exit != 0:
            said = self.said or "it printed nothing"
            raise Failed(
                subject,
                f"the command ended with exit code {self.exit}: {said}",
                remedy,
                exit=self.exit,
                stderr=self.stderr.decode("utf-8", "replace"),
            )
        return self


class Command(asyncssh.SSHClientSession[bytes]):
    """The channel of one command; `ended` becomes the channel's error, or None after a proper end."""

    def __init__(self, hear: Callable[[bytes], None] | None = None) -> None:
        self._hear = hear
        self.opened = False
        self.overflowed = False
        self.exit: int | None = None
        self.output: dict[int | None, bytearray] = {None: bytearray(), asyncssh.EXTENDED_DATA_STDERR: bytearray()}
        self.ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """The channel is open; asyncssh sends the command next, so from here on it may have been done."""
        self.opened = True
        self._channel = chan

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Output came."""
        if self._hear is not None and datatype is None:
            self._hear(data)
        self.output.setdefault(datatype, bytearray()).extend(data)
        if sum(map(len, self.output.values())) > MOST and self._channel is not None:
            self.overflowed = True
            self._channel.abort()

    def exit_status_received(self, status: int) -> None:
        """The command ended by itself."""
        self.exit = status

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        """A signal ended the command."""
        self.exit = 128 + _number(signal)

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is closed, by the command's end or by a lost connection."""
        if not self.ended.done():
            self.ended.set_result(exc)

    def ran(self) -> Ran:
        """The result; only after the exit code came."""
        return Ran(
            -1 if self.exit is None else self.exit,
            bytes(self.output[None]),
            bytes(self.output[asyncssh.EXTENDED_DATA_STDERR]),
        )


def _number(name: str) -> int:
    found = getattr(signal, f"SIG{name}", None)
    return int(found) if isinstance(found, signal.Signals) else 0
