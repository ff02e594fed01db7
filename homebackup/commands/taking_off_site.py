"""`homebackup app run` of a task of Hyper Backup: begun on the NAS, and followed to its end."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from homebackup.assess.amounts import span
from homebackup.assess.off_site import GOING
from homebackup.commands import ending
from homebackup.commands.printing import say
from homebackup.model import hyper_backup
from homebackup.model.off_site import NO_ERROR
from homebackup.model.off_site import task as off_site_task
from homebackup.model.steps import Ask
from homebackup.world import running
from homebackup.world.errors import Failed, Missing, Unreachable
from homebackup.world.journal import Journal, place
from homebackup.world.live_site import LiveSite
from homebackup.world.stack import Stack

EVERY = 5.0
"""Seconds between looks at a task that runs."""
PATIENCE = 300.0
"""Seconds without an answer of the NAS after which nobody waits any more; the task goes on there."""


async def make(declared: Stack, name: str) -> int:
    """Begin the task, unless a backup is being written, and wait for its end; the exit code. Raises Trouble.

    One that runs already is followed. Ctrl-C ends the waiting and not the task.
    """
    live = LiveSite(declared.connection, declared.folder)
    journal = Journal(place(declared.folder), "homebackup app run", declared.connection.secrets)
    subject = f"Hyper Backup task {name}"
    try:
        there = await running.before(declared.site, live)
        if there.running:
            raise running.busy(there.running[0])
        task = await _listed(live, name)
        one = {"task_id": task["task_id"]}
        if await _runs(live, one):
            say(f"{subject} runs already; its end is waited for.")
        else:
            step = Ask("dsm", "SYNO.Backup.Task backup", one)
            async with journal.of(declared.name, subject, say).step(step, undo=False):
                await live.perform(step)
            say(f"{subject} is begun. Ctrl-C ends the waiting, not the task.")
        began = time.monotonic()
        await _ended(live, one)
        ended = off_site_task(await _listed(live, name), await live.ask("dsm", hyper_backup.STATUS, one), None, None)
    finally:
        await live.close()
    if ended.result not in GOING or ended.error not in NO_ERROR:
        said = f"it ended with {ended.result or 'an error'} (code {ended.error})"
        raise Failed(subject, said, "see its log in DSM, Hyper Backup")
    say(f"{subject} ended well after {span(time.monotonic() - began)}.")
    return ending.WELL


async def _listed(live: LiveSite, name: str) -> Mapping[str, Any]:
    tasks = hyper_backup.tasks(await live.ask("dsm", hyper_backup.TASKS, hyper_backup.WITH))
    found = next((task for task in tasks if task.get("name") == name), None)
    if found is None:
        there = ", ".join(sorted(str(task.get("name")) for task in tasks)) or "none"
        raise Missing(f"Hyper Backup task {name}", f"the NAS has {there}", "make it in DSM, Hyper Backup")
    return found


async def _runs(live: LiveSite, one: Mapping[str, Any]) -> bool:
    status = await live.ask("dsm", hyper_backup.STATUS, one)
    return str((status or {}).get("status") or "none") != "none"


async def _ended(live: LiveSite, one: Mapping[str, Any]) -> None:
    """Wait until the task does not run any more; a NAS that is silent for a while is asked again."""
    heard = time.monotonic()
    while True:
        runs = True
        try:
            runs, heard = await _runs(live, one), time.monotonic()
        except Unreachable:
            if time.monotonic() - heard > PATIENCE:
                raise
        if not runs:
            return
        await asyncio.sleep(EVERY)
