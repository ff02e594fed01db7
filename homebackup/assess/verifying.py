"""What a verification says of each archive, what is kept of it, and which archive is read next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import size
from homebackup.model.backups.archive import Archive
from homebackup.model.backups.integrity import quick
from homebackup.model.backups.sample import Inside, Sample
from homebackup.model.backups.soundness import BAD, GOOD, UNKNOWN, endless
from homebackup.model.backups.verification import DEEP, QUICK, Verified
from homebackup.model.backups.whole import Whole
from homebackup.model.seen import Unseen

_WORDS = {"qemu": ("VM", "disk"), "lxc": ("CT", "volume")}


@dataclass(frozen=True)
class Checked:
    """What was found of one archive now; `read` are the bytes it took.

    `state` is good, bad or unknown. `digest` and `sha256` are of both ends and of all of its file, empty when unread.
    """

    archive: Archive
    state: str
    said: str = ""
    remedy: str = ""
    depth: str = QUICK
    holds: Inside | None = None
    notes: str | None = None
    digest: str = ""
    sha256: str = ""
    read: int = 0

    def line(self, zone: ZoneInfo) -> str:
        """It as a line for a terminal; times are shown in `zone`."""
        head = f"{self.state:<7}  {self.archive.name}: "
        if self.state != GOOD:
            return head + "; ".join(filter(None, (self.said, self.remedy)))
        inside = "it begins as it has to, and its content is not looked into"
        if self.holds:
            kind, noun = _WORDS[self.holds.kind]
            made = datetime.fromtimestamp(self.holds.made, zone)
            disks = [f"{noun} {name} of {size(length)}" for name, length in self.holds.disks]
            parts = [f"{kind} {self.archive.vmid} {self.holds.name}".rstrip(), *disks, f"made {made:%Y-%m-%d %H:%M}"]
            inside = ", ".join(parts + ([f"notes: {self.notes.splitlines()[0]}"] if self.notes else []))
        if self.depth == DEEP:
            return f"{head}{inside}; all of it read"
        blind = endless(self.archive.name)
        return f"{head}{inside}; {size(self.read)} read" + (f", {blind}: --deep does" if blind else "")


def looked(archive: Archive, sample: Sample | Unseen, name: str | None, known: Sequence[Verified]) -> Checked:
    """What a quick check found, compared with what is known of the same file from earlier."""
    found = quick(archive, sample, name)
    notes, read = (None, 0) if isinstance(sample, Unseen) else (sample.notes, sample.read)
    checked = Checked(archive, found.state, found.said, found.remedy, QUICK, found.holds, notes, found.digest, "", read)
    return _compared(checked, known)


def read_through(before: Checked, whole: Whole | Unseen, known: Sequence[Verified]) -> Checked:
    """What a deep check found, after a quick one that was good."""
    deep = replace(before, depth=DEEP)
    if isinstance(whole, Unseen):
        return replace(deep, state=UNKNOWN, said=whole.said, remedy=whole.remedy)
    deep = replace(deep, sha256=whole.sha256, read=before.read + before.archive.size)
    if whole.said:
        return replace(deep, state=BAD, said=whole.said, remedy=_remedy(before.archive))
    return _compared(deep, known)


def kept(checked: Checked, known: Sequence[Verified], now: float) -> Verified:
    """What is kept of a check that ended well or badly, at `now` by our clock.

    The sums stay those of the content when it was first seen and good, so that what rotted is bad at every later look.
    """
    archive, good = checked.archive, checked.state == GOOD
    digest, sha256 = _first(archive, known)
    return Verified(
        archive.storage,
        archive.name,
        archive.size,
        archive.written,
        checked.depth,
        checked.state,
        checked.said,
        digest or (checked.digest if good else ""),
        sha256 or (checked.sha256 if good else ""),
        now,
    )


def is_due(checked: Checked, known: Sequence[Verified]) -> bool:
    """Whether an archive is to be read to its end: it passed the quick check, and was not read through before."""
    if checked.state != GOOD:
        return False
    return not any(one.of(checked.archive) and one.depth == DEEP and one.state == GOOD for one in known)


def in_order(archives: Iterable[Archive]) -> list[Archive]:
    """The archives as they are to be read: the newest of every guest, then the second newest of every guest, ..."""
    ranked: list[tuple[int, int, Archive]] = []
    seen: dict[int, int] = {}
    for archive in sorted(archives, key=lambda archive: (-archive.time, archive.name)):
        seen[archive.vmid] = seen.get(archive.vmid, 0) + 1
        ranked.append((seen[archive.vmid], -archive.time, archive))
    return [archive for _, _, archive in sorted(ranked, key=lambda one: one[:2])]


def newest(archives: Iterable[Archive]) -> list[Archive]:
    """The newest archive of every guest."""
    return list({archive.vmid: archive for archive in sorted(archives, key=lambda archive: archive.time)}.values())


def _compared(checked: Checked, known: Sequence[Verified]) -> Checked:
    """Bad when the content is another than at an earlier look, though size and time of the file are the same."""
    digest, sha256 = _first(checked.archive, known)
    differs = (digest and checked.digest != digest) or (sha256 and checked.sha256 and checked.sha256 != sha256)
    if checked.state != GOOD or not differs:
        return checked
    since = min(one.time for one in known if one.of(checked.archive))
    said = f"its content changed since it was first verified on {datetime.fromtimestamp(since, UTC):%Y-%m-%d}"
    return replace(checked, state=BAD, said=f"{said}, though nobody wrote it", remedy=_remedy(checked.archive))


def _first(archive: Archive, known: Sequence[Verified]) -> tuple[str, str]:
    """The sums of an archive's content when it was first seen and good, each empty where it never was."""
    before = [one for one in known if one.of(archive)]
    digests, sums = (one.digest for one in before if one.digest), (one.sha256 for one in before if one.sha256)
    return next(digests, ""), next(sums, "")


def _remedy(archive: Archive) -> str:
    return f"make a new backup of {archive.vmid}, and do not count on this one"
