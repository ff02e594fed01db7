"""Volumes of guests: where they lie on the node, what is in them, new ones and their end.

A drive holds data only in its first MiBs, whatever its size. A container's file system is a directory (`subvol`), or,
where the volume is an image, a tar archive inside of it.
"""

import io
import re
import stat
import tarfile
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lab.node import trees
from lab.pve import activation, vma
from lab.pve.archives import Entry, entries_of, pack_tree
from lab.pve.errors import Died
from lab.pve.guest_config import Volume
from lab.pve.guests import Guest
from lab.pve.storagecfg import Storages

if TYPE_CHECKING:
    from lab.pve.api import Api

CONTENT_LIMIT = 4 << 20
"""Bytes at the beginning of a drive that may be more than zeroes."""
_NUMBERED = re.compile(r"(?:vm|base|subvol)-(\d+)-disk-(\d+)(?:\.\w+)?")


def folder_of(api: "Api", storage: str, vmid: int) -> str:
    """The directory in which a storage keeps the volumes of a guest; raises Died where the storage does not exist."""
    return f"{activation.folder_of(Storages(api.files).need(storage), 'images')}/{vmid}"


def path_of(api: "Api", volid: str) -> str:
    """The path of a volume such as `vmdata:100/vm-100-disk-0.raw`; a path stays one."""
    storage, colon, name = volid.partition(":")
    if not colon:
        return volid
    owner, _, file = name.partition("/")
    return f"{folder_of(api, storage, int(owner) if owner.isdigit() else 0)}/{file}"


def drive(api: "Api", volume: Volume) -> vma.Drive:
    """A drive of a virtual machine with its content; raises Died where the volume is missing."""
    path = path_of(api, volume.volid)
    if not api.root.isfile(path):
        raise Died(f"volume '{volume.volid}' does not exist")
    with api.root.open(path, "r") as file:
        content = (file.read(CONTENT_LIMIT) or b"").rstrip(b"\0")
    return vma.Drive(f"drive-{volume.key}", volume.size or api.root.stat(path).st_size, content)


def tree(api: "Api", volume: Volume) -> list[Entry]:
    """The files of a container's root file system or mount point; raises Died where the volume is missing."""
    path = path_of(api, volume.volid)
    if api.root.isdir(path):
        return [
            entry
            for inner, found in trees.walk(api.root, path)
            if inner != path and (entry := _entry(api, inner, inner[len(path) + 1 :], found))
        ]
    if not api.root.isfile(path):
        raise Died(f"volume '{volume.volid}' does not exist")
    content = api.root.read(path)
    if not content.strip(b"\0"):
        return []
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
        return list(entries_of(tar))


def _entry(api: "Api", path: str, name: str, found: Any) -> Entry | None:
    mode, mtime = stat.S_IMODE(found.st_mode), float(found.st_mtime)
    if stat.S_ISDIR(found.st_mode):
        return Entry(name, b"", mode, mtime, "dir")
    if stat.S_ISLNK(found.st_mode):
        return Entry(name, api.root.readlink(path).encode(), 0o777, mtime, "link")
    return Entry(name, api.root.read(path), mode, mtime) if stat.S_ISREG(found.st_mode) else None


def fill(api: "Api", volid: str, entries: Iterable[Entry]) -> None:
    """Put files into a new volume of a container."""
    path = path_of(api, volid)
    if not api.root.isdir(path):
        api.root.write(path, pack_tree(entries))
        return
    for entry in entries:
        inner = f"{path}/{entry.path.removeprefix('./')}"
        if entry.path in (".", "./"):
            continue
        api.root.mkdir(inner.rpartition("/")[0], parents=True)
        if entry.kind == "dir":
            api.root.mkdir(inner, parents=True)
        elif entry.kind == "link":
            api.root.symlink(entry.content.decode(), inner)
        else:
            api.root.write(inner, entry.content)
        if entry.kind != "link":
            api.root.chmod(inner, entry.mode)


def allocate(api: "Api", storage: str, vmid: int, kind: str, content: bytes = b"") -> str:
    """A new volume of the guest, `kind` being raw or subvol; returns its volume id."""
    folder = folder_of(api, storage, vmid)
    names = api.root.listdir(folder) if api.root.isdir(folder) else []
    taken = {int(m[2]) for name in names if (m := _NUMBERED.fullmatch(name)) and int(m[1]) == vmid}
    number = next(n for n in range(1000) if n not in taken)
    prefix, suffix = ("subvol", ".subvol") if kind == "subvol" else ("vm", ".raw")
    name = f"{prefix}-{vmid}-disk-{number}{suffix}"
    api.root.mkdir(folder, parents=True)
    if kind == "subvol":
        api.root.mkdir(f"{folder}/{name}")
    else:
        api.root.write(f"{folder}/{name}", content)
    return f"{storage}:{vmid}/{name}"


def free(api: "Api", volid: str) -> None:
    """Remove a volume; a missing one is fine. An empty directory of the guest goes with it."""
    path = path_of(api, volid)
    if api.root.exists(path):
        trees.remove(api.root, path)
    folder = path.rpartition("/")[0]
    if folder.rpartition("/")[2].isdigit() and api.root.isdir(folder) and not api.root.listdir(folder):
        api.root.rmdir(folder)


def free_all(api: "Api", guest: Guest) -> None:
    """Remove every volume that the guest owns; what it only borrows (a medium, a path) stays."""
    for volume in guest.volumes:
        if f"-{guest.vmid}-" in volume.volid and ":" in volume.volid:
            free(api, volume.volid)
