"""The only door to the node's files: whatever a path says, what is touched lies under the lab's own folders."""

import asyncio
import errno
import os
import shutil
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from lab.clock import Clock
from lab.nas import ADMIN, Nas
from lab.node.credentials import UID
from lab.node.inodes import Inode
from lab.node.mounts import Mount
from lab.node.paths import fault
from lab.node.view import View

Trouble = Callable[[str, str], None]


class Root(View):
    """The files of the simulated node, with its mount table; every operation raises OSError as the kernel would."""

    def __init__(self, folder: Path, *, clock: Clock | None = None, nas: Nas | None = None) -> None:
        """A root whose files lie in `folder`/root and whose temporary filesystems lie beside it."""
        super().__init__(folder, clock=clock, nas=nas)
        self.trouble: Trouble | None = None
        """Called with (operation, path) before each change; raises the OSError of an injected fault."""
        self.halve_next_write = False
        """Whether the next write finds room for half of its bytes only, as on a disk that has just filled up."""
        self._locks: dict[str, asyncio.Lock] = {}

    def _changeable(self, operation: str, path: str, *, follow: bool = True, entry: bool = True) -> Path:
        """The real path for a change; `entry` when a name in its directory comes or goes."""
        name = self.canonical(path, follow=follow)
        mount = self.table.above(name)
        real = Path(self._place(name, mount))
        if self.trouble:
            self.trouble(operation, name)
        if mount.read_only:
            raise fault(errno.EROFS, path)
        if operation in ("rename", "rmdir") and any(
            real in (m.folder, *m.folder.parents) for m in self.mounts[1:] if m.folder
        ):
            raise fault(errno.EBUSY, path)  # what is mounted from there must never become a symlink
        if os.path.lexists(real) and self.inodes.of(real).immutable:
            raise fault(errno.EPERM, path)
        if entry:
            if not os.path.lexists(real.parent):
                raise fault(errno.ENOENT, path)
            if not real.parent.is_dir():
                raise fault(errno.ENOTDIR, path)
            if real != mount.folder and self.inodes.of(real.parent).immutable:
                raise fault(errno.EPERM, path)
        self._permit(operation, path, real, entry=entry)
        return real

    def _permit(self, operation: str, path: str, real: Path, *, entry: bool) -> None:
        """Raise what the kernel or the NAS says to a user who may not change this; root of the node may."""
        if UID.get():
            self._search(path)
        uid = self.nas.takes(real, UID.get())
        if self.nas.keeps(real) and not self.nas.writable(real, UID.get()):
            raise fault(errno.EACCES if uid else errno.EROFS, path)
        if uid in (0, ADMIN):
            return
        record = self.inodes.of(real.parent if entry else real)
        if operation == "attributes" and record.uid != uid:
            raise fault(errno.EPERM, path)
        if operation != "attributes" and not record.mode & (0o200 if record.uid == uid else 0o002):
            raise fault(errno.EACCES, path)

    def _search(self, path: str) -> None:
        """Raise EACCES unless the user may pass every directory above a path."""
        for above in Path(self.canonical(path)).parents:
            real = self.resolve(str(above))
            record, uid = self.inodes.of(real), self.nas.takes(real, UID.get())
            if uid != ADMIN and not record.mode & (0o100 if record.uid == uid else 0o001):
                raise fault(errno.EACCES, path)

    def _made(self, real: Path, mode: int) -> None:
        now = self._now(real)
        self.inodes.renew(real, mode, now)
        self.inodes.of(real).uid = self.nas.takes(real, UID.get())
        os.utime(real, (now, now), follow_symlinks=False)
        os.utime(real.parent, (now, now))

    def open(self, path: str, mode: str, *, perm: int = 0o644) -> FileIO:
        """A real file opened with `r`, `w`, `a`, `x` or `r+` (made when missing); ask `room` before writing."""
        if mode == "r":
            real = self._present(path)
            flags = os.O_RDONLY
        else:
            if self.canonical(path) in self.generated:
                raise fault(errno.EACCES, path)
            fresh = not self.exists(path)
            real = self._changeable("write", path, entry=fresh)
            flags = {
                "w": os.O_WRONLY | os.O_TRUNC,
                "a": os.O_WRONLY | os.O_APPEND,
                "x": os.O_WRONLY | os.O_EXCL,
                "r": os.O_RDWR,
            }[mode[0]] | os.O_CREAT
        if real.is_dir():
            raise fault(errno.EISDIR, path)
        handle = os.open(real, flags | os.O_NOFOLLOW, 0o600)
        if mode != "r" and fresh:
            self._made(real, perm)
        return FileIO(handle, mode.replace("x", "w"))

    def room(self, path: str, size: int) -> int:
        """How many of `size` more bytes fit where `path` lies."""
        if self.halve_next_write and size:
            self.halve_next_write = False
            return size // 2
        return self.spaces.room(self.mount_of(path), size)

    def write(self, path: str, data: bytes) -> None:
        """Write a file whole; on a full disk what fits is written and ENOSPC raised."""
        with self.open(path, "w") as file:
            fits = self.room(path, len(data))
            file.write(data[:fits])
        self.touched(path)
        if fits < len(data):
            raise fault(errno.ENOSPC, path)

    def touched(self, path: str) -> None:
        """Stamp a file just written with the node's clock."""
        real = self.resolve(path)
        now = self._now(real)
        self.inodes.of(real).ctime = now
        os.utime(real, (now, now))

    def _now(self, real: Path) -> float:
        """The time by the clock of the machine that keeps a file."""
        return self.clock.now() + (self.nas.ahead if self.nas.keeps(real) else 0.0)

    def mkdir(self, path: str, parents: bool = False, *, mode: int = 0o755) -> None:
        """Make a directory; with `parents` also those above, and one that is there is fine."""
        if parents:
            if self.isdir(path):
                return
            above = os.path.dirname(path.rstrip("/")) or "/"
            if above != path:
                self.mkdir(above, True)
        real = self._changeable("mkdir", path)
        os.mkdir(real)
        self._made(real, mode)

    def unlink(self, path: str) -> None:
        """Remove a file or symlink."""
        real = self._changeable("unlink", path, follow=False)
        if real.is_dir() and not real.is_symlink():
            raise fault(errno.EISDIR, path)
        if os.path.lexists(real):
            self.inodes.forget(real)
        os.unlink(real)

    def rmdir(self, path: str) -> None:
        """Remove an empty directory; EBUSY on a mount point."""
        if self.mounted(path):
            raise fault(errno.EBUSY, path)
        real = self._changeable("rmdir", path, follow=False)
        if real.is_dir() and not os.listdir(real):
            self.inodes.forget(real)
        os.rmdir(real)

    def rename(self, old: str, new: str) -> None:
        """Move a name atomically, over what is there; EXDEV between mounts."""
        source, target = self._changeable("rename", old, follow=False), self._changeable("rename", new, follow=False)
        if self.mounted(old) or self.mounted(new):
            raise fault(errno.EBUSY, old)
        if self.mount_of(old, follow=False) is not self.mount_of(new, follow=False):
            raise fault(errno.EXDEV, old)
        os.rename(source, target)

    def symlink(self, text: str, path: str) -> None:
        """Make a symlink that says `text`."""
        real = self._changeable("symlink", path, follow=False)
        os.symlink(text, real)
        self._made(real, 0o777)

    def link(self, old: str, new: str) -> None:
        """Make a second name for a file; EXDEV between mounts."""
        if self.mount_of(old, follow=False) is not self.mount_of(new, follow=False):
            raise fault(errno.EXDEV, new)
        os.link(self._present(old, follow=False), self._changeable("link", new, follow=False), follow_symlinks=False)

    def change(self, path: str, *, follow: bool = True) -> Inode:
        """The recorded attributes, to be changed now; raises EPERM for an immutable file, EROFS, EIO."""
        self._present(path, follow=follow)
        record = self.inodes.of(self._changeable("attributes", path, follow=follow, entry=False))
        record.ctime = self.clock.now()
        return record

    def chmod(self, path: str, mode: int) -> None:
        """Set permission bits."""
        self.change(path).mode = mode & 0o7777

    def chown(self, path: str, uid: int, gid: int, *, follow: bool = True) -> None:
        """Set owner and group; -1 leaves one as it is."""
        record = self.change(path, follow=follow)
        record.uid, record.gid = uid if uid >= 0 else record.uid, gid if gid >= 0 else record.gid

    def utime(self, path: str, mtime: float) -> None:
        """Set access and modification time."""
        self.change(path)
        os.utime(self.resolve(path), (mtime, mtime))

    def clear(self) -> None:
        """Unmount everything and remove every file, as before an installation."""
        self.table.clear()
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        self.inodes.clear()
        self.generated.clear()
        self._locks.clear()
        self.spaces.limit(None)

    def mounted(self, target: str) -> Mount | None:
        """The last mount on `target`, or None; asks no server."""
        return self.table.at(self.canonical(target))

    def is_mountpoint(self, path: str) -> bool:
        """Whether something is mounted exactly there, by the mount table alone."""
        return self.mounted(path) is not None

    def mount(self, mount: Mount) -> Mount:
        """Add a mount on an existing directory; it gets an id and, unless it brings one, an empty folder."""
        mount.target = self.canonical(mount.target)
        return self.table.add(mount)

    def umount(self, target: str) -> Mount:
        """Take the last mount off `target`; EINVAL when nothing is mounted there."""
        mount = self.mounted(target)
        if mount is None or mount.target == "/":
            raise fault(errno.EINVAL, target)
        self.table.remove(mount)
        return mount

    def usage(self, path: str) -> tuple[int, int, int]:
        """(total, used, free) bytes of the filesystem that holds `path`; EIO when its server is off."""
        self.resolve(path)
        return self.spaces.usage(self.mount_of(path))

    def lock(self, path: str) -> asyncio.Lock:
        """The lock that flock(2) on this file takes, for every process of the node and for its API."""
        return self._locks.setdefault(self.canonical(path), asyncio.Lock())
