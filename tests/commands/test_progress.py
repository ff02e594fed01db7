"""What a terminal is told while a look takes long, and that nobody else is told anything."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable

import pytest
from rich.console import Console

from homebackup.commands import progress as of
from homebackup.commands.progress import progress


def console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=terminal, _environ={"TERM": "xterm"})


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


async def eventually(true: Callable[[], bool]) -> None:
    """Wait until it is true, for ten seconds at most."""
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


async def test_a_long_look_tells_a_terminal_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of, "AFTER", 0.0)
    terminal = console(terminal=True)
    with progress(terminal) as hear:
        hear(17, 52)
        await eventually(lambda: "17/52" in printed(terminal))
    assert "looking" in printed(terminal)
    assert printed(terminal).endswith("\x1b[2K"), "it is gone when it ends"


async def test_a_short_look_and_a_file_are_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = console(terminal=True)
    with progress(terminal) as hear:
        hear(1, 1)
    monkeypatch.setattr(of, "AFTER", 0.0)
    file = console(terminal=False)
    with progress(file) as hear:
        hear(1, 2)
        await asyncio.sleep(0.05)
    assert printed(file) == printed(terminal) == ""
