"""File names of backup archives, `vzdump-KIND-VMID-YYYY_MM_DD-HH_MM_SS.FORMAT`, and of what lies beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from pverules.local_time import archive_epoch, wall_at

KINDS = ("qemu", "lxc", "openvz")

_FORMAT = r"(?P<format>tgz|(?:tar|vma)(?:\.(?:gz|lzo|zst|bz2))?)"
_LISTED = re.compile(rf"[^/]+\.{_FORMAT}")
_OURS = re.compile(rf"vzdump-(?P<kind>qemu|lxc|openvz)-.+\.{_FORMAT}")
_STANDARD = re.compile(
    r"vzdump-(?P<kind>qemu|lxc|openvz)-(?P<vmid>[1-9][0-9]{2,8})"
    rf"-(?P<stamp>\d{{4}}_\d{{2}}_\d{{2}}-\d{{2}}_\d{{2}}_\d{{2}})\.{_FORMAT}",
    re.ASCII,
)
_LOOSE_VMID = re.compile(r"-(?P<vmid>[1-9][0-9]{2,8})-[^/]+")


class InvalidArchiveName(ValueError):
    """A file name that is not the name vzdump gives an archive."""


@dataclass(frozen=True)
class ArchiveName:
    """The name of one archive: of which guest, from when (wall clock of the node, naive), in which format.

    `format` is the extension without its dot: `vma`, `tar.zst`, `tgz`.
    """

    kind: str
    vmid: int
    time: datetime
    format: str

    @classmethod
    def parse(cls, text: str) -> ArchiveName:
        """The parts of a file name, path, `STORAGE:backup/NAME` or `backup/NAME`; raises InvalidArchiveName.

        A date that no calendar has (30 February, 24:00:00, second 60) is refused, as Proxmox then calls the archive
        `unknown` and never prunes it.
        """
        name = text.rpartition("/")[2]
        match = _STANDARD.fullmatch(name)
        if match is None:
            raise InvalidArchiveName(f"{name}: not the name of a vzdump archive; nothing can be told from it")
        try:
            time = _time(match["stamp"])
        except ValueError as error:
            raise InvalidArchiveName(f"{name}: its date does not exist; nothing can be told from it") from error
        return cls(match["kind"], int(match["vmid"]), time, match["format"])

    @classmethod
    def at(cls, kind: str, vmid: int, epoch: int, zone: ZoneInfo, archive_format: str) -> ArchiveName:
        """The name vzdump gives an archive that it starts at `epoch` on a node in `zone`."""
        return cls(kind, vmid, wall_at(epoch, zone), archive_format)

    def epoch(self, zone: ZoneInfo) -> int:
        """The archive's `ctime` in epoch seconds, as Proxmox reads it from the name on a node in `zone`."""
        return archive_epoch(self.time, zone)

    @property
    def stem(self) -> str:
        """The name without its extension."""
        stamp = f"{self.time:%m_%d-%H_%M_%S}"
        return f"vzdump-{self.kind}-{self.vmid}-{self.time.year:04}_{stamp}"

    def __str__(self) -> str:
        return f"{self.stem}.{self.format}"

    @property
    def compression(self) -> str | None:
        """`gz`, `lzo`, `zst` or `bz2`; None when the archive is not compressed."""
        if self.format == "tgz":
            return "gz"
        return self.format.partition(".")[2] or None

    @property
    def unfinished(self) -> str:
        """The file vzdump writes until the archive is complete: `dat` takes the place of the last extension."""
        return f"{str(self).rpartition('.')[0]}.dat"

    @property
    def temporary(self) -> str:
        """The directory vzdump works in while it writes the archive."""
        return f"{self.stem}.tmp"

    @property
    def notes(self) -> str:
        """The file that holds the archive's notes."""
        return f"{self}.notes"

    @property
    def protected(self) -> str:
        """The empty file that protects the archive."""
        return f"{self}.protected"

    @property
    def log(self) -> str:
        """The file that holds the log of the backup."""
        return f"{self.stem}.log"


def _time(stamp: str) -> datetime:
    """The time of a stamp in a name; ValueError where no calendar has it."""
    return datetime.fromisoformat(f"{stamp[:4]}-{stamp[5:7]}-{stamp[8:10]}T{stamp[11:].replace('_', ':')}")


@dataclass(frozen=True)
class Listed:
    """What Proxmox's list of a storage says of a file in its dump directory, whatever its name.

    `subtype` is `qemu`, `lxc`, `openvz` or `unknown`; `vmid` comes from any `-NUMBER-` in the name and may be None;
    `archive` is None when the name is not vzdump's, and then a prune calls the file `renamed`.
    """

    name: str
    format: str
    subtype: str
    vmid: int | None
    archive: ArchiveName | None


@lru_cache(maxsize=4096)
def listed(name: str) -> Listed | None:
    """How Proxmox lists a file of a dump directory, None when it leaves the file out.

    A name with an impossible date makes the reading of the whole name fail, so its subtype is `unknown`; a name that
    only begins like vzdump's keeps its subtype (`prune.jsonl`, scenario `odd`).
    """
    shown = _LISTED.fullmatch(name)
    if shown is None:
        return None
    try:
        archive = ArchiveName.parse(name)
    except InvalidArchiveName:
        archive = None
    ours = _OURS.fullmatch(name)
    broken = archive is None and _STANDARD.fullmatch(name) is not None
    subtype = ours["kind"] if ours is not None and not broken else "unknown"
    loose = _LOOSE_VMID.search(name.removesuffix(f".{shown['format']}"))
    return Listed(name, shown["format"], subtype, int(loose["vmid"]) if loose else None, archive)
