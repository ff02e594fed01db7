"""Whether an archive is what its name says, from a few bytes of both ends of its file."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from homebackup.model.backups.archive import Archive
from homebackup.model.backups.container_start import read_container
from homebackup.model.backups.machine_start import HEADER, read_machine
from homebackup.model.backups.sample import HEAD, Inside, Sample
from homebackup.model.backups.soundness import BAD, GOOD, UNKNOWN, Integrity
from homebackup.model.backups.unpacking import Broken, ends_well, unpack
from homebackup.model.seen import Unseen
from pverules.archive_name import ArchiveName

APART = 6 * 3600
"""Seconds that may lie between the time in a name and the one inside: a guest may take long to be shut down."""

_READERS: Mapping[str, Callable[[bytes], Inside | None]] = {"vma": read_machine, "tar": read_container}
_KINDS = {"qemu": "VM", "lxc": "CT", "openvz": "CT"}


def quick(archive: Archive, sample: Sample | Unseen, name: str | None = None) -> Integrity:
    """The judgement of a listed archive on a sample of its file; `name` is the guest's, where known.

    A sample of any length will do: what it is too short for is not judged.
    """
    if isinstance(sample, Unseen):
        return Integrity(UNKNOWN, sample.said, sample.remedy)
    try:
        holds = _look(archive, sample, name)
    except Broken as broken:
        return Integrity(BAD, str(broken), _remedy(archive), digest=sample.digest)
    if holds is None and len(sample.head) < min(sample.size, HEAD):
        said = f"the {len(sample.head)} bytes that were read do not tell what it holds"
        return Integrity(UNKNOWN, said, "run homebackup verify", digest=sample.digest)
    if sample.size != archive.size:
        said = f"it has {sample.size} bytes now and had {archive.size} when it was listed"
        return Integrity(UNKNOWN, said, "wait until nobody writes it, and run this again", holds, sample.digest)
    return Integrity(GOOD, holds=holds, digest=sample.digest)


def _look(archive: Archive, sample: Sample, name: str | None) -> Inside | None:
    """What it holds, None where that is not read here; raises Broken with what is wrong."""
    if not sample.size:
        raise Broken("it is empty")
    parsed = ArchiveName.parse(archive.name)
    plain = unpack(sample.head, parsed.compression)
    kind = "tar" if parsed.format == "tgz" else parsed.format.partition(".")[0]
    holds = None if plain is None else _READERS[kind](plain)
    if holds is not None:
        _compare(archive, holds, name)
    if plain is not None:
        _ends(parsed, sample)
    if holds is None and plain is not None and len(sample.head) >= min(sample.size, HEAD):
        raise Broken("it ends before it says which guest it holds")
    return holds


def _compare(archive: Archive, holds: Inside, name: str | None) -> None:
    """Raise Broken for content of another guest, or of another time, than the name tells."""
    kind, other = _KINDS[archive.kind], ", ".join(map(str, sorted(holds.owners)))
    if holds.owners and archive.vmid not in holds.owners:
        raise Broken(f"it holds a backup of another guest, {other} {holds.name}".rstrip())
    if not holds.owners and name and holds.name and holds.name != name:
        raise Broken(f"it holds a backup of {holds.name}, and {kind} {archive.vmid} is {name}")
    if abs(holds.made - archive.time) > APART:
        raise Broken(f"it holds a backup that was made at {_said(holds.made)}, its name says {_said(archive.time)}")


def _ends(parsed: ArchiveName, sample: Sample) -> None:
    """Raise Broken for a file whose end is missing."""
    cut = "its end is missing: it was cut short, or never written to its end"
    if parsed.compression == "zst":
        if sample.listed is False or ends_well(sample.head, sample.tail, sample.size) is False:
            raise Broken(cut)
    elif parsed.format == "tar":
        if sample.tail[-1024:].strip(b"\0") or len(sample.tail) < min(sample.size, 1024) or sample.size % 512:
            raise Broken(cut)
    elif parsed.format == "vma" and (sample.size < HEADER or sample.size % 512):
        raise Broken(cut)


def _said(epoch: int) -> str:
    try:
        return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"second {epoch}"


def _remedy(archive: Archive) -> str:
    return f"make a new backup of {archive.vmid}, and do not count on this one"
