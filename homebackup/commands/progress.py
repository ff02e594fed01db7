"""How far a look at a site is, on a terminal whose user would wonder: after a second, and gone when it ends."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from homebackup.world.batch import Hear

AFTER = 1.0
"""Seconds after which anything is shown."""


@contextmanager
def progress(console: Console | None = None) -> Iterator[Hear]:
    """Takes how many answers came of how many that are awaited; shows nothing where nobody is at a terminal."""
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
