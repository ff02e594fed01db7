"""/etc/pve/storage.cfg: the storages of the cluster, with the rules that PVE::Storage::Plugin adds to the sections."""

import os.path
import re
from typing import Any

from lab.pve.errors import Died
from lab.pve.files import STORAGE, Files
from lab.pve.formats import split_list
from lab.pve.routes import STORAGE_TYPES
from lab.pve.sections import Section, SectionKind, Sections, Values, parse
from pverules.formats import is_storage_id

SHARED = ("nfs", "cifs", "pbs", "cephfs", "rbd", "iscsi", "iscsidirect", "glusterfs", "zfs", "esxi")
LEGAL_PATH = re.compile(r"/[-/a-zA-Z0-9_.@]+")
LOCAL_PATH = "/var/lib/vz"


class StorageKind(SectionKind):
    """One type of storage."""

    def __init__(self, name: str, data: dict[str, Any]) -> None:
        self.contents: list[str] = data["content_allowed"]
        self.default_content: list[str] = data["content_default"]
        self.formats: list[str] = data["formats"]
        super().__init__(name, data["options"], decode=self._normal, encode=self._spelled)

    def _normal(self, key: str, value: Any) -> Any:
        if key == "content":
            known = {item for item in split_list(value) if item in self.contents}
            if "none" in known and len(known) > 1:
                raise Died("unable to combine 'none' with other content types")
            if not known and "none" not in self.contents:
                raise Died("storage does not support content type 'none'")
            return ",".join(sorted(known))
        if key == "format":
            return value if value in self.formats else None
        if key == "content-dirs" and isinstance(value, str):
            folders = dict(part.partition("=")[::2] for part in split_list(value))
            return {content: folder for content, folder in folders.items() if content in self.contents}
        if key == "nodes":
            return ",".join(sorted(set(split_list(value))))
        return value

    def _spelled(self, key: str, value: Any) -> Any:
        if key == "content-dirs":
            return ",".join(f"{content}={folder}" for content, folder in sorted(value.items()))
        return (value or "none") if key == "content" else value

    def new(self, id: str, values: Values) -> Section:
        """A new storage from what was sent; raises Died."""
        if self.name in ("nfs", "cifs") and "path" not in values:
            values = {**values, "path": f"/mnt/pve/{id}"}
        found = self.check(values, create=True)
        if self.name == "dir":
            if not LEGAL_PATH.fullmatch(found["path"]):
                raise Died(f"illegal path for directory storage: {found['path']}")
            found["path"] = os.path.normpath(re.sub("/+", "/", found["path"]))
        return Section(self, id, found)


KINDS: dict[str, StorageKind] = {name: StorageKind(name, data) for name, data in STORAGE_TYPES.items()}
BUILT_IN_LOCAL: Values = {
    "priority": 0,
    "path": LOCAL_PATH,
    "prune-backups": "keep-all=1",
    "content": "backup,images,iso,rootdir,snippets,vztmpl",
}


def parse_storages(text: str) -> Sections:
    """The storages of a text, `local` always among them; content has its default, `shared` is set where it follows."""
    found = parse(text, KINDS, is_storage_id)
    local = found.find("local")
    if local is None or local.type != "dir" or local.get("path", LOCAL_PATH) != LOCAL_PATH:
        found = found.with_(Section(KINDS["dir"], "local", dict(BUILT_IN_LOCAL)), front=True)
    for section in found:
        values = dict(section.values)
        if section.id == "local":
            values.pop("nodes", None)
        kind = KINDS[section.type]
        values.setdefault("content", ",".join(kind.default_content))
        if section.type in SHARED:
            values["shared"] = 1
        if (files := values.pop("maxfiles", None)) is not None and "prune-backups" not in values:
            values["prune-backups"] = f"keep-last={files}" if files else "keep-all=1"
        found = found.with_(section.changed(values))
    return found


class Storages:
    """The storages as the file says now."""

    def __init__(self, files: Files) -> None:
        self.files = files

    @property
    def all(self) -> Sections:
        """Every storage, in the order of the file."""
        return self.files.parsed(STORAGE, parse_storages)

    @property
    def digest(self) -> str:
        """SHA-1 of the file."""
        return self.files.digest(STORAGE)

    def find(self, id: str) -> Section | None:
        """The storage, None where there is no such one."""
        return self.all.find(id)

    def need(self, id: str) -> Section:
        """The storage; raises Died where there is no such one."""
        found = self.find(id)
        if found is None:
            raise Died(f"storage '{id}' does not exist")
        return found

    def save(self, sections: Sections) -> None:
        """Write the file."""
        self.files.write(STORAGE, sections.text())

    def contents(self, section: Section) -> set[str]:
        """What the storage may hold."""
        return set(split_list(section.get("content", "")))
