"""What lies in a directory of archives on the host now, for many who ask at once, and a quick check of one of them."""

import asyncio
import shlex
import time
from base64 import b64decode
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from homebackup.model import fstab
from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.dump_listing import FUNCTIONS, read_dump
from homebackup.model.backups.integrity import quick
from homebackup.model.backups.reading import NEAR, SAMPLES, read_samples
from homebackup.model.backups.sample import HEAD, SHORT_TAIL
from homebackup.model.backups.soundness import Integrity
from homebackup.model.mounts import Mount, mounted
from homebackup.model.seen import Unseen
from homebackup.world.errors import Trouble
from homebackup.world.host import Host
from homebackup.world.session import Ran

LISTING = 40.0
"""Seconds after which a listing is given up; its own deadlines end it long before."""
FRESH = 60.0
"""Seconds for which a listing serves later readers; an archive that ends meanwhile is found the next time."""
SAMPLE = 45.0
"""Seconds after which a sample of an archive is given up; its own deadlines end it before."""
_FACE = ZoneInfo("UTC")
"""Archives are named by the node's wall clock, and that is what they are compared with: its zone does not matter."""
_NEAR = {
    "nfs": NEAR,
    "cifs": 'near() { grep -qF " $1 cifs" /proc/self/mounts && knock "$2" 445; }\n',
    "": "near() { :; }\n",
}
"""sh: what has to hold before a file is touched, by the kind of its file system."""
_LISTING = rf"""{FUNCTIONS}
date +%Y-%m-%dT%H:%M:%S%z
for file in /etc/fstab /proc/self/mountinfo; do base64 -w0 < "$file"; echo; done
dump "$1" ''
"""


@dataclass(frozen=True)
class _Where:
    """How a folder is reached: the node's clock is so many seconds ahead of UTC, and the mount that it lies on."""

    ahead: float
    mount: Mount | None

    @property
    def kind(self) -> str:
        """nfs, cifs, or empty for what no server is needed for."""
        fstype = self.mount.fstype if self.mount else ""
        return next((kind for kind in ("nfs", "cifs") if fstype.startswith(kind)), "")

    @property
    def server(self) -> str:
        """The server's address, empty without one."""
        source = self.mount.source if self.mount and self.kind else ""
        return source.removeprefix("//").partition("/")[0].removesuffix(":").strip("[]")


class Archives:
    """The directories of archives on one host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._where: dict[str, _Where] = {}
        self._checks: dict[tuple[Archive, float], asyncio.Task[Integrity]] = {}
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

    async def checked(self, archive: Archive, changed: float) -> Integrity:
        """What a quick check of an archive finds, that a listing told of; raises no Trouble. Each is read once."""
        known = (archive, changed)
        if known not in self._checks:
            self._checks[known] = asyncio.create_task(self._check(archive))
        return await asyncio.shield(self._checks[known])

    async def _check(self, archive: Archive) -> Integrity:
        where = self._where[archive.folder]
        point = where.mount.target if where.mount else ""
        words = [point, where.server, str(HEAD), str(SHORT_TAIL), "0", f"{archive.folder}/{archive.name}"]
        script = "\n".join([FUNCTIONS, _NEAR[where.kind], SAMPLES, shlex.join(["samples", *words])])
        real = replace(archive, time=archive.time - int(where.ahead))
        try:
            ran = await self._host.run("sh -s", stdin=script.encode(), timeout=SAMPLE)
        except Trouble as trouble:
            return quick(real, Unseen(f"{trouble.subject}: {trouble.said}", trouble.remedy))
        return quick(real, read_samples(ran.text, 1, where.server)[0])

    async def _list(self, folder: str) -> Dump | Unseen:
        try:
            command = shlex.join(["sh", "-c", _LISTING, "homebackup", folder])
            ran = await self._host.run(command, timeout=LISTING)
        except Trouble as trouble:
            return Unseen(f"{trouble.subject}: {trouble.said}", trouble.remedy)
        try:
            found, self._where[folder] = _read(folder, ran)
        except ValueError:
            return Unseen(f"the listing of {folder} ended early: {ran.said or ran.exit}", "run this again")
        return found


def _read(folder: str, ran: Ran) -> tuple[Dump | Unseen, _Where]:
    clock, table, mountinfo, listing = ran.stdout.split(b"\n", 3)
    face = datetime.fromisoformat(clock.decode())
    now, ahead = face.replace(tzinfo=UTC).timestamp(), face.utcoffset()
    there = mounted(b64decode(mountinfo).decode("utf-8", "surrogateescape"))
    below = [m for m in there if f"{folder}/".startswith(f"{m.target.rstrip('/')}/")]
    on = max(reversed(below), key=lambda m: len(m.target), default=None)  # of several on one target, the last is on top
    where = _Where(ahead.total_seconds() if ahead else 0.0, on)
    if (over := _mount_over(folder, b64decode(table))) and all(m.target != over for m in there):
        # Without its mount, an empty directory would pass for the right one.
        return Unseen(f"nothing is mounted on {over}", "switch the NAS on, or mount it"), where
    found, space = read_dump("", folder, listing, ran.stderr.decode("utf-8", "replace").strip(), _FACE)
    if isinstance(found, Unseen):
        return found, where
    free = None if isinstance(space, Unseen) else space.free
    there_now = tuple(a for a in found.archives if a.time <= now)
    return replace(found, archives=there_now, clock=now, free=free), where


def _mount_over(folder: str, table: bytes) -> str:
    """The mount point of the network mount that fstab has for the folder; empty when there is none."""
    targets = [fstab.plain(e.target) for e in fstab.entries(table) if e.fstype.startswith(("nfs", "cifs"))]
    return max((t for t in targets if f"{folder}/".startswith(f"{t}/")), key=len, default="")
