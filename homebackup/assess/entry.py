"""The verdict on each entry that the owner's inventory has of the site: that of its guest or app, through its glob."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from homebackup.assess.history import AHEAD
from homebackup.assess.verdict import Verdict, about, ago
from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.site import Entry, Site
from pverules.local_time import HOUR

Shelves = Mapping[tuple[str, int | None], Sequence[Archive]]
"""The archives by directory and VMID."""
SEEN = frozenset({"OK", "LATE", "STALE"})
"""States of a guest that tell which archive is its newest, and nothing worse."""


def entries(site: Site, facts: SiteFacts, judged: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The verdict on every entry, in the inventory's order; `judged` are those on guests and apps.

    An entry says the same as its guest or app, unless its glob and directory do not match the guest's newest archive.
    """
    by = {verdict.vmid if verdict.kind == "guest" else verdict.name.removeprefix("app "): verdict for verdict in judged}
    shelves = _shelves(site, facts)
    return tuple(_verdict(entry, by[entry.of], shelves, facts) for entry in site.entries() if entry.of in by)


def distinct(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts without entries of which there is nothing else to say than of their guest or app."""
    return tuple(verdict for verdict in verdicts if not verdict.same)


def _verdict(entry: Entry, of: Verdict, shelves: Shelves, facts: SiteFacts) -> Verdict:
    same = replace(
        of,
        name=entry.name,
        kind="entry",
        vmid=None,
        critical=entry.classification == "critical",
        of=of.label,
        same=True,
    )
    if of.kind != "guest" or of.state not in SEEN:
        return same
    there = shelves.get((entry.base_path, of.vmid), ())
    found = [archive for archive in there if fnmatchcase(archive.name, entry.glob)]
    if not found:
        if not of.archive:
            return same
        said = f"no archive in {entry.base_path} has a name like {entry.glob}, though {of.archive} is there"
        return replace(_without(same), state="STALE", said=said, remedy=_remedy(of))
    newest = max(found, key=lambda archive: (archive.time, archive.name))
    if newest.name == of.archive or newest.time > (of.newest or 0):
        return same  # what is newer than the newest that counts has a fault, and its guest's verdict says so
    age, limit = facts.now - newest.time, entry.stale_after_hours * HOUR
    own = replace(_without(same), newest=newest.time, size=newest.size, archive=newest.name, storage=newest.storage)
    if age > limit:
        said = f"the newest archive that {entry.glob} matches is {about(age)} old, and may be {about(limit)}"
        return replace(own, state="STALE", said=f"{said}; {of.archive} is newer", remedy=_remedy(of))
    return replace(own, state="OK", said=f"backed up {ago(age)}", remedy="nothing")


def _without(verdict: Verdict) -> Verdict:
    """The verdict without what is only true of the guest's newest archive."""
    return replace(
        verdict, same=False, newest=None, size=None, archive="", notes="", protected=False, verified=None, depth=""
    )


def _shelves(site: Site, facts: SiteFacts) -> Shelves:
    """What lies in the directories, without empty files and times to come; the API tells of no directory."""
    found: dict[tuple[str, int | None], list[Archive]] = {}
    for name, dump in facts.dumps.items():
        if isinstance(dump, Dump):
            folder = dump.folder or (site.archive_folder if name == site.storage.name else "")
            for archive in dump.archives:
                if archive.size and archive.time <= facts.now + AHEAD:
                    found.setdefault((folder, archive.vmid), []).append(archive)
    return found


def _remedy(of: Verdict) -> str:
    return f"see where job {of.job} writes to and how it compresses; pulumi up makes both as declared"
