"""Processes of this machine: whether the one that left something behind still lives."""

import os
import socket
import subprocess
from datetime import UTC, datetime, timedelta

SLACK = timedelta(seconds=5)
"""How much later than its first trace a process may seem to have started; `ps` counts in whole seconds."""


def machine() -> str:
    """The name of this machine."""
    return socket.gethostname()


def lives(process: int, seen: datetime) -> bool:
    """Whether the process that was seen at that moment still runs; its number may have gone to a later one.

    Where the machine does not tell since when it runs, it counts as the same.
    """
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it belongs to somebody else, and lives
    try:
        asked = subprocess.run(  # noqa: S603 -- a number is all that is passed on
            ["ps", "-o", "etime=", "-o", "stat=", "-p", str(process)],  # noqa: S607 -- it is not in one place on every Unix
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:  # a small container has no ps
        return True
    words = asked.stdout.split()
    if len(words) != 2:
        return True
    age, state = words
    return not state.startswith("Z") and datetime.now(UTC) - _elapsed(age) <= seen + SLACK


def _elapsed(said: str) -> timedelta:
    """The time that `ps` prints as [[days-]hours:]minutes:seconds."""
    days, _, clock = said.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    hours, minutes, seconds = [0] * (3 - len(parts)) + parts
    return timedelta(days=int(days or 0), hours=hours, minutes=minutes, seconds=seconds)
