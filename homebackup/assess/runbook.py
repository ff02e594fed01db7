"""What a restore of each guest takes: the commands, the space it needs, and what it would overwrite."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from homebackup.assess.picking import Pick
from homebackup.assess.rebuilding import APART, KINDS
from homebackup.assess.restoring import command, fit, for_disks
from homebackup.model.backups import guest_config
from homebackup.model.backups.facts import Guest, SiteFacts, Space
from homebackup.model.seen import Unseen

Rooms = Mapping[str, Space | Unseen]
"""The space of storages, by their names."""


@dataclass(frozen=True)
class Need:
    """Bytes that a restore may come to take of a storage, and those that are free there."""

    storage: str
    most: int
    free: int | Unseen

    @property
    def fits(self) -> bool:
        """Whether it fits, as far as is known."""
        return isinstance(self.free, Unseen) or self.most <= self.free


@dataclass(frozen=True)
class Chapter:
    """One guest: the commands that restore it beside the old one as VMID `to`, and those that do in its place.

    `overwrites` is the guest whose place that is, None where nobody has it; `blocked` says why it cannot be.
    """

    pick: Pick
    to: int
    needs: tuple[Need, ...]
    beside: tuple[str, ...]
    instead: tuple[str, ...]
    overwrites: Guest | None
    blocked: str = ""


def place(chosen: Pick, facts: SiteFacts, told: str = "") -> str:
    """The storage to name for the disks; empty where each goes back to its own."""
    if told or chosen.archive is None:
        return told
    content = KINDS[chosen.archive.kind][2]
    own = [disk.storage for disk in _disks(chosen)]
    if chosen.archive.kind == "qemu":
        there = isinstance(facts.storages, Unseen) or set(own) <= set(fit(facts, content))
        return "" if there else for_disks(facts, content)
    return next((name for name in own if name in fit(facts, content)), for_disks(facts, content))


def needed(chosen: Pick, storage: str) -> dict[str, int]:
    """Bytes by storage that the disks have when they are full, or that the archive has where nothing tells theirs."""
    assert chosen.archive is not None
    found: dict[str, int] = {}
    for disk in _disks(chosen):
        name = storage or disk.storage
        found[name] = found.get(name, 0) + disk.size
    if len(found) == 1:
        return {name: max(most, chosen.archive.size) for name, most in found.items()}
    return found or ({storage: chosen.archive.size} if storage else {})


def _disks(chosen: Pick) -> list[guest_config.Disk]:
    """The disks that are in the archive, a machine's with the sizes in its header."""
    if chosen.holds is None:
        return []
    told = guest_config.disks(chosen.holds.config)
    if chosen.holds.kind != "qemu":
        return list(told)
    sizes = {name.removeprefix("drive-"): size for name, size in chosen.holds.disks}
    return [guest_config.Disk(disk.name, disk.storage, sizes[disk.name]) for disk in told if disk.name in sizes]


def needs(chosen: Pick, storage: str, rooms: Rooms, margin: float = 1.0) -> tuple[Need, ...]:
    """What a restore takes of each storage, times a margin."""
    silent = Unseen("it is not listed", "see pvesm status on the node")
    found = sorted(needed(chosen, storage).items())
    spaces = ((name, most, rooms.get(name, silent)) for name, most in found)
    return tuple(
        Need(name, round(most * margin), room if isinstance(room, Unseen) else room.free) for name, most, room in spaces
    )


def chapters(facts: SiteFacts, picks: Iterable[Pick], rooms: Rooms) -> tuple[Chapter, ...]:
    """A chapter for every guest that has a good archive, in their order; each beside has a VMID of its own."""
    guests = () if isinstance(facts.guests, Unseen) else facts.guests
    return tuple(_chapters(facts, picks, rooms, {guest.vmid: guest for guest in guests}))


def _chapters(facts: SiteFacts, picks: Iterable[Pick], rooms: Rooms, there: Mapping[int, Guest]) -> Iterator[Chapter]:
    taken = set(there)
    for one in picks:
        archive = one.archive
        if archive is None:
            continue
        to = one.vmid + APART
        while to in taken:
            to += 1
        taken.add(to)
        storage, old = place(one, facts), there.get(one.vmid)
        label, program, _ = KINDS[archive.kind]
        beside = command(archive, to, folder=archive.folder, storage=storage)
        instead = command(archive, one.vmid, folder=archive.folder, storage=storage, unique=False, force=True)
        stop = [f"{program} shutdown {one.vmid}"] if old and old.running else []
        other = old is not None and old.kind != archive.kind
        yield Chapter(
            one,
            to,
            needs(one, storage, rooms),
            (" ".join(beside), *unplugging(one, program, to), f"{program} start {to}"),
            () if other else (*stop, " ".join(instead), f"{program} start {one.vmid}"),
            old,
            f"another kind of guest has VMID {one.vmid} now, and the archive is of a {label}" if other else "",
        )


def unplugging(chosen: Pick, program: str, vmid: int) -> tuple[str, ...]:
    """The commands that pull the cables of the restored guest, before it is started."""
    found = guest_config.networks(chosen.holds.config) if chosen.holds else {}
    bare = ((name, guest_config.unplugged(network, renewed=True)) for name, network in found.items())
    return tuple(shlex.join([program, "set", str(vmid), f"--{name}", network]) for name, network in bare)
