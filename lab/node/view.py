"""Where a path of the node leads, and what can be read there: nothing outside the lab's own folders."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from lab.clock import Clock
from lab.nas import Nas
from lab.node.credentials import NAMESPACE
from lab.node.inodes import Inodes, Stat
from lab.node.mounts import Mount, MountTable
from lab.node.paths import canonical, fault
from lab.node.space import Spaces


class View:
    """The files of the simulated node as they are found; every question raises OSError as the kernel would."""

    def __init__(self, folder: Path, *, clock: Clock | None = None, nas: Nas | None = None) -> None:
        """A root whose files lie in `folder`/root and whose temporary filesystems lie beside it."""
        self.clock, self.nas = clock or Clock(), nas or Nas(folder / "nas")
        self.folder = folder / "root"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.inodes = Inodes()
        self.spaces = Spaces(self.folder, self.nas)
        self._table = MountTable(self.folder, folder / "mounts")
        self.generated: dict[str, Callable[[], bytes]] = {}
        """Files whose content is made when they are read, by canonical path."""

    @property
    def table(self) -> MountTable:
        """The mounts that the process which asks sees: the machine's, unless it has its own."""
        apart = NAMESPACE.get()
        return apart if apart is not None and apart.root == self.folder else self._table

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
        return Path(self._place(name, self.table.above(name)))

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

    def _place(self, name: str, mount: Mount) -> str:
        if self._silent(mount):
            raise fault(errno.EIO, name)
        assert mount.folder is not None
        below = name[len(mount.target) :].strip("/")
        return f"{mount.folder}/{below}" if below else str(mount.folder)

    def _real(self, name: str) -> str | None:
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
        return stat.S_ISDIR(self.mode(path))

    def isfile(self, path: str) -> bool:
        """Whether a regular file is there (symlinks followed)."""
        return stat.S_ISREG(self.mode(path))

    def islink(self, path: str) -> bool:
        """Whether the path itself is a symlink."""
        return stat.S_ISLNK(self.mode(path, follow=False))

    def mode(self, path: str, *, follow: bool = True) -> int:
        """Kind and permissions of what is there, 0 when nothing is; an unreachable server raises EIO."""
        try:
            return self.inodes.stat(self.resolve(path, follow=follow)).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return 0

    def listdir(self, path: str) -> list[str]:
        """Names in a directory, sorted by byte."""
        return sorted(os.listdir(self._present(path)), key=os.fsencode)

    def entries(self, path: str) -> list[tuple[str, Stat]]:
        """Names in a directory with their attributes, sorted by byte; the directory's own path is resolved once."""
        name = self.canonical(path)
        real = self._present(name)
        mounted = {mount.target for mount in self.mounts}
        found = []
        for entry in self.listdir(name):
            below = f"{name.rstrip('/')}/{entry}"
            with contextlib.suppress(FileNotFoundError):  # gone meanwhile
                found.append((entry, self.stat(below) if below in mounted else self.inodes.stat(f"{real}/{entry}")))
        return found

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
