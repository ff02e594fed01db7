"""/nodes/NODE/storage/STORAGE/content: volumes listed, read, annotated, protected and removed."""

import re
from typing import Any

from lab.node.trees import remove as remove_tree
from lab.pve.activation import activate
from lab.pve.call import Call
from lab.pve.errors import BadParameters, Died
from lab.pve.guest_config import size_bytes
from lab.pve.routes import route
from lab.pve.storagecfg import Storages
from lab.pve.tasks import Task, TaskError
from lab.pve.volumes import Volume, backups, listing, named, need_access, notes, requested, visible, volume_of

COLLECTION = "/nodes/{node}/storage/{storage}/content"
ONE = COLLECTION + "/{volume}"
LOGGED = re.compile(r"(.*/vzdump-\w+-\d+-\d{4}_\d{2}_\d{2}-\d{2}_\d{2}_\d{2})[^/]+")


@route("GET", COLLECTION)
async def index(call: Call) -> list[dict[str, Any]]:
    """The volumes that one may read; without VM.Backup on a guest its archives are left out."""
    found = listing(call.api, call.text("storage"), call.get("content"), call.get("vmid"))
    storage = Storages(call.files).need(call.text("storage"))
    return visible(call, storage, found)


@route("GET", ONE)
async def read(call: Call) -> dict[str, Any]:
    """One volume; of an archive also all of its notes and whether it is protected."""
    volume = requested(call)
    need_access(call, volume)
    activate(call.api, volume.storage.id)
    if not call.root.exists(volume.path):
        raise Died(f"volume_size_info on '{volume.volid}' failed - no format")
    stat = call.root.stat(volume.path)
    size = 0 if volume.format == "subvol" else stat.st_size
    found: dict[str, Any] = {"path": volume.path, "size": size, "used": stat.st_blocks * 512}
    found["format"] = volume.format
    if volume.content == "backup":
        found["notes"] = notes(call.api, volume.notes_path)
        found["protected"] = int(call.root.exists(volume.protection_path))
    return found


@route("PUT", ONE)
async def update(call: Call) -> None:
    """Set notes (empty: remove them) or protection of an archive."""
    volume = requested(call)
    need_access(call, volume)
    if "notes" in call.params:
        if volume.content != "backup":
            raise Died("only backups can have notes")
        if text := call.text("notes"):
            call.files.write(volume.notes_path, text)
        else:
            call.files.remove(volume.notes_path)
    if "protected" in call.params:
        if volume.content != "backup":
            raise Died("only backups support attribute 'protected'")
        protect(call, volume, on=bool(call.get("protected")))


def protect(call: Call, volume: Volume, *, on: bool) -> None:
    """Protect an archive or take that away; raises Died where the storage's limit for its guest is reached."""
    if call.root.exists(volume.protection_path) == on:
        return
    if not on:
        call.files.remove(volume.protection_path)
        return
    limit = volume.storage.get("max-protected-backups")
    if limit is None:
        limit = -1 if call.may(f"/storage/{volume.storage.id}", "Datastore.Allocate") else 5
    if limit > -1 and volume.owner:
        same = [item for item in backups(call.api, volume.storage, volume.owner) if item.get("protected")]
        own = re.search(r"vzdump-(\w+?)-", volume.name)
        if sum(own is None or item["subtype"] == own[1] for item in same) >= limit:
            where = f"on storage '{volume.storage.id}'"
            raise Died(f"The number of protected backups per guest is limited to {limit} {where}")
    call.files.write(volume.protection_path, "")


@route("DELETE", ONE)
async def delete(call: Call) -> str | None:
    """Remove a volume in a task; with `delay` (seconds) wait for it: None when done, its error when failed."""
    volume = requested(call)
    where = f"/storage/{volume.storage.id}"
    if volume.content == "backup" and volume.owner:
        call.need(where, "Datastore.AllocateSpace")
        call.need(f"/vms/{volume.owner}", "VM.Backup")
    else:
        call.need(where, "Datastore.Allocate")

    async def worker(task: Task) -> None:
        free(call, volume, task)
        task.log(f"Removed volume '{volume.volid}'")

    name = f"{volume.owner}@{volume.storage.id}" if volume.owner else volume.storage.id
    upid = call.api.tasks.start("imgdel", name, call.actor, worker)
    task = call.api.tasks.find(upid)
    if call.get("delay") and task and await task.wait(float(call.get("delay"))):
        if task.status == "OK":
            return None
        raise Died(task.status or "")
    return upid


def free(call: Call, volume: Volume, task: Task) -> None:
    """Remove the volume's file, and of an archive what lies beside it; raises TaskError, Died."""
    activate(call.api, volume.storage.id)
    root = call.root
    if volume.content == "backup" and root.exists(volume.protection_path):
        raise TaskError(f"cannot remove protected volume '{volume.name}' on '{volume.storage.id}'")
    if volume.format == "subvol":
        if root.exists(volume.path):
            remove_tree(root, volume.path)
    elif root.exists(volume.path):
        root.unlink(volume.path)
    else:
        task.log(f"disk image '{volume.path}' does not exist")
    folder = volume.path.rpartition("/")[0]
    if volume.content == "images" and root.isdir(folder) and not root.listdir(folder):
        root.rmdir(folder)
    if volume.content == "backup":
        remove_beside(call, volume.path)


def remove_beside(call: Call, path: str) -> None:
    """Remove log and notes of an archive that is gone."""
    if match := LOGGED.fullmatch(path):
        call.files.remove(f"{match[1]}.log")
    call.files.remove(f"{path}.notes")


@route("POST", COLLECTION)
async def allocate(call: Call) -> str:
    """Make an empty disk image for a guest."""
    size, vmid, file = call.text("size"), call.get("vmid"), call.text("filename")
    shape = call.get("format") or (file.rpartition(".")[2] if re.search(r"\.(raw|qcow2|vmdk|subvol)$", file) else "raw")
    volume = named(activate(call.api, call.text("storage")), f"{vmid}/{file}")
    if volume.format != shape:
        raise BadParameters({"format": f"different storage formats ({shape} != {volume.format})"})
    if call.root.exists(volume.path):
        raise Died(f"disk image '{volume.path}' already exists")
    call.files.write(volume.path, "")
    with call.root.open(volume.path, "r+b") as file_:
        file_.truncate(size_bytes(size if size[-1] in "KMGT" else size + "K"))
    return volume.volid


@route("POST", ONE)
async def copy(call: Call) -> str:
    """Copy a volume in a task, to a volume id or to a name in the same storage."""
    source, target = requested(call), call.text("target")
    copied = volume_of(call.api, target if ":" in target else f"{source.storage.id}:{target}")

    async def worker(task: Task) -> None:
        activate(call.api, source.storage.id)
        activate(call.api, copied.storage.id)
        folder = copied.path.rpartition("/")[0]
        if not call.root.isdir(folder):
            call.root.mkdir(folder, parents=True)
        call.root.write(copied.path, call.root.read(source.path))

    return call.api.tasks.start("imgcopy", "", call.actor, worker)
