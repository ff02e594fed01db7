"""What can happen to the home site: deeds of its owner, of somebody at the console, of the NAS and of bad luck."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from lab.pve.pace import pace_of, shift
from tests.commands.living_site import DUMP
from tests.simulate.home import Home

Deed = Callable[[Home], Awaitable[None]]
HANGS = 1e6
"""The pace at which a backup takes longer than anybody waits."""
BEGIN = 10.0
"""Seconds that a backup may take to begin."""


def shell(script: str) -> Deed:
    """Somebody at the node's console runs a script; `{DUMP}` in it is the directory of the archives."""

    async def deed(home: Home) -> None:
        await home.shell(script.replace("{DUMP}", DUMP))

    return deed


def nas(*, on: bool) -> Deed:
    """The NAS is switched."""

    async def deed(home: Home) -> None:
        home.box.nas.on = on

    return deed


def full(*, is_full: bool) -> Deed:
    """The NAS has no room left, or has some again."""

    async def deed(home: Home) -> None:
        home.box.nas.full = is_full

    return deed


def no_room_for(pattern: str) -> Deed:
    """Files of such a name cannot be written."""

    async def deed(home: Home) -> None:
        rule = {"on": "disk", "method": "write", "path": pattern, "message": "ENOSPC", "times": -1}
        home.box.faults.add(rule)

    return deed


async def room_again(home: Home) -> None:
    """Everything can be written."""
    home.box.faults.clear()


def shorten(vmid: int, share: float) -> Deed:
    """A guest's newest archive loses its end, and keeps this share of its bytes."""

    async def deed(home: Home) -> None:
        path = await home.newest(vmid)
        size = int(await home.shell(f"stat -c %s {path}"))
        await home.shell(f"truncate -s {int(size * share)} {path}")

    return deed


def power_off(seconds: float) -> Deed:
    """The node is off for so long; what was due in that time is not made up for."""

    async def deed(home: Home) -> None:
        shift(home.box.clock, home.box.clock.now() + seconds)
        await home.box.reboot()
        await home.box.scheduler.stop()

    return deed


def power_cut(vmid: int, after: float, seconds: float) -> Deed:
    """The node loses its power `after` so many seconds, while it backs a guest up, and has it again `seconds` later.

    What the backup has written until then is left on the NAS.
    """

    async def deed(home: Home) -> None:
        box, folder = home.box, DUMP
        pace = pace_of(box.api)
        shift(box.clock, box.clock.now() + after)
        pace.factor = HANGS
        (task,) = box.scheduler.run_due()
        while not any("creating vzdump archive" in line for line in task.lines):
            task.changed.clear()
            await asyncio.wait_for(task.changed.wait(), BEGIN)
        (name,) = (name for name in box.root.listdir(folder) if name.endswith(".dat"))
        assert f"-{vmid}-" in name, f"the backup under way is {name}"
        written = box.clock.now()
        await power_off(seconds)(home)
        pace.factor = 0.0
        stem = name.partition(".")[0]
        box.root.write(f"{folder}/{name}", bytes(50_000))
        box.root.mkdir(f"{folder}/{stem}.tmp")
        for left in (name, f"{stem}.tmp"):
            box.root.utime(f"{folder}/{left}", written)

    return deed


def declare(part: str, name: str, changes: Mapping[str, object] | None) -> Deed:
    """The owner adds or changes a guest or tier of the site; None takes it out."""

    async def deed(home: Home) -> None:
        if changes is None:
            del home.declared[part][name]
        else:
            home.declared[part][name] = home.declared[part].get(name, {}) | changes

    return deed


def not_deferred(vmid: str) -> Deed:
    """The owner defers a guest no longer."""

    async def deed(home: Home) -> None:
        del home.declared["guests"][vmid]["deferred"]

    return deed


def make_job(tier: str) -> Deed:
    """The owner runs `pulumi up`, and the job of a tier is made."""

    async def deed(home: Home) -> None:
        await home.make_job(tier)

    return deed
