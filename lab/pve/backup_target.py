"""Where a backup goes: a storage or a directory, its archives there, and which of them a prune takes away."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.pve.activation import activate, folder_of
from lab.pve.errors import Died
from lab.pve.formats import split
from lab.pve.storagecfg import Storages
from pverules.archive_name import listed
from pverules.prune import Archive, mark
from pverules.retention import Retention

if TYPE_CHECKING:
    from lab.pve.api import Api

BESIDE = (".notes", ".protected")


@dataclass(frozen=True)
class Target:
    """A directory for archives; `storage` is empty where it is none."""

    folder: str
    storage: str = ""
    keep: Retention | None = None
    """What the storage says is kept; None where it says nothing."""
    max_protected: int | None = None
    """How many protected archives a guest may have; -1: as many as one likes, None: the storage does not say."""

    def path(self, name: str) -> str:
        """The path of an archive."""
        return f"{self.folder}/{name}"

    def volid(self, name: str) -> str:
        """The volume id of an archive."""
        return f"{self.storage}:backup/{name}"

    def archives(self, api: "Api", vmid: int, kind: str) -> list[str]:
        """Names of the archives of a guest, sorted."""
        found = []
        for name in api.root.listdir(self.folder):
            parts = listed(name)
            if parts and parts.archive and (parts.archive.vmid, parts.archive.kind) == (vmid, kind):
                found.append(name)
        return found

    def protected(self, api: "Api", name: str) -> bool:
        """Whether an archive is protected."""
        return api.root.exists(self.path(name) + ".protected")

    def doomed(self, api: "Api", vmid: int, kind: str, keep: Retention) -> list[str]:
        """Names of the archives of a guest that a prune removes, oldest first."""
        names = self.archives(api, vmid, kind)
        entries = []
        for name in names:
            parts = listed(name)
            if parts and parts.archive:
                entries.append(Archive(name, parts.archive.epoch(api.clock.zone), self.protected(api, name)))
        marks = mark(entries, keep, api.clock.zone)
        return [entry.volid for entry in sorted(entries, key=lambda e: e.ctime) if marks[entry.volid] == "remove"]

    def remove(self, api: "Api", name: str) -> None:
        """Remove an archive with its notes; its log goes, too, as Proxmox does it."""
        parts = listed(name)
        for path in [self.path(name), *(self.path(name) + end for end in BESIDE)]:
            if api.root.exists(path):
                api.root.unlink(path)
        if parts and parts.archive and api.root.exists(self.path(parts.archive.log)):
            api.root.unlink(self.path(parts.archive.log))


def retention(value: Any) -> Retention | None:
    """The retention of an option: text, mapping, or None where nothing is said."""
    if value is None or value == "":
        return None
    options = split("prune-backups", value) if isinstance(value, str) else dict(value)
    if str(options.pop("keep-all", "0")) == "1":
        return Retention()
    return Retention.parse(options)


def target_of(api: "Api", storage: str) -> Target:
    """The target that a storage is; raises Died with all that is wrong, in the words of a vzdump task."""
    wrong: list[str] = []
    try:
        activate(api, storage)
    except Died as error:
        wrong.append(f"could not activate storage '{storage}': {error.text.strip()}")
    storages = Storages(api.files)
    section = storages.find(storage)
    if section is None:
        wrong.append(f"could not get storage information for '{storage}': storage '{storage}' does not exist")
    elif "backup" not in storages.contents(section):
        reason = f"can't use storage '{storage}' for backups - wrong content type"
        wrong.append(f"could not get storage information for '{storage}': {reason}")
    if wrong or section is None:
        raise Died("\n".join(wrong))
    protected = section.get("max-protected-backups")
    return Target(folder_of(section, "backup"), storage, retention(section.get("prune-backups")), protected)
