"""/storage: the storages of the cluster listed, made, changed and removed (PVE::API2::Storage::Config)."""

from typing import Any

from lab.pve.activation import activate_section, enabled
from lab.pve.call import Call
from lab.pve.errors import Died, reraised
from lab.pve.formats import split_list
from lab.pve.routes import route
from lab.pve.sections import Section
from lab.pve.storagecfg import KINDS, Storages

MODIFIED = "detected modified configuration - file changed by other user? Try again."


def _shown(storages: Storages, storage: Section) -> dict[str, Any]:
    values = {**storage.values, "content": storage.get("content") or "none"}
    return {**values, "storage": storage.id, "type": storage.type, "digest": storages.digest}


@route("GET", "/storage")
async def index(call: Call) -> list[dict[str, Any]]:
    """The storages that one may see, with all their settings."""
    storages = Storages(call.files)
    return [
        _shown(storages, storage)
        for storage in storages.all
        if call.may(f"/storage/{storage.id}", "Datastore.Audit", "Datastore.AllocateSpace", any_of=True)
        and call.get("type", storage.type) == storage.type
    ]


@route("GET", "/storage/{storage}")
async def read(call: Call) -> dict[str, Any]:
    """One storage."""
    storages = Storages(call.files)
    return _shown(storages, storages.need(call.text("storage")))


@route("POST", "/storage")
async def create(call: Call) -> dict[str, Any]:
    """Define a storage; where it is enabled on this node it must be usable at once, or nothing is stored."""
    values = {key: value for key, value in call.params.items() if key not in ("type", "storage")}
    name, kind = call.text("storage"), call.text("type")
    if not values.get("nodes", True):
        del values["nodes"]
    if kind not in KINDS:
        raise Died(f"storage type '{kind}' is not simulated by this lab; it knows {', '.join(sorted(KINDS))}")
    storage = KINDS[kind].new(name, values)
    storages = Storages(call.files)
    with reraised("create storage failed"):
        if name in storages.all:
            raise Died(f"storage ID '{name}' already defined")
        completed = storage.changed({"content": ",".join(KINDS[kind].default_content), **storage.values})
        if enabled(call.api, completed):
            activate_section(call.api, completed)
        storages.save(storages.all.with_(storage))
    return {"storage": name, "type": kind}


@route("PUT", "/storage/{storage}")
async def update(call: Call) -> dict[str, Any]:
    """Change or (`delete`) drop settings; nothing is activated, so a broken setting shows up later."""
    name, storages = call.text("storage"), Storages(call.files)
    sent = {key: value for key, value in call.params.items() if key not in ("storage", "digest", "delete", "node")}
    with reraised("update storage failed"):
        if call.get("digest") and call.text("digest") != storages.digest:
            raise Died(MODIFIED)
        storage = storages.need(name)
        kind = KINDS[storage.type]
        changes = kind.check(sent, create=False)
        values = dict(storage.values)
        for key in split_list(call.text("delete")):
            if key not in kind.options:
                raise Died(f"no such option '{key}'")
            if key in kind.required:
                raise Died(f"unable to delete required option '{key}'")
            if key in kind.fixed:
                raise Died(f"unable to delete fixed option '{key}'")
            if key in changes:
                raise Died(f"cannot set and delete property '{key}' at the same time!")
            values.pop(key, None)
        storages.save(storages.all.with_(storage.changed(values | changes)))
    return {"storage": name, "type": storage.type}


@route("DELETE", "/storage/{storage}")
async def delete(call: Call) -> None:
    """Forget a storage, its ACL entries and pool memberships; files, mounts and jobs stay as they are."""
    name, storages = call.text("storage"), Storages(call.files)
    with reraised("delete storage failed"):
        storages.need(name)
        storages.save(storages.all.without(name))
    call.access.forget("storage", name)
