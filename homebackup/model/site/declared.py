"""A site as its owner declares it, and what follows from that: orders, names, folders and the inventory's entries."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import AfterValidator

from homebackup.model.kinds import DeclaredSchedule, Lines, NodeName, Text, Vmid
from homebackup.model.site.app import App
from homebackup.model.site.documents import DocumentFile, Sections
from homebackup.model.site.drill import Drill
from homebackup.model.site.home_assistant import HomeAssistant
from homebackup.model.site.nas import Nas
from homebackup.model.site.parts import (
    Exempt,
    Guest,
    Inventory,
    Lan,
    Mount,
    Part,
    Reason,
    Storage,
    Tier,
    Window,
)
from homebackup.model.site.rules import Exemption
from homebackup.model.verb_timers import VerbName

TMPDIR = "/var/tmp"  # noqa: S108 -- vzdump's own directory for temporary files on the host
"""Where vzdump stages a container's configuration."""
TMPDIR_REASON = (
    "an unprivileged container's backup runs as a mapped user that cannot write its temporary files to the NAS, "
    "so they are staged on the host"
)
_ARCHIVES = {"qemu": "vma", "lxc": "tar"}
_COMPRESSIONS = {"0": "", "gzip": ".gz", "lzo": ".lzo", "zstd": ".zst"}


@dataclass(frozen=True)
class Entry:
    """One entry of the inventory, its fields by the inventory's names; `of` is the guest's VMID or the app's name."""

    of: int | str
    name: str
    host: str
    base_path: str
    glob: str
    stale_after_hours: int
    classification: str
    notes: str = ""
    enabled: str | bool = "auto"
    kind: str = "file_glob"


def _named(apps: Mapping[str, App]) -> Mapping[str, App]:
    return {name: app.named(name) for name, app in apps.items()}


class Site(Part):
    """Everything the owner declares of a site."""

    name: Text
    node: NodeName
    lan: Lan
    nas: Nas
    mount: Mount
    storage: Storage
    guests: Mapping[Vmid, Guest]
    tiers: Mapping[Text, Tier]
    """They are made one after the other, `in_order`: Pulumi hands them over in no order of the owner's."""
    apps: Annotated[Mapping[Text, App], AfterValidator(_named)] = {}
    windows: tuple[Window, ...] = ()
    neighbours: tuple[Text, ...] = ()
    """Files of the stacks of other sites that use the same NAS; a relative path counts from the project's folder."""
    inventory: Inventory | None = None
    exemptions: Mapping[Exempt, Reason] = {}
    """Guests of the cluster, or single disks of theirs, that nothing has to back up, with the reason."""
    rules: Mapping[Text, Exemption] = {}
    """Rules that may be broken for a time, by their ids."""
    documents: Mapping[DocumentFile, Sections] = {}
    """Which sections are kept in which documents of the owner's repository."""
    home_assistant: HomeAssistant | None = None
    """The automatic backups of its Home Assistant."""
    drill: Drill | None = None
    """Spare guests, into which archives are restored to see that they can be."""
    timers: Mapping[VerbName, DeclaredSchedule] = {}
    """What runs by the clock on the machine that holds the repository: notify, digest, verify and drill."""
    acknowledge: Lines = ()
    """Jobs that may lose archives or guests with the next `pulumi up`."""

    @property
    def in_order(self) -> tuple[tuple[str, Tier], ...]:
        """Names and tiers, p2 before p10."""
        return tuple(sorted(self.tiers.items(), key=lambda pair: _natural(pair[0])))

    def managing(self, *, dsm: bool, home_assistant: bool) -> Self:
        """The site as it is kept: nothing of the NAS's management, and nothing of Home Assistant, out of reach."""
        nas = self.nas if dsm else self.nas.model_copy(update={"dsm": None})
        return self.model_copy(update={"nas": nas, "home_assistant": self.home_assistant if home_assistant else None})

    def tier_of(self, vmid: int) -> str | None:
        """The name of the tier that backs the guest up."""
        return next((name for name, tier in self.tiers.items() if vmid in tier.guests), None)

    def elsewhere(self, name: str) -> list[int]:
        """The guests that the other tiers back up."""
        others = (tier for other, tier in self.tiers.items() if other != name and tier.enabled)
        return sorted(vmid for tier in others for vmid in tier.guests)

    def effective_retention(self, tier: Tier) -> Mapping[str, int]:
        """What a prune after the tier's job keeps: the job's retention goes before the storage's."""
        return tier.retention or self.storage.retention or {"keep-all": 1}

    @property
    def archive_folder(self) -> str:
        """The directory of the archives: Proxmox VE puts them below the storage's path, not into it."""
        return f"{self.mount.target}/{(self.storage.content_dirs or {}).get('backup', 'dump')}"

    def archive_glob(self, vmid: int) -> str:
        """The names of the guest's archives, as its tier's job compresses them."""
        kind = self.guests[vmid].kind
        compressed = next((tier.compress for tier in self.tiers.values() if vmid in tier.guests), "zstd")
        return f"vzdump-{kind}-{vmid}-*.{_ARCHIVES[kind]}{_COMPRESSIONS[compressed]}"

    def entries(self) -> tuple[Entry, ...]:
        """What the inventory has of this site: the guests of the tiers in order, then the apps; none without one."""
        return () if self.inventory is None else (*self._of_guests(self.inventory), *self._of_apps(self.inventory))

    def _of_guests(self, inventory: Inventory) -> Iterator[Entry]:
        for vmid in (vmid for _, tier in self.in_order for vmid in tier.guests):
            guest = self.guests[vmid]
            usual = f"{self.name}-{'vm' if guest.kind == 'qemu' else 'lxc'}-{vmid}-{guest.name}-primary"
            yield Entry(
                vmid,
                inventory.entries.get(str(vmid), usual),
                inventory.host,
                self.archive_folder,
                self.archive_glob(vmid),
                guest.stale_after_hours,
                guest.classification,
                guest.notes,
            )

    def _of_apps(self, inventory: Inventory) -> Iterator[Entry]:
        for name, app in sorted(self.apps.items()):
            if app.path and not app.deferred:
                yield Entry(
                    name,
                    inventory.entries.get(name, f"app-{name}"),
                    app.host or inventory.host,
                    app.path,
                    app.glob,
                    app.stale_after_hours,
                    app.classification,
                    app.notes,
                    enabled=True,
                )

    def tmpdir(self, tier: Tier) -> str | None:
        """The tier's directory for temporary files: as declared, else the host's when it has a container."""
        has_container = any(self.guests[vmid].kind == "lxc" for vmid in tier.guests)
        return tier.tmpdir or (TMPDIR if has_container else None)


def _natural(name: str) -> list[tuple[int, str]]:
    """A key to sort names by, in which numbers count as numbers."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
