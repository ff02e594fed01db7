"""A few bytes of an archive, which tell what it holds without reading all of it."""

import hashlib
import re
from dataclasses import dataclass, field

HEAD = 160 * 1024
"""Bytes from the beginning: a whole block of zstd, with a machine's header or a container's configuration in it."""
TAIL = 400 * 1024
"""Bytes from the end: three whole blocks of zstd."""
SHORT_TAIL = 132 * 1024
"""Bytes from the end that a listing brings: one whole block."""

_VOLUME = re.compile(
    r"(?:rootfs|mp\d+|(?:scsi|virtio|ide|sata|efidisk|tpmstate)\d+):\s*\S*?(?:vm|subvol|base|basevol)-(\d+)-"
)
_NAME = re.compile(r"(?:name|hostname):\s*(\S+)")


@dataclass(frozen=True)
class Sample:
    """Bytes from both ends of a file of `size` bytes; `listed` is what `zstd -l` said, None when it was not asked."""

    size: int
    head: bytes
    tail: bytes
    notes: str | None = None
    listed: bool | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of both ends and of the size, by which content is known again."""
        return hashlib.sha256(b"%d:" % self.size + self.head + self.tail).hexdigest()

    @property
    def read(self) -> int:
        """Bytes that were read for it."""
        return len(self.head) + len(self.tail)


@dataclass(frozen=True)
class Inside:
    """What an archive says of itself: kind of guest, its configuration, when it was made (epoch), disks and sizes."""

    kind: str
    config: str
    made: int
    disks: tuple[tuple[str, int], ...] = ()
    name: str = field(init=False)
    owners: frozenset[int] = field(init=False)
    """The guests after which its volumes are named: itself, unless it is a strange one."""

    def __post_init__(self) -> None:
        current = self.config.partition("\n[")[0].splitlines()
        names = [found[1] for line in current if (found := _NAME.match(line))]
        volumes = [found for line in current if (found := _VOLUME.match(line))]
        object.__setattr__(self, "name", names[0] if names else "")
        object.__setattr__(self, "owners", frozenset(int(found[1]) for found in volumes))
