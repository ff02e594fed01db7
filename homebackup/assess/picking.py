"""Which archive a guest is restored from: the newest that is good, and why no newer one is taken."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from homebackup.assess.verdict import Verdict
from homebackup.assess.verifying import Checked, looked
from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.backups.sample import Inside, Sample
from homebackup.model.backups.soundness import BAD, GOOD, UNKNOWN
from homebackup.model.backups.verification import DEEP, Verified, last_verified
from homebackup.model.seen import Unseen

Looks = Mapping[str, Checked]
"""What a look at archives found, by their names."""


@dataclass(frozen=True)
class Pick:
    """The archive that is taken for the guest of a verdict, and what it holds, None for nothing that tells.

    `passed` says of each newer archive why it is not taken, `unseen` why nobody knows which one is good.
    """

    verdict: Verdict
    archive: Archive | None = None
    holds: Inside | None = None
    passed: tuple[str, ...] = ()
    unseen: Unseen | None = None

    @property
    def vmid(self) -> int:
        """The guest's number."""
        assert self.verdict.vmid is not None
        return self.verdict.vmid


def look(archive: Archive, sample: Sample | Unseen, name: str, known: Sequence[Verified]) -> Checked:
    """What a few bytes tell of an archive, and what is known of it from when it was read to its end."""
    found, last = looked(archive, sample, name, known), last_verified(known, archive)
    if found.state == GOOD and last and (last.depth, last.state) == (DEEP, BAD):
        return replace(found, state=BAD, said=f"{last.said}, when all of it was read")
    return found


def wanted(facts: SiteFacts, guests: Iterable[Verdict], looks: Looks, named: str = "") -> list[Archive]:
    """The archives to look at next: of each guest the newest of which nothing is known, unless a newer one is good."""
    found = []
    for verdict in guests:
        rest = [a for a in candidates(facts, verdict, named) if a.name not in looks or looks[a.name].state != BAD]
        found += [archive for archive in rest[:1] if archive.name not in looks]
    return found


def pick(facts: SiteFacts, verdict: Verdict, looks: Looks, named: str = "") -> Pick:
    """The choice, after everything that was wanted was looked at."""
    passed = [verdict.said] if verdict.state == "BROKEN" and not named else []
    for archive in candidates(facts, verdict, named):
        seen = looks.get(archive.name)
        if seen is None or seen.state == UNKNOWN:
            why = Unseen(seen.said, seen.remedy) if seen else Unseen("nobody looked at it", "run this again")
            unseen = Unseen(f"{archive.name}: {why.said}", why.remedy)
            return Pick(verdict, passed=tuple(passed), unseen=unseen)
        if seen.state == GOOD:
            return Pick(verdict, archive, seen.holds, tuple(passed))
        passed.append(f"the archive {archive.name} is not taken: {seen.said}")
    dumps = (part for part in facts.dumps.values() if isinstance(part, Unseen))
    return Pick(verdict, passed=tuple(passed), unseen=None if passed else next(dumps, None))


def candidates(facts: SiteFacts, verdict: Verdict, named: str = "") -> list[Archive]:
    """The archives of a guest that may be taken, newest first: those that look whole in a listing, or the named one."""
    dumps = [dump for dump in facts.dumps.values() if isinstance(dump, Dump)]
    mine = [archive for dump in dumps for archive in dump.archives if archive.vmid == verdict.vmid]
    if named:
        return [archive for archive in mine if archive.name == named][:1]
    first = next((a for a in mine if (a.storage, a.name) == (verdict.storage, verdict.archive)), None)
    if first is None:
        return []
    older = [a for a in mine if (a.storage, a.kind) == (first.storage, first.kind) and a.time <= first.time]
    return sorted(older, key=lambda archive: (-archive.time, archive.name))
