"""How full the node's filesystems are: simulated sizes, real growth."""

import os
from pathlib import Path

from lab.nas import Nas
from lab.node.mounts import Mount

GIB = 2**30
NO_LIMIT = 2**62
REAL_LIMIT = 2 * GIB
"""Bytes that all files of a lab may take together on the machine it runs on, whatever sizes it simulates."""
RECOUNT = 64 * 2**20


def occupied(folder: Path) -> int:
    """Bytes on disk of all files under `folder`, symlinks not followed; a folder that vanishes counts nothing."""
    total, pending = 0, [folder]
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                pending.append(Path(entry.path))
            else:
                found = entry.stat(follow_symlinks=False)
                total += min(found.st_size, found.st_blocks * 512) if found.st_blocks else found.st_size
    return total


class Spaces:
    """Sizes of the root disk, the NAS volume and temporary filesystems."""

    def __init__(self, root: Path, nas: Nas) -> None:
        """A root disk of 94 GiB, of which 11 are taken, and the volume of `nas`."""
        self.root, self.nas = root, nas
        self.total, self.taken = 94 * GIB, 11 * GIB
        self.free: int | None = None
        """Bytes that may still be written to the root disk; None: as many as its size says."""
        self._at_limit = 0
        self._unseen = self._seen = 0

    def limit(self, free: int | None) -> None:
        """Leave only `free` bytes on the root disk from now on; None lifts it."""
        self.free, self._at_limit = free, occupied(self.root)

    def usage(self, mount: Mount) -> tuple[int, int, int]:
        """(total, used, free) bytes of the filesystem behind a mount."""
        assert mount.folder is not None
        if mount.nfs:
            used = self.nas.occupied + occupied(self.nas.folder)
            return (
                self.nas.total,
                (self.nas.total if self.nas.full else used),
                (0 if self.nas.full else self.nas.total - used),
            )
        if mount.folder != self.root:
            used = occupied(mount.folder)
            return GIB, used, max(0, GIB - used)
        written = occupied(self.root)
        if self.free is not None:
            left = max(0, self.free - (written - self._at_limit))
            return self.total, self.total - left, left
        return self.total, self.taken + written, self.total - self.taken - written

    def room(self, mount: Mount, size: int) -> int:
        """How many of `size` more bytes may be written there; cheap while nothing is limited."""
        return max(0, min(size, self._real(size), self._simulated(mount)))

    def _real(self, size: int) -> int:
        """What the machine the lab runs on shall give at most, counted anew after every 64 MiB."""
        self._unseen += size
        if self._unseen > RECOUNT:
            self._seen, self._unseen = occupied(self.root.parent), size
        return REAL_LIMIT - self._seen - self._unseen + size

    def _simulated(self, mount: Mount) -> int:
        if mount.nfs:
            return 0 if self.nas.full else NO_LIMIT
        if mount.folder == self.root and self.free is None:
            return NO_LIMIT
        return self.usage(mount)[2]
