"""A lab in this process, whose files, mounts and units are read and put back directly."""

from __future__ import annotations

import asyncio
import copy
import gc
import json
import os
import stat
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from homebackup.world.connection import Connection
from lab.box import Box
from lab.node.mounts import Mount
from tests.faults.rigged import Around, RiggedSite

KEPT = ("etc", "mnt", "srv", "root", "var/lib")
"""Folders of the host in which every byte is watched."""
PATIENCE = 0.01
"""Waits for a silent NAS last this much of what they last in reality."""
CLOSING = 2.0
"""Seconds that connections may take to be closed."""
FIRST_OF_OURS = 100
"""Mounts with a lower id are there since the boot."""


@dataclass(frozen=True)
class Thing:
    """A file, link or directory: its bytes (a link's target), mode, owner, and whether it is immutable."""

    content: bytes
    mode: int
    owner: tuple[int, int]
    immutable: bool
    acl: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """Everything on the host that a change could touch."""

    things: Mapping[str, Thing]
    mounts: tuple[Mount, ...]
    conditions: Mapping[str, Any] = field(compare=False, default_factory=dict)
    timers: Mapping[str, float] = field(compare=False, default_factory=dict)

    def content(self, path: str) -> bytes:
        """The bytes of a file; none when it is not there."""
        return self.things[path].content if path in self.things else b""


class House:
    """A Proxmox VE host and its NAS, in the event loop of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.box = Box(folder / "state", patience=PATIENCE, delay=0.0)
        self._sites: list[RiggedSite] = []
        self._units: object = None
        self._fresh: Picture | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator[House]:
        """A house that serves, and is closed in the end."""
        gc.collect()  # what nobody holds any more would count as open
        before = _opened()
        house = cls(folder)
        await house.box.start()
        house.ready.write_text(json.dumps(house.box.ready()), encoding="utf-8")
        try:
            yield house
        finally:
            for site in house._sites:
                await site.close()
            await house.box.stop()
            await until(lambda: _opened() <= before, CLOSING)

    @property
    def ready(self) -> Path:
        """The ready file."""
        return self.folder / "ready.json"

    @property
    def secrets(self) -> list[str]:
        """Every secret that opens something here."""
        tokens = [str(token["secret"]) for token in self.box.fixture["tokens"].values()]
        return [self.box.api.password, *tokens]

    def connection(self, way: str) -> Connection:
        """The connection over `https`, `token` or `ssh`."""
        api = self.box.ready()["api"]
        given = {"lab": str(self.ready), "api": "ssh" if way == "ssh" else "https"}
        return Connection.parse(given | ({"token": api["token"]} if way == "token" else {}))

    def site(self, way: str = "https", at: int = -1, around: Around | None = None) -> RiggedSite:
        """A site of its own, closed with the house at the latest; `around` is in charge of its moment number `at`."""
        self._sites.append(RiggedSite(self.connection(way), at, around))
        return self._sites[-1]

    async def left(self, site: RiggedSite) -> None:
        """Close a site that is not used any more."""
        self._sites.remove(site)
        await site.close()

    async def shell(self, script: str) -> bytes:
        """Run a script as somebody at the node's console, who must succeed; what it printed."""
        code, out, err = await self.box.machine.shell(script)
        assert code == 0, f"{script} exited {code}: {err.decode('utf-8', 'replace')}"
        return out

    async def write(self, path: str, content: bytes) -> None:
        """Give a file these bytes."""
        self.box.root.write(path, content)

    async def reset(self) -> None:
        """Back to the fixture."""
        if self._fresh is None:
            await self.box.reset()
            self._fresh = self.picture()
        await self.put_back(self._fresh)

    def picture(self) -> Picture:
        """The host as it is now."""
        root, things = self.box.root, {}
        folders = [str(root.folder / name) for name in KEPT]
        while folders:
            for entry in os.scandir(folders.pop()):
                things[entry.path[len(str(root.folder)) :]] = self._thing(entry)
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
        mounts = tuple(copy.copy(m) for m in root.mounts if m.id >= FIRST_OF_OURS)
        systemd = self.box.machine.systemd
        return Picture(things, mounts, copy.deepcopy(systemd.conditions), dict(systemd.timers.active))

    def untouched(self, now: Picture, since: Picture) -> bool:
        """Whether nothing has happened between two pictures, the first of which the host was put back to."""
        same = now == since and (now.conditions, now.timers) == (since.conditions, since.timers)
        return same and self.box.machine.systemd.units is self._units

    def _thing(self, entry: os.DirEntry[str]) -> Thing:
        kind = entry.stat(follow_symlinks=False).st_mode
        inode = self.box.root.inodes.of(Path(entry.path))
        content = b""
        if stat.S_ISLNK(kind):
            content = os.fsencode(os.readlink(entry.path))  # noqa: PTH115 -- a picture is taken thousands of times
        elif stat.S_ISREG(kind):
            with open(entry.path, "rb") as file:
                content = file.read()
        return Thing(content, stat.S_IFMT(kind) | inode.mode, (inode.uid, inode.gid), inode.immutable, tuple(inode.acl))

    async def put_back(self, to: Picture) -> None:
        """Make the host what it was when the picture was taken; nothing runs on it, nothing is broken any more."""
        box, root = self.box, self.box.root
        await box.machine.halt()
        box.faults.clear()
        box.journal.clear()
        box.nas.clear()
        root.spaces.limit(None)
        root.table.clear()
        now = self.picture()
        for path in sorted(now.things.keys() - to.things.keys(), reverse=True):
            self._remove(path, now.things[path])
        for path in sorted(path for path, thing in to.things.items() if now.things.get(path) != thing):
            self._restore(path, to.things[path], now.things.get(path))
        for mount in to.mounts:
            root.mounts.append(copy.copy(mount))
        systemd = box.machine.systemd
        systemd.conditions, systemd.timers.active = copy.deepcopy(dict(to.conditions)), dict(to.timers)
        if systemd.units is not self._units or _units(now) != _units(to):
            systemd.reload()
            self._units = systemd.units

    def _remove(self, path: str, thing: Thing) -> None:
        real = self.box.root.folder / path.strip("/")
        self.box.root.inodes.forget(real)
        if stat.S_ISDIR(thing.mode):
            real.rmdir()
        else:
            real.unlink()

    def _restore(self, path: str, thing: Thing, now: Thing | None) -> None:
        real = self.box.root.folder / path.strip("/")
        if now is None or stat.S_IFMT(now.mode) != stat.S_IFMT(thing.mode) or stat.S_ISLNK(thing.mode):
            if now is not None:
                self._remove(path, now)
            if stat.S_ISDIR(thing.mode):
                real.mkdir()
            elif stat.S_ISLNK(thing.mode):
                real.symlink_to(os.fsdecode(thing.content))
        if stat.S_ISREG(thing.mode):
            real.write_bytes(thing.content)
        inode = self.box.root.inodes.of(real)
        inode.mode, (inode.uid, inode.gid) = stat.S_IMODE(thing.mode), thing.owner
        inode.immutable, inode.acl = thing.immutable, list(thing.acl)


def _opened() -> int:
    """How many files and sockets this process has open; a closed connection takes the loop a few more rounds."""
    return len(list(Path("/dev/fd").iterdir()))


async def until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until something is true, but no longer than so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:  # noqa: ASYNC110 -- nobody tells of it
        await asyncio.sleep(0.002)


def _units(picture: Picture) -> dict[str, Thing]:
    """What systemd makes its units of."""
    return {p: thing for p, thing in picture.things.items() if p == "/etc/fstab" or p.startswith("/etc/systemd/")}
