"""The resources that a site declares, as data: what the components make of it, and what is there is held against."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from homebackup.assess import wanted_dumps, wanted_home_assistant, wanted_nas
from homebackup.model.declare import Value, check, name_of
from homebackup.model.lifecycle import Managed
from homebackup.model.refusal import Refusal
from homebackup.model.site import Inventory, Site
from homebackup.model.site.declared import Entry
from homebackup.model.site.documents import SectionName, marked_name
from homebackup.resources.app_backup import AppBackup
from homebackup.resources.dir_storage import DirStorage
from homebackup.resources.document_section import DocumentSection
from homebackup.resources.home_assistant_backup import HomeAssistantBackup
from homebackup.resources.home_assistant_mount import HomeAssistantMount
from homebackup.resources.hyper_backup_task import HyperBackupTask
from homebackup.resources.inventory_entry import InventoryEntry
from homebackup.resources.nfs_export import NfsExport
from homebackup.resources.nfs_mount import NfsMount
from homebackup.resources.vzdump_job import VzdumpJob

MOUNT = "nas"
"""What Pulumi calls the mount, and its component."""
INVENTORY = "inventory"
"""What Pulumi calls the component of the inventory."""
DOCUMENTS = "documents"
"""Likewise of the documents."""
COMPONENTS = "homebackup:components:"
"""What the type of every component begins with."""
Content = Callable[[Site, SectionName], str]
"""What a section of a document says of a site."""


@dataclass(frozen=True)
class Wanted:
    """One declared resource: its class, its values in normal form, and where Pulumi has it.

    `alias` is its name in Pulumi; `parents` are the components around it, the outermost first, by type and name.
    """

    cls: type[Managed]
    alias: str
    values: Mapping[str, Value]
    parents: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """What it is called on the site, which is its id in Pulumi."""
        return name_of(self.cls, self.values)

    @property
    def token(self) -> str:
        """Its type in Pulumi."""
        return token(self.cls)


def token(cls: type[Managed]) -> str:
    """The type of a resource in Pulumi."""
    return f"homebackup:index:{cls.__name__}"


def resources(site: Site, content: Content | None = None) -> list[Wanted]:
    """Everything that the site declares, in the order in which it is made; raises Refusal for what Pulumi refuses.

    Sections of documents are among it where their `content` is known.
    """
    made: list[tuple[type[Managed], str, str, str, Mapping[str, Any]]] = [
        *((NfsExport, name, "NasExports", wanted_nas.EXPORTS, inputs) for name, inputs in wanted_nas.exports(site)),
        (NfsMount, MOUNT, "NasMount", MOUNT, mount(site)),
        (DirStorage, site.storage.name, "StorageEntry", site.storage.name, storage(site)),
        *((VzdumpJob, tier, "BackupTier", tier, job(site, tier)) for tier, _ in site.in_order),
        *((AppBackup, app, "AppBackups", wanted_dumps.DUMPS, inputs) for app, inputs in wanted_dumps.dumps(site)),
        *((InventoryEntry, name, "InventoryEntries", INVENTORY, inputs) for name, inputs in entries(site)),
        *((HyperBackupTask, one, "HyperBackup", wanted_nas.OFF_SITE, told) for one, told in wanted_nas.off_site(site)),
    ]
    if inputs := wanted_home_assistant.backups(site):
        storage_of = wanted_home_assistant.mount(site)
        both = ((HomeAssistantMount, storage_of), (HomeAssistantBackup, inputs))
        alias = wanted_home_assistant.ALIAS
        made += [(cls, told.get("name", alias), "HomeAssistantBackups", alias, told) for cls, told in both if told]
    if content:
        made += [(DocumentSection, name, "Documents", DOCUMENTS, inputs) for name, inputs in sections(site, content)]
    outer = (f"{COMPONENTS}HomeBackup", site.name)
    return [
        Wanted(cls, alias, _checked(cls, alias, inputs), (outer, (f"{COMPONENTS}{component}", around)))
        for cls, alias, component, around, inputs in made
    ]


def _checked(cls: type[Managed], alias: str, inputs: Mapping[str, Any]) -> Mapping[str, Value]:
    values, wrong = check(cls, inputs)
    if wrong:
        said = "; ".join(f"{name} {reason}" for name, reason in wrong.items())
        raise Refusal(f"{cls.noun} {alias}: {said}", "correct it in the stack's configuration")
    return values


def mount(site: Site) -> dict[str, Any]:
    """The inputs of the NfsMount."""
    return {
        "target": site.mount.target,
        "server": site.nas.address,
        "export": site.mount.export,
        "options": list(site.mount.options),
        "immutable": site.mount.immutable,
        "heal": site.mount.heal,
    }


def storage(site: Site) -> dict[str, Any]:
    """The inputs of the DirStorage."""
    return {
        "storage": site.storage.name,
        "path": site.mount.target,
        "content": sorted(site.storage.content),
        "prune_backups": site.storage.retention,
        "content_dirs": site.storage.content_dirs,
        "shared": site.storage.shared,
        "is_mountpoint": "yes" if site.storage.is_mountpoint else "no",
        "acknowledge": list(site.acknowledge) or None,
    }


def job(site: Site, name: str) -> dict[str, Any]:
    """The inputs of a tier's VzdumpJob."""
    tier = site.tiers[name]
    return {
        "job": tier.job,
        "vmid": list(tier.guests),
        "schedule": tier.schedule,
        "enabled": tier.enabled,
        "storage": site.storage.name,
        "mode": tier.mode,
        "compress": tier.compress,
        "prune_backups": tier.retention,
        "tmpdir": site.tmpdir(tier),
        "notes_template": tier.notes_template,
        "repeat_missed": tier.repeat_missed or None,
        "acknowledge": list(site.acknowledge) or None,
        "elsewhere": site.elsewhere(name) or None,
    }


def entries(site: Site) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and the inputs of each InventoryEntry."""
    for entry in site.entries():
        assert site.inventory is not None
        yield entry.name, _entry(site.inventory, entry)


def _entry(inventory: Inventory, entry: Entry) -> dict[str, Any]:
    return {
        "file": inventory.file,
        "name": entry.name,
        "enabled": entry.enabled,
        "kind": entry.kind,
        "host": entry.host,
        "base_path": entry.base_path,
        "glob": entry.glob,
        "stale_after_hours": entry.stale_after_hours,
        "classification": entry.classification,
        "notes": entry.notes or None,
    }


def sections(site: Site, content: Content) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and the inputs of each DocumentSection, the documents in the order of their names."""
    for file, names in sorted(site.documents.items()):
        for name in names:
            marked = marked_name(site.name, name)
            yield f"{file}#{marked}", {"file": file, "section": marked, "content": content(site, name)}
