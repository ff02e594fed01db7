"""Volumes of a storage: their names, the files behind them, and the lists Proxmox makes of them."""

import re
import stat as stat_module
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.node.inodes import Stat
from lab.pve import guests
from lab.pve.activation import activate, folder_of
from lab.pve.call import Call
from lab.pve.errors import ApiError, BadParameters, Died
from lab.pve.formats import split_list
from lab.pve.sections import Section
from lab.pve.storagecfg import Storages
from pverules.archive_name import listed
from pverules.formats import is_storage_id

if TYPE_CHECKING:
    from lab.pve.api import Api

CONTENTS = ("rootdir", "images", "vztmpl", "iso", "backup", "snippets", "import")
ARCHIVE = re.compile(r"backup/([^/]+\.(?:tgz|(?:tar|vma)(?:\.(?:gz|lzo|zst|bz2))?))")
OWNER = re.compile(r"vzdump-(?:openvz|lxc|qemu)-(\d+)-.+")
DISK = re.compile(r"(?:(?:vm-|base-|subvol-)(\d+)-[^/\s]+|[^/\s]+)\.(raw|qcow2|vmdk|subvol)")
OTHERS = {
    "iso": re.compile(r"iso/([^/]+\.(?:iso|img))", re.IGNORECASE),
    "vztmpl": re.compile(r"vztmpl/([^/]+\.t(?:gz|ar\.(?:gz|xz|zst|bz2)))"),
    "snippets": re.compile(r"snippets/([^/]+)"),
    "import": re.compile(r"import/([^/]+\.(?:ova|ovf|qcow2|raw|vmdk))"),
}


@dataclass(frozen=True)
class Volume:
    """A volume of a storage: what it is, whose (None where nobody's), and the file or directory that holds it."""

    storage: Section
    name: str
    content: str
    owner: int | None
    path: str
    format: str = "raw"

    @property
    def volid(self) -> str:
        """`STORAGE:NAME`."""
        return f"{self.storage.id}:{self.name}"

    @property
    def notes_path(self) -> str:
        """The file that holds its notes."""
        return f"{self.path}.notes"

    @property
    def protection_path(self) -> str:
        """The empty file that protects it."""
        return f"{self.path}.protected"


def split(volid: str) -> tuple[str, str]:
    """Storage and name of a volume id; raises Died."""
    storage, colon, name = volid.partition(":")
    if not colon or not name or not is_storage_id(storage):
        raise Died(f"unable to parse volume ID '{volid}'")
    return storage, name


def volume_of(api: "Api", volid: str) -> Volume:
    """The volume a volume id names, whether its file exists or not; raises Died for an unknown storage or name."""
    storage_id, name = split(volid)
    return named(Storages(api.files).need(storage_id), name)


def named(storage: Section, name: str) -> Volume:
    """The volume of that name in the storage; raises Died."""
    if archive := ARCHIVE.fullmatch(name):
        owner, path = OWNER.fullmatch(archive[1]), f"{folder_of(storage, 'backup')}/{archive[1]}"
        return Volume(storage, name, "backup", int(owner[1]) if owner else None, path)
    for content, pattern in OTHERS.items():
        if match := pattern.fullmatch(name):
            return Volume(storage, name, content, None, f"{folder_of(storage, content)}/{match[1]}")
    vmid, slash, file = name.partition("/")
    if slash and vmid.isdigit():
        disk = DISK.fullmatch(file)
        if disk is None:
            raise Died(f"unable to parse volume filename '{file}'")
        return Volume(storage, name, "images", int(vmid), f"{folder_of(storage, 'images')}/{name}", disk[2])
    raise Died(f"unable to parse directory volume name '{name}'")


def requested(call: Call) -> Volume:
    """The volume that a call names by `volume` (volume id or name) and `storage`; raises BadParameters, Died."""
    storage, volume = call.text("storage"), call.text("volume")
    if ":" in volume:
        try:
            named_storage, _ = split(volume)
            if storage and named_storage != storage:
                raise Died(f"storage ID mismatch ({named_storage} != {storage})")
        except Died as error:
            raise BadParameters({"volume": error.message}) from None
        return volume_of(call.api, volume)
    if not storage:
        raise BadParameters({"volume": "no storage specified - incomplete volume ID"})
    return volume_of(call.api, f"{storage}:{volume}")


def need_access(call: Call, volume: Volume) -> None:
    """Raise Forbidden or Died unless the caller may read the volume."""
    where = f"/storage/{volume.storage.id}"
    if call.may(where, "Datastore.Allocate"):
        return
    if volume.content in ("iso", "vztmpl", "import"):
        call.need(where, "Datastore.AllocateSpace", "Datastore.Audit", any_of=True)
    elif volume.content == "backup" and volume.owner:
        call.need(where, "Datastore.AllocateSpace")
        call.need(f"/vms/{volume.owner}", "VM.Backup")
    elif volume.content == "images" and volume.owner:
        call.need(where, "Datastore.Audit")
        call.need(f"/vms/{volume.owner}", "VM.Config.Disk")
    else:
        raise Died(f"missing privileges to access {volume.volid}")


