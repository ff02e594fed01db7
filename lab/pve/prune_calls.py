"""/nodes/NODE/storage/STORAGE/prunebackups: what a retention would remove, and removing it."""

from typing import TYPE_CHECKING, Any

from lab.pve import formats
from lab.pve.activation import activate
from lab.pve.call import Call
from lab.pve.content_calls import remove_beside
from lab.pve.errors import Died
from lab.pve.formats import split_list
from lab.pve.routes import route
from lab.pve.storagecfg import Storages
from lab.pve.tasks import Task
from lab.pve.volumes import backups, named, split
from pverules import prune
from pverules.archive_name import listed
from pverules.retention import Retention

if TYPE_CHECKING:
    from lab.pve.api import Api

PATH = "/nodes/{node}/storage/{storage}/prunebackups"


def marked(
    api: "Api", name: str, keep: str | None, vmid: int | None = None, kind: str | None = None
) -> list[dict[str, Any]]:
    """Archives of the storage with their marks by the retention `keep` (default: the storage's own); raises Died."""
    storage = Storages(api.files).need(name)
    if "backup" not in split_list(storage.get("content", "")):
        raise Died(f"storage '{name}' does not support backups")
    keep = keep if keep is not None else storage.get("prune-backups")
    if keep is None:
        raise Died(f"no prune-backups options configured for storage '{name}'")
    activate(api, name)
    found: list[dict[str, Any]] = []
    archives: list[prune.Archive] = []
    for item in backups(api, storage, vmid):
        file = listed(item["volid"].rpartition("/")[2])
        if file is None or (kind is not None and file.subtype != kind):
            continue
        entry = {"volid": item["volid"], "ctime": item["ctime"], "type": file.subtype}
        if "vmid" in item:
            entry["vmid"] = item["vmid"] if file.archive else str(item["vmid"])
        found.append(entry)
        archives.append(prune.Archive(item["volid"], item["ctime"], bool(item.get("protected"))))
    marks = prune.mark(archives, Retention.parse(formats.split("prune-backups", keep)), api.clock.zone)
    return [{**entry, "mark": marks[entry["volid"]]} for entry in found]


def remove(call: Call, found: list[dict[str, Any]], task: Task) -> int:
    """Remove the archives marked so, a log line each; how many."""
    gone = 0
    for entry in found:
        if entry["mark"] != "remove":
            continue
        task.log(f"removing backup '{entry['volid']}'")
        storage, name = split(entry["volid"])
        path = named(Storages(call.files).need(storage), name).path
        call.files.remove(path)
        remove_beside(call, path)
        gone += 1
    return gone


@route("GET", PATH)
async def dry_run(call: Call) -> list[dict[str, Any]]:
    """The archives with what a prune would do to each."""
    return marked(call.api, call.text("storage"), call.get("prune-backups"), call.get("vmid"), call.get("type"))


@route("DELETE", PATH)
async def run(call: Call) -> str:
    """Prune in a task, which fails where no retention is known."""
    storage, vmid = call.text("storage"), call.get("vmid")
    if vmid is None:
        call.need(f"/storage/{storage}", "Datastore.Allocate")
    else:
        call.need(f"/storage/{storage}", "Datastore.AllocateSpace")
        call.need(f"/vms/{vmid}", "VM.Backup")

    async def worker(task: Task) -> None:
        remove(call, marked(call.api, storage, call.get("prune-backups"), vmid, call.get("type")), task)

    return call.api.tasks.start("prunebackups", f"{vmid}@{storage}" if vmid else storage, call.actor, worker)
