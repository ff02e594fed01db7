"""How each guest is restored: the command for its newest good archive, to a new VMID that is free."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from homebackup.assess.rebuilding import APART, USUAL, words
from homebackup.assess.verdict import Verdict
from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.seen import Unseen


@dataclass(frozen=True)
class Restore:
    """A guest, the archive that it is restored from, and the words of the command, quoted for the node's shell."""

    label: str
    archive: Archive
    words: tuple[str, ...]

    @property
    def command(self) -> str:
        """The command as one types it."""
        return " ".join(self.words)


def restores(facts: SiteFacts, judged: Iterable[Verdict]) -> tuple[Restore, ...]:
    """The commands for all guests that have a good archive; a guest made by one has new network addresses."""
    taken = set() if isinstance(facts.guests, Unseen) else {guest.vmid for guest in facts.guests}
    return tuple(_restores(facts, judged, taken))


def _restores(facts: SiteFacts, judged: Iterable[Verdict], taken: set[int]) -> Iterator[Restore]:
    dumps = {name: dump for name, dump in facts.dumps.items() if isinstance(dump, Dump)}
    archives = {(name, one.name): one for name, dump in dumps.items() for one in dump.archives}
    for verdict in judged:
        archive = archives.get((verdict.storage, verdict.archive))
        if archive is None or verdict.vmid is None:
            continue
        vmid = verdict.vmid + APART
        while vmid in taken:
            vmid += 1
        taken.add(vmid)
        disks = "" if archive.kind == "qemu" else for_disks(facts, "rootdir")
        words = command(archive, vmid, folder=dumps[verdict.storage].folder, storage=disks)
        yield Restore(verdict.label, archive, words)


def command(
    archive: Archive, vmid: int, *, folder: str, storage: str = "", unique: bool = True, force: bool = False
) -> tuple[str, ...]:
    """The words of the command, quoted: by the file's path, or the storage's name for it where no folder is known."""
    file = shlex.quote(f"{folder}/{archive.name}" if folder else volume(archive))
    return words(archive.kind, file, vmid, storage=storage, unique=unique, force=force)


def volume(archive: Archive) -> str:
    """Proxmox VE's own name for an archive."""
    return f"{archive.storage}:backup/{archive.name}"


def for_disks(facts: SiteFacts, content: str) -> str:
    """A storage that takes disks of a kind of guest, `images` or `rootdir`.

    Without one for a container, Proxmox VE takes `local`, which takes none.
    """
    return next(iter(fit(facts, content)), USUAL)


def fit(facts: SiteFacts, content: str) -> tuple[str, ...]:
    """The storages that take a kind of content and are not switched off."""
    sections = () if isinstance(facts.storages, Unseen) else facts.storages
    return tuple(
        str(section["storage"])
        for section in sections
        if content in str(section.get("content", "")).split(",") and not section.get("disable")
    )
