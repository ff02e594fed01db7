"""/nodes/NODE/storage: which storages the node can use, and how full they are (PVE::API2::Storage::Status)."""

from typing import Any

from lab.pve.activation import enabled, usage
from lab.pve.call import Call
from lab.pve.errors import BadParameters
from lab.pve.formats import split_list
from lab.pve.routes import route
from lab.pve.sections import Section
from lab.pve.storagecfg import KINDS, Storages

UNKNOWN = {"storage": "No such storage."}


def _info(call: Call, storage: Section) -> dict[str, Any]:
    on = enabled(call.api, storage)
    total, used, free = (usage(call.api, storage) if on else None) or (0, 0, 0)
    found: dict[str, Any] = {
        "type": storage.type,
        "content": storage.get("content") or "none",
        "shared": int(bool(storage.get("shared"))),
        "enabled": int(on),
        "active": int(total > 0),
        "total": total,
        "used": used,
        "avail": free,
    }
    if call.get("format") and on:
        kind = KINDS[storage.type]
        found["format"] = [dict.fromkeys(kind.formats, 1), storage.get("format", "raw")]
    return found


@route("GET", "/nodes/{node}/storage")
async def index(call: Call) -> list[dict[str, Any]]:
    """The storages that one may see, those that cannot be used now with active 0."""
    wanted, only, target = split_list(call.text("content")), call.get("storage"), call.get("target")
    every = {
        storage.id: storage
        for storage in Storages(call.files).all
        if not wanted or (enabled(call.api, storage) and set(wanted) & set(split_list(storage.get("content", ""))))
    }
    if only and only not in every:
        raise BadParameters(UNKNOWN)
    found = []
    for name, storage in every.items():
        if (only and name != only) or (call.get("enabled") and storage.get("disable")):
            continue
        if not call.may(f"/storage/{name}", "Datastore.Audit", "Datastore.AllocateSpace", any_of=True):
            continue
        there = target in (None, call.api.node, "localhost") or enabled(call.api, storage, target)
        if not there or (target and not enabled(call.api, storage)):
            continue
        info = {**_info(call, storage), "storage": name}
        if info["total"]:
            info["used_fraction"] = info["used"] / info["total"]
        found.append(info)
    return found


@route("GET", "/nodes/{node}/storage/{storage}")
async def below(call: Call) -> list[dict[str, Any]]:
    """What can be asked of a storage."""
    names = "content download-url file-restore import-metadata prunebackups rrd rrddata status upload"
    return [{"subdir": name} for name in names.split()]


@route("GET", "/nodes/{node}/storage/{storage}/status")
async def status(call: Call) -> dict[str, Any]:
    """One storage as in the list, whether it can be used or not."""
    storage = Storages(call.files).find(call.text("storage"))
    if storage is None:
        raise BadParameters(UNKNOWN)
    return _info(call, storage)
