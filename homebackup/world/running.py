"""A backup begun by hand on a node: what there is before it, its beginning, its log as it grows, and its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from homebackup.model.backups import rows
from homebackup.model.backups.dump_listing import FUNCTIONS
from homebackup.model.backups.task import Task
from homebackup.model.backups.task_log import job_guests
from homebackup.model.host_facts import HostFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.model.steps import Call
from homebackup.world import beside
from homebackup.world.batch import Batch
from homebackup.world.errors import Busy, Unreachable
from homebackup.world.first_look import FirstLook, Sections, questions, tasks_of
from homebackup.world.live_site import LiveSite
from pverules.upid import InvalidUpid, Upid

EVERY = 2.0
"""Seconds between looks at a log; `pvesh` keeps a core of the node busy for half a second each time."""
QUIET = 5
"""Looks without a new line after which the task is asked whether it still runs: one that is killed logs no end."""
LINES = 500
"""Lines of a log that are asked for at once."""
PATIENCE = 120.0
"""Seconds without any answer of the node after which nobody waits for the task any more."""
ENDING = 60.0
"""Seconds that a task which was told to stop may take to clean up."""
UNTOLD = "unexpected status"
"""What Proxmox VE itself says of a task whose log does not tell how it ended."""
NOTHING = "OK"
"""What the call answers instead of a UPID where there is nothing to back up."""


@dataclass(frozen=True)
class Before:
    """What there is before a backup begins: the node's clock and zone, its jobs and storages, and what runs."""

    now: float
    zone: ZoneInfo
    jobs: Sections
    storages: Sections
    running: tuple[Task, ...]


async def before(site: Site, live: LiveSite) -> Before:
    """All of it in one round trip; raises Unreachable for what cannot be seen."""
    asked, looks = questions(site, live.connection)
    began = time.time()
    answers = await Batch(live, FUNCTIONS).ask(asked, looks)
    first = FirstLook(site, live.connection, answers, began, time.time())
    told, jobs, storages, tasks = answers.gets["time"], first.jobs, first.storages, first.tasks
    for part in (told, jobs, storages, tasks):
        if isinstance(part, Unseen):
            raise Unreachable(f"site {site.name}", part.said, part.remedy or "run this again")
    assert not isinstance(jobs, Unseen)
    assert not isinstance(storages, Unseen)
    assert not isinstance(tasks, Unseen)
    return Before(first.now, first.zone, jobs, storages, tuple(task for task in tasks if task.ended is None))


async def underneath(site: Site, live: LiveSite) -> HostFacts:
    """The host at this moment, its mount and the NAS looked at."""
    return await live.look([(site.nas.address, site.mount.target)], fresh=True)


async def begin(live: LiveSite, node: str, call: Call) -> str:
    """Begin the backup; its UPID, or NOTHING. Raises Busy while another one runs on the node, and Trouble."""
    listed = tasks_of(node)
    known = rows.tasks(await live.api.call("GET", listed.path, listed.params) or ())
    if running := next((task for task in known if task.ended is None), None):
        raise busy(running)
    guests = {int(vmid) for vmid in str(call.params.get("vmid", "")).split(",") if vmid}

    async def ours(upid: str) -> bool | None:
        """Not one that the scheduler began in the same second; one whose log is lost is followed all the same."""
        try:
            lines = await _more(live, _path(upid), 0)
        except Unreachable:
            return True
        named = job_guests(lines)
        if not lines:
            return None
        return not guests or named is None or (bool(named) and named <= guests)

    return await beside.begin(live, call, listed, ours=ours)


def busy(task: Task) -> Busy:
    """Why no backup begins while another one runs: Proxmox VE would let it wait for hours."""
    return Busy(f"node {task.node}", f"the vzdump task {task.upid} still runs there", "wait until it has ended")


async def follow(live: LiveSite, upid: str, hear: Callable[[list[str]], None], every: float | None = None) -> str:
    """Tell the log, all of it each time that it grew, until the task has ended; its exit status.

    Raises Unreachable when the node did not answer for PATIENCE seconds; the task goes on then.
    """
    path, quiet, heard = _path(upid), 0, time.monotonic()
    lines: list[str] = []
    more: list[str] = []
    while True:
        try:
            more = await _more(live, path, len(lines))
            lines += more
            quiet = 0 if more else quiet + 1
            if more:
                hear(lines)
            if (lines and lines[-1].startswith("TASK ")) or quiet >= QUIET:
                quiet = 0
                state = await live.api.call("GET", f"{path}/status")
                if state.get("status") == "stopped":
                    if more := await _more(live, path, len(lines)):
                        hear([*lines, *more])
                    return str(state.get("exitstatus") or UNTOLD)
            heard = time.monotonic()
        except Unreachable as lost:
            if time.monotonic() - heard > PATIENCE:
                remedy = "the task goes on there; look with homebackup status when the node answers again"
                raise Unreachable(f"task {upid}", lost.said, remedy) from None
        if len(more) < LINES:
            await asyncio.sleep(EVERY if every is None else every)


async def _more(live: LiveSite, path: str, start: int) -> list[str]:
    """The lines of a log from `start` on."""
    said: Any = await live.api.call("GET", f"{path}/log", {"start": start, "limit": LINES})
    lines = [str(row.get("t", "")) for row in said] if isinstance(said, list) else []
    return [] if lines == ["no content"] else lines


async def stop(live: LiveSite, upid: str, hear: Callable[[list[str]], None]) -> str:
    """Stop a task and follow it to its end; its exit status, empty where it still cleans up. Raises Trouble."""
    try:
        await live.api.call("DELETE", _path(upid))
        async with asyncio.timeout(ENDING):
            return await follow(live, upid, hear, 0.5)
    except TimeoutError:
        return ""
    except Unreachable as lost:
        remedy = "it may go on there; look with homebackup status when the node answers again"
        raise Unreachable(f"task {upid}", f"it was told to stop, but {lost.said}", remedy, maybe_done=True) from None


def _path(upid: str) -> str:
    try:
        return f"/nodes/{Upid.parse(upid).node}/tasks/{upid}"
    except InvalidUpid as invalid:
        raise Unreachable("the vzdump task", str(invalid), "look with homebackup status", maybe_done=True) from None
