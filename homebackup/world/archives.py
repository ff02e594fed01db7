"""What lies in a directory of archives on the host now, for many who ask at the same moment in one round trip."""

import asyncio
import shlex
import time
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from homebackup.model import fstab
from homebackup.model.backups.archive import Dump
from homebackup.model.backups.dump_listing import FUNCTIONS, read_dump
from homebackup.model.mounts import mounted
from homebackup.model.seen import Unseen
from homebackup.world.errors import Trouble
from homebackup.world.host import Host
from homebackup.world.session import Ran

LISTING = 40.0
"""Seconds after which a listing is given up; its own deadlines end it long before."""
FRESH = 60.0
"""Seconds for which a listing serves later readers; an archive that ends meanwhile is found the next time."""
_FACE = ZoneInfo("UTC")
"""Archives are named by the node's wall clock, and that is what they are compared with: its zone does not matter."""
_LISTING = rf"""{FUNCTIONS}
date +%Y-%m-%dT%H:%M:%S
for file in /etc/fstab /proc/self/mountinfo; do base64 -w0 < "$file"; echo; done
dump "$1" ''
"""


class Archives:
    """The directories of archives on one host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._asked: dict[str, tuple[float, float, asyncio.Task[Dump | Unseen]]] = {}

    async def of(self, folder: str, changed: float) -> Dump | Unseen:
        """Everything in a folder that is not of a time to come, or why it cannot be seen; raises no Trouble.

        What was asked at another `changed`, before our own last step on the host, serves no more. A time is that of the
        node's wall clock, counted as if it were UTC: good to compare with another one.
        """
        began, after, task = self._asked.get(folder, (0.0, -1.0, None))
        if task is None or after != changed or (task.done() and time.monotonic() - began > FRESH):
            task = asyncio.create_task(self._list(folder))
            self._asked[folder] = time.monotonic(), changed, task
        return await asyncio.shield(task)

    async def _list(self, folder: str) -> Dump | Unseen:
        try:
            command = shlex.join(["sh", "-c", _LISTING, "homebackup", folder])
            ran = await self._host.run(command, timeout=LISTING)
        except Trouble as trouble:
            return Unseen(f"{trouble.subject}: {trouble.said}", trouble.remedy)
        try:
            return _read(folder, ran)
        except ValueError:
            return Unseen(f"the listing of {folder} ended early: {ran.said or ran.exit}", "run this again")


def _read(folder: str, ran: Ran) -> Dump | Unseen:
    clock, table, mountinfo, listing = ran.stdout.split(b"\n", 3)
    now = datetime.fromisoformat(clock.decode()).replace(tzinfo=UTC).timestamp()
    there = {m.target for m in mounted(b64decode(mountinfo).decode("utf-8", "surrogateescape"))}
    if (over := _mount_over(folder, b64decode(table))) and over not in there:
        # Without its mount, an empty directory would pass for the right one.
        return Unseen(f"nothing is mounted on {over}", "switch the NAS on, or mount it")
    found, _ = read_dump("", folder, listing, ran.stderr.decode("utf-8", "replace").strip(), _FACE)
    if isinstance(found, Unseen):
        return found
    return replace(found, archives=tuple(a for a in found.archives if a.time <= now), clock=now)


def _mount_over(folder: str, table: bytes) -> str:
    """The mount point of the network mount that fstab has for the folder; empty when there is none."""
    targets = [fstab.plain(e.target) for e in fstab.entries(table) if e.fstype.startswith(("nfs", "cifs"))]
    return max((t for t in targets if f"{folder}/".startswith(f"{t}/")), key=len, default="")