def visible(call: Call, storage: Section, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items of a list of that storage that the caller may see; each guest is asked about once."""
    known: dict[tuple[str, int | None], bool] = {}
    found = []
    for item in items:
        volume = named(storage, split(item["volid"])[1])
        about = volume.content, volume.owner
        if about not in known:
            known[about] = _accessible(call, volume)
        found += [item] if known[about] else []
    return found


def _accessible(call: Call, volume: Volume) -> bool:
    try:
        need_access(call, volume)
    except ApiError:
        return False
    return True


def listing(api: "Api", name: str, content: str | None = None, vmid: int | None = None) -> list[dict[str, Any]]:
    """What the storage holds, by volume id without case; activates it, so it raises Died where it cannot be used."""
    storage = Storages(api.files).need(name)
    has = split_list(storage.get("content", ""))
    wanted = [c for c in ([content] if content else CONTENTS) if c in has]
    activate(api, name)
    found = [item for each in wanted for item in _items(api, storage, each, vmid)]
    return sorted(found, key=lambda item: str(item["volid"]).lower())


def _items(api: "Api", storage: Section, content: str, vmid: int | None) -> list[dict[str, Any]]:
    if content in ("images", "rootdir"):
        return [item for item in _disks(api, storage, vmid) if item["content"] == content]
    if content == "backup":
        return backups(api, storage, vmid)
    if vmid is not None and content in ("iso", "vztmpl", "import"):
        return []
    found = []
    folder = folder_of(storage, content)
    for file in _names(api, folder):
        match = OTHERS[content].fullmatch(f"{content}/{file}")
        stat = _stat_file(api, f"{folder}/{file}") if match else None
        if match and stat:
            shape = {"iso": "iso", "snippets": "snippet"}.get(content) or _format(file)
            found.append(
                {
                    "volid": f"{storage.id}:{content}/{match[1]}",
                    "content": content,
                    "format": shape,
                    "size": stat.st_size,
                    "ctime": int(stat.st_ctime),
                }
            )
    return found


def _format(file: str) -> str:
    match = re.search(r"\.(t(?:gz|ar\.(?:gz|xz|zst|bz2))|[a-z0-9]+)$", file)
    return match[1].replace("tar.", "t") if match else "raw"


def backups(api: "Api", storage: Section, vmid: int | None = None) -> list[dict[str, Any]]:
    """The archives of an active storage in the order of their file names; `vmid` is a string in odd names."""
    folder, found = folder_of(storage, "backup"), []
    names = dict.fromkeys(_names(api, folder))
    for file in names:
        known = listed(file)
        if known is None or (vmid is not None and not re.search(rf"\S+-{vmid}-\S+", file)):
            continue
        stat = _stat_file(api, f"{folder}/{file}")
        if stat is None:
            continue
        number = vmid if vmid is not None else known.vmid
        item: dict[str, Any] = {
            "volid": f"{storage.id}:backup/{file}",
            "content": "backup",
            "format": known.format,
            "subtype": known.subtype,
            "size": stat.st_size,
            "ctime": known.archive.epoch(api.clock.zone) if known.archive else int(stat.st_ctime),
        }
        if number is not None:
            item["vmid"] = number
        if f"{file}.notes" in names:
            lines = notes(api, f"{folder}/{file}.notes").split("\n")
            if lines[0] or len(lines) > 1:
                item["notes"] = lines[0]
        if f"{file}.protected" in names:
            item["protected"] = 1
        found.append(item)
    return found


def notes(api: "Api", path: str) -> str:
    """The notes in a file, empty where there is none."""
    return api.root.read(path).decode("utf-8", "replace") if api.root.isfile(path) else ""


def _disks(api: "Api", storage: Section, vmid: int | None) -> list[dict[str, Any]]:
    folder, found = folder_of(storage, "images"), []
    for owner in api.root.listdir(folder) if api.root.isdir(folder) else []:
        if not owner.isdigit() or (vmid is not None and int(owner) != vmid):
            continue
        guest = guests.find(api, int(owner))
        for file in sorted(api.root.listdir(f"{folder}/{owner}")):
            match = DISK.fullmatch(file)
            if match is None:
                continue
            stat = api.root.stat(f"{folder}/{owner}/{file}")
            size, used = (0, 0) if match[2] == "subvol" else (stat.st_size, stat.st_blocks * 512)
            found.append(
                {
                    "volid": f"{storage.id}:{owner}/{file}",
                    "format": match[2],
                    "vmid": int(owner),
                    "parent": None,
                    "content": "rootdir" if guest and guest.kind == "lxc" else "images",
                    "ctime": int(stat.st_ctime),
                    "size": size,
                    "used": used,
                }
            )
    return found


def _names(api: "Api", folder: str) -> list[str]:
    names = sorted(api.root.listdir(folder)) if api.root.isdir(folder) else []
    return [name for name in names if not name.startswith(".")]


def _stat_file(api: "Api", path: str) -> Stat | None:
    """What stat(2) says of a file; None for a directory, and for a file that went away meanwhile."""
    try:
        found = api.root.stat(path)
    except FileNotFoundError:
        return None
    return None if stat_module.S_ISDIR(found.st_mode) else found
