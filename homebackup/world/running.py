"""A backup begun by hand on a node: what there is before it, its beginning, its log as it grows, and its end.

Over ssh the task must not hang on our connection: `pvesh` waits for a task and ends it when nobody reads what it prints
any more. So it runs in a session of its own, and the task is found in the node's list.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from homebackup.model.backups import rows
from homebackup.model.backups.dump_listing import FUNCTIONS
from homebackup.model.backups.task import Task
from homebackup.model.host_facts import HostFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.model.steps import Call
from homebackup.world.answers import Asked
from homebackup.world.batch import Batch
from homebackup.world.errors import Busy, Trouble, Unreachable
from homebackup.world.first_look import FirstLook, Sections, questions, tasks_of
from homebackup.world.live_site import LiveSite
from homebackup.world.pvesh import command, refusal
from homebackup.world.wire import encode
from pverules.upid import InvalidUpid, Upid

EVERY = 2.0
"""Seconds between looks at a log; `pvesh` keeps a core of the node busy for half a second each time."""
QUIET = 5
"""Looks without a new line after which the task is asked whether it still runs: one that is killed logs no end."""
LINES = 500
"""Lines of a log that are asked for at once."""
PATIENCE = 120.0
"""Seconds without any answer of the node after which nobody waits for the task any more."""
BEGINNING = 30.0
"""Seconds in which a task is in the node's list, or `pvesh` says why it is not."""
ENDING = 60.0
"""Seconds that a task which was told to stop may take to clean up."""
NOTHING = "OK"
"""What the call answers instead of a UPID where there is nothing to back up."""

_BEGIN = r"""
work=$(mktemp -d /run/homebackup.XXXXXX) || exit 1
setsid sh -c '
  work=$1
  shift
  "$@" > "$work/said" 2>&1
  echo $? > "$work/exit" && mv "$work/exit" "$work/ended"
  n=0
  while [ -e "$work" ] && [ $n -lt 30 ]; do sleep 2; n=$((n + 1)); done
  rm -rf "$work"
' - "$work" "$@" < /dev/null > /dev/null 2>&1 &
echo "$work"
"""
_ENDED = 'cat "$1/ended" "$1/said" 2>/dev/null || true'


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
    known = await _tasks(live, node)
    if running := next((task for task in known if task.ended is None), None):
        raise busy(running)
    if live.connection.api == "https":
        return str(await live.api.call(call.method, call.path, call.params))
    return await _beside(live, node, call, {task.upid for task in known})


def busy(task: Task) -> Busy:
    """Why no backup begins while another one runs: Proxmox VE would let it wait for hours."""
    return Busy(f"node {task.node}", f"the vzdump task {task.upid} still runs there", "wait until it has ended")


async def _beside(live: LiveSite, node: str, call: Call, known: set[str]) -> str:
    """Begin it over ssh, in a session of its own."""
    asked = Asked(live.connection.host, call.method, call.path)
    words = command(call.method, call.path, encode(asked, call.params))
    ran = await live.host.run(shlex.join(["sh", "-c", _BEGIN, "-", *words]))
    work = ran.check(f"host {asked.host}").text.strip()
    try:
        async with asyncio.timeout(BEGINNING):
            while True:
                if upid := await _answer(live, asked, work):
                    return upid
                fresh = [task.upid for task in await _tasks(live, node) if task.upid not in known]
                if len(fresh) > 1:
                    said = f"two vzdump tasks began at the same moment, {' and '.join(fresh)}, and one of them is this"
                    raise Unreachable(asked.subject, said, "look at both with homebackup status", maybe_done=True)
                if fresh:
                    return fresh[0]
    except TimeoutError:
        said = f"no vzdump task began within {BEGINNING:g} s"
        raise Unreachable(asked.subject, said, "look with homebackup status", maybe_done=True) from None
    finally:
        with contextlib.suppress(Trouble):
            await live.host.run(shlex.join(["rm", "-rf", "--", work]))


async def _answer(live: LiveSite, asked: Asked, work: str) -> str | None:
    """What `pvesh` answered where it has ended already; raises what it failed with."""
    code, _, said = (await live.host.run(shlex.join(["sh", "-c", _ENDED, "-", work]))).text.partition("\n")
    if not code.isdecimal():
        return None
    if code != "0":
        raise refusal(asked, said)
    for line in reversed(said.splitlines()):
        with contextlib.suppress(ValueError):
            return str(json.loads(line))
    return None


async def _tasks(live: LiveSite, node: str) -> tuple[Task, ...]:
    listed = tasks_of(node)
    return rows.tasks(await live.api.call("GET", listed.path, listed.params) or ())


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
                    return str(state.get("exitstatus", ""))
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
