"""The lab's vzdump tasks and archives, as somebody at its console sees them, and a clock set for them."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from tests.commands.living_site import DUMP, NEXT_NOON
from tests.running_lab import Lab

LIMIT = 30.0
"""Seconds for anything that a test waits for."""
TASKS = "pvesh get /nodes/pve/tasks --source all --typefilter vzdump --output-format json"


def at(lab: Lab, time_of_day: str) -> None:
    """Set the node's clock to a time of the day after tomorrow, later than whatever was scheduled for then."""
    lab.control("/clock", {"set": float(lab.run(NEXT_NOON.replace("12:00", time_of_day)))})
    lab.forget()


def archives(lab: Lab) -> list[str]:
    return [name for name in lab.run(f"ls {DUMP}").split() if name.endswith(".zst")]


def tasks(lab: Lab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(lab.run(TASKS))
    return found


def made(lab: Lab, before: list[str]) -> list[int]:
    return sorted(int(name.split("-")[2]) for name in set(archives(lab)) - set(before))


async def begun(lab: Lab, before: int) -> str:
    """The UPID of the task that runs."""
    deadline = time.monotonic() + LIMIT
    while True:
        found = await asyncio.to_thread(tasks, lab)
        if len(found) > before and found[0].get("status") == "RUNNING":
            return str(found[0]["upid"])
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def until(lab: Lab, script: str, wanted: str) -> None:
    """Wait until a script on the node prints what is wanted."""
    deadline = time.monotonic() + LIMIT
    while wanted not in (said := await asyncio.to_thread(lab.run, script)):
        assert time.monotonic() < deadline, said
        await asyncio.sleep(0.05)
