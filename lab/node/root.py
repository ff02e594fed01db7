"""The only door to the node's files: whatever a path says, what is touched lies under the lab's own folders."""

import asyncio
import errno
import os
import shutil
import stat
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from lab.clock import Clock
from lab.nas import Nas
from lab.node.inodes import Inode, Inodes, Stat
from lab.node.mounts import Mount, MountTable
from lab.node.paths import canonical, fault
from lab.node.space import Spaces

Trouble = Callable[[str, str], None]


class Root:
    """The files of the simulated node, with its mount table; every operation raises OSError as the kernel would."""

    def __init__(self, folder: Path, *, clock: Clock | None = None, nas: Nas | None = None) -> None:
        """A root whose files lie in `folder`/root and whose temporary filesystems lie beside it."""
        self.clock, self.nas = clock or Clock(), nas or Nas(folder / "nas")
        self.folder = folder / "root"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.inodes = Inodes()
        self.spaces = Spaces(self.folder, self.nas)
        self.table = MountTable(self.folder, folder / "mounts")
        self.generated: dict[str, Callable[[], bytes]] = {}
        """Files whose content is made when they are read, by canonical path."""
        self.trouble: Trouble | None = None
        """Called with (operation, path) before each change; raises the OSError of an injected fault."""
        self._locks: dict[str, asyncio.Lock] = {}

    @property
    def mounts(self) -> list[Mount]:
        """What is mounted, oldest first; stacked mounts: the last wins."""
        return self.table.mounts

    def canonical(self, path: str, *, follow: bool = True) -> str:
        """The absolute path without symlinks; asks no server about a mount point itself."""
        return canonical(path, self._real, follow=follow)

    def resolve(self, path: str, *, follow: bool = True) -> Path:
        """The real path, whether anything is there or not; raises ELOOP, ENOTDIR, and EIO under a dead NFS mount."""
        name = self.canonical(path, follow=follow)
        return self._place(name, self.table.above(name))

    def mount_of(self, path: str, *, follow: bool = True) -> Mount:
        """The mount that holds `path`; asks no server unless a symlink below a mount has to be read."""
        return self.table.above(self.canonical(path, follow=follow))

    def dead(self, path: str, *, follow: bool = True) -> Mount | None:
        """The NFS mount above `path` when its server is off, else None; never blocks."""
        try:
            return self._silent(self.mount_of(path, follow=follow))
        except OSError as error:
            return next((m for m in reversed(self.mounts) if error.errno == errno.EIO and self._silent(m)), None)

    def _silent(self, mount: Mount) -> Mount | None:
        return mount if mount.nfs and not self.nas.on and mount.source.startswith(self.nas.address + ":") else None

    def _place(self, name: str, mount: Mount) -> Path:
        if self._silent(mount):
            raise fault(errno.EIO, name)
        assert mount.folder is not None
        return mount.folder / name[len(mount.target):].strip("/")

    def _real(self, name: str) -> Path | None:
        mount = self.table.above(name)
        return None if mount.target == name else self._place(name, mount)

    def stat(self, path: str, *, follow: bool = True) -> Stat:
        """Attributes of a file as the node records them."""
        return self.inodes.stat(self._present(path, follow=follow))

    def _present(self, path: str, *, follow: bool = True) -> Path:
        real = self.resolve(path, follow=follow)
        if not os.path.lexists(real):
            raise fault(errno.ENOENT, path)
        return real

    def exists(self, path: str, *, follow: bool = True) -> bool:
        """Whether anything is there; an unreachable server raises EIO."""
        try:
            return os.path.lexists(self.resolve(path, follow=follow))
        except (FileNotFoundError, NotADirectoryError):
            return False

    def isdir(self, path: str) -> bool:
        """Whether a directory is there (symlinks followed)."""
        return self.exists(path) and stat.S_ISDIR(self.stat(path).st_mode)

    def isfile(self, path: str) -> bool:
        """Whether a regular file is there (symlinks followed)."""
        return self.exists(path) and stat.S_ISREG(self.stat(path).st_mode)

    def islink(self, path: str) -> bool:
        """Whether the path itself is a symlink."""
        return self.exists(path, follow=False) and stat.S_ISLNK(self.stat(path, follow=False).st_mode)

    def listdir(self, path: str) -> list[str]:
        """Names in a directory, sorted by byte."""
        return sorted(os.listdir(self._present(path)), key=os.fsencode)

    def readlink(self, path: str) -> str:
        """The text of a symlink."""
        return os.readlink(self._present(path, follow=False))

    def read(self, path: str) -> bytes:
        """All bytes of a file, generated ones included; devices are empty."""
        producer = self.generated.get(self.canonical(path))
        if producer is not None:
            return producer()
        real = self._present(path)
        if real.is_dir():
            raise fault(errno.EISDIR, path)
        return real.read_bytes()

    def text(self, path: str) -> str:
        """A file's content as text; bytes that are no UTF-8 survive as surrogates."""
        return self.read(path).decode("utf-8", "surrogateescape")

    def _changeable(self, operation: str, path: str, *, follow: bool = True, entry: bool = True) -> Path:
        """The real path for a change; `entry` when a name in its directory comes or goes."""
        name = self.canonical(path, follow=follow)
        mount = self.table.above(name)
        real = self._place(name, mount)
        if self.trouble:
            self.trouble(operation, name)
        if mount.read_only:
            raise fault(errno.EROFS, path)
        if os.path.lexists(real) and self.inodes.of(real).immutable:
            raise fault(errno.EPERM, path)
        if entry:
            if not os.path.lexists(real.parent):
                raise fault(errno.ENOENT, path)
            if not real.parent.is_dir():
                raise fault(errno.ENOTDIR, path)
            if real != mount.folder and self.inodes.of(real.parent).immutable:
                raise fault(errno.EPERM, path)
        return real

    def _made(self, real: Path, mode: int) -> None:
        now = self.clock.now()
        self.inodes.renew(real, mode, now)
        os.utime(real, (now, now), follow_symlinks=False)
        os.utime(real.parent, (now, now))

    def open(self, path: str, mode: str, *, perm: int = 0o644) -> FileIO:
        """A real file opened with `r`, `w`, `a`, `x` or `r+` (made when missing), unbuffered; ask `room` before writing."""
        if mode == "r":
            real = self._present(path)
            flags = os.O_RDONLY
        else:
            if self.canonical(path) in self.generated:
                raise fault(errno.EACCES, path)
            fresh = not self.exists(path)
            real = self._changeable("write", path, entry=fresh)
            flags = {"w": os.O_WRONLY | os.O_TRUNC, "a": os.O_WRONLY | os.O_APPEND, "x": os.O_WRONLY | os.O_EXCL,
                     "r": os.O_RDWR}[mode[0]] | os.O_CREAT
        if real.is_dir():
            raise fault(errno.EISDIR, path)
        handle = os.open(real, flags | os.O_NOFOLLOW, 0o600)
        if mode != "r" and fresh:
            self._made(real, perm)
        return FileIO(handle, mode.replace("x", "w"))

    def room(self, path: str, size: int) -> int:
        """How many of `size` more bytes fit where `path` lies."""
        return min(size, self.spaces.room(self.mount_of(path)))

    def write(self, path: str, data: bytes, *, append: bool = False) -> None:
        """Write a file whole; on a full disk what fits is written and ENOSPC raised."""
        with self.open(path, "a" if append else "w") as file:
            fits = self.room(path, len(data))
            file.write(data[:fits])
        self.touched(path)
        if fits < len(data):
            raise fault(errno.ENOSPC, path)

    def touched(self, path: str) -> None:
        """Stamp a file just written with the node's clock."""
        real, now = self.resolve(path), self.clock.now()
        self.inodes.of(real).ctime = now
        os.utime(real, (now, now))

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
        """Rename as rename(2): atomically over what is there; EXDEV between mounts."""
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
        """Add a mount on an existing directory and return it with its id; an empty folder is made unless it brings one."""
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
