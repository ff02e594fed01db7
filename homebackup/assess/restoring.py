"""How each guest is restored: the command for its newest good archive, to a new VMID that is free."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from homebackup.assess.verdict import Verdict
from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.seen import Unseen

APART = 9000
"""What is added to a VMID for the guest that is restored beside the old one."""
USUAL = "local-lvm"
"""Proxmox VE's own storage for disks, where nobody could look which there are."""


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
    for verdict in judged:
        dump = facts.dumps.get(verdict.storage)
        if not verdict.archive or verdict.vmid is None or not isinstance(dump, Dump):
            continue
        archive = next((one for one in dump.archives if one.name == verdict.archive), None)
        if archive is None:
            continue
        vmid = verdict.vmid + APART
        while vmid in taken:
            vmid += 1
        taken.add(vmid)
        words = _command(facts, archive, dump, str(vmid))
        yield Restore(verdict.label, archive, tuple(map(shlex.quote, words)))


def _command(facts: SiteFacts, archive: Archive, dump: Dump, vmid: str) -> list[str]:
    """By the file's path; by the storage's name for it where only the API told of it."""
    file = f"{dump.folder}/{archive.name}" if dump.folder else f"{archive.storage}:backup/{archive.name}"
    if archive.kind == "qemu":
        return ["qmrestore", file, vmid, "--unique"]
    return ["pct", "restore", vmid, file, "--storage", _for_disks(facts), "--unique"]


def _for_disks(facts: SiteFacts) -> str:
    """A storage that takes containers' disks: without one, Proxmox VE takes `local`, which takes none."""
    sections = () if isinstance(facts.storages, Unseen) else facts.storages
    fit = (
        str(section["storage"])
        for section in sections
        if "rootdir" in str(section.get("content", "")).split(",") and not section.get("disable")
    )
    return next(fit, USUAL)
