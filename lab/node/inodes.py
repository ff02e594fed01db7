"""What the node believes of its files beyond their bytes: owner, mode, ACL, immutable flag."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


@dataclass
class Inode:
    """The recorded attributes of one file; real ones cannot hold them where the lab does not run as root."""

    mode: int
    """Permission bits, 0o0000 to 0o7777."""
    uid: int = 0
    gid: int = 0
    immutable: bool = False
    acl: list[str] = field(default_factory=list)
    """Entries beyond owner, group and other, as `getfacl` prints them."""
    ctime: float = 0.0


class Stat(NamedTuple):
    """What stat(2) says on the node; names as in os.stat_result."""

    st_mode: int
    st_uid: int
    st_gid: int
    st_size: int
    st_mtime: float
    st_atime: float
    st_ctime: float
    st_ino: int
    st_nlink: int
    st_dev: int
    st_blocks: int


class Inodes:
    """Recorded attributes by real inode."""

    def __init__(self) -> None:
        """Nothing recorded: files are 0644, directories 0755, owned by root."""
        self._known: dict[tuple[int, int], Inode] = {}

    def of(self, path: Path) -> Inode:
        """The record of the real file at `path` (symlinks not followed), made from its kind when it is new."""
        return self._of(os.lstat(path))

    def _of(self, found: os.stat_result) -> Inode:
        key = (found.st_dev, found.st_ino)
        if key not in self._known:
            mode = 0o755 if stat.S_ISDIR(found.st_mode) else 0o777 if stat.S_ISLNK(found.st_mode) else 0o644
            self._known[key] = Inode(mode, ctime=found.st_ctime)
        return self._known[key]

    def renew(self, path: Path, mode: int, now: float) -> None:
        """Record a file just made, whatever an earlier file with the same inode number was."""
        found = os.lstat(path)
        self._known[found.st_dev, found.st_ino] = Inode(mode, ctime=now)

    def forget(self, path: Path) -> None:
        """Drop the record of a file about to lose its last name."""
        found = os.lstat(path)
        if found.st_nlink <= 1 or stat.S_ISDIR(found.st_mode):
            self._known.pop((found.st_dev, found.st_ino), None)

    def clear(self) -> None:
        """Forget every record."""
        self._known.clear()

    def stat(self, path: Path | str) -> Stat:
        """Real size and times with the recorded owner and mode."""
        real = os.lstat(path)
        record = self._of(real)
        return Stat(
            stat.S_IFMT(real.st_mode) | record.mode,
            record.uid,
            record.gid,
            real.st_size,
            real.st_mtime,
            real.st_atime,
            record.ctime,
            real.st_ino,
            real.st_nlink,
            real.st_dev,
            real.st_blocks,
        )
