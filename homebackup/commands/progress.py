"""How far something is, on a terminal whose user would wonder: gone when it ends, and aside while a line is printed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from homebackup.world.batch import Hear

AFTER = 1.0
"""Seconds after which anything is shown."""


def bars(*columns: ProgressColumn, console: Console | None = None) -> Progress:
    """Bars on standard error, gone at their end; nothing at all where nobody is at a terminal."""
    console = console or Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def aside(bars: Progress) -> Iterator[None]:
    """While something else is printed, which would otherwise begin in the middle of a bar."""
    bars.stop()
    yield
    bars.start()


@contextmanager
def progress(console: Console | None = None) -> Iterator[Hear]:
    """Takes how many answers came of how many are awaited, and shows it after a second; nothing without a terminal."""
    console = console or Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield lambda answered, asked: None
        return
    columns = (SpinnerColumn(), TextColumn("looking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown = Progress(*columns, console=console, transient=True)
    task = shown.add_task("", total=None)
    later = asyncio.get_running_loop().call_later(AFTER, shown.start)
    try:
        yield lambda answered, asked: shown.update(task, completed=answered, total=asked)
    finally:
        later.cancel()
        if shown.live.is_started:
            shown.stop()
