"""What lies in a directory of archives on the host now, for many who ask at the same moment in one round trip."""

import asyncio
import shlex
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from homebackup.model import fstab
from homebackup.model.backups.archive import Dump
from homebackup.model.backups.dump_listing import FUNCTIONS, read_dump
from homebackup.model.host_facts import HostFacts
from homebackup.model.seen import Unseen
from homebackup.world.errors import Trouble
from homebackup.world.host import Host

LISTING = 40.0
"""Seconds after which a listing is given up; its own deadlines end it long before."""
FRESH = 2.0
"""Seconds for which a listing serves later readers."""
_FACE = ZoneInfo("UTC")
"""Archives are named by the node's wall clock, and that is what they are compared with: its zone does not matter."""

_LISTING = f'{FUNCTIONS}\ndate +%Y-%m-%dT%H:%M:%S\ndump "$1" "$2"'


class Archives:
    """The directories of archives on one host; `look` brings its fstab."""

    def __init__(self, host: Host, look: Callable[[], Awaitable[HostFacts]]) -> None:
        self._host, self._look = host, look
        self._asked: dict[str, tuple[float, asyncio.Task[Dump | Unseen]]] = {}

    async def of(self, folder: str) -> Dump | Unseen:
        """Everything in a folder that is not of a time to come, or why it cannot be seen; raises no Trouble.

        A time is that of the node's wall clock, counted as if it were UTC: good to compare with another one.
        """
        began, task = self._asked.get(folder, (0.0, None))
        if task is None or (task.done() and time.monotonic() - began > FRESH):
            task = asyncio.create_task(self._list(folder))
            self._asked[folder] = time.monotonic(), task
        return await asyncio.shield(task)

    async def _list(self, folder: str) -> Dump | Unseen:
        try:
            mount = _mount_over(folder, (await self._look()).fstab)
            ran = await self._host.run(shlex.join(["sh", "-c", _LISTING, "homebackup", folder, mount]), timeout=LISTING)
        except Trouble as trouble:
            return Unseen(f"{trouble.subject}: {trouble.said}", trouble.remedy)
        clock, _, listing = ran.stdout.partition(b"\n")
        try:
            now = datetime.fromisoformat(clock.decode()).replace(tzinfo=UTC).timestamp()
        except ValueError:
            return Unseen(f"the listing of {folder} ended early: {ran.said or ran.exit}", "run this again")
        found, _ = read_dump("", folder, listing, ran.stderr.decode("utf-8", "replace").strip(), _FACE)
        if isinstance(found, Unseen):
            return found
        return Dump("", folder, tuple(a for a in found.archives if a.time <= now), found.leftovers, found.complete)


def _mount_over(folder: str, content: bytes) -> str:
    """The network mount that fstab has for the folder: without it an empty directory would pass for the right one."""
    targets = [fstab.plain(e.target) for e in fstab.entries(content) if e.fstype.startswith(("nfs", "cifs"))]
    return max((t for t in targets if f"{folder}/".startswith(f"{t}/")), key=len, default="")
