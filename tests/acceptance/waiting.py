"""Waiting for a condition, never longer than its deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE = 0.2
"""Seconds between two looks."""


def until(what: str, holds: Callable[[], T], seconds: float) -> T:
    """The condition's first true result; AssertionError that says `what` when there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        if result := holds():
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:g} s")
        pause.wait(PAUSE)
