"""/pools: pools and what is in them."""

from typing import Any

from lab.pve import guests
from lab.pve.call import Call
from lab.pve.errors import Died
from lab.pve.formats import split_list
from lab.pve.resources import guest_entry, reports, storage_entry
from lab.pve.routes import route
from lab.pve.storagecfg import Storages
from lab.pve.usercfg import Pool


@route("GET", "/pools")
async def pools(call: Call) -> list[dict[str, Any]]:
    """The pools one may see; with `poolid` that one alone, members included."""
    if call.get("poolid"):
        call.need(f"/pool/{call.text('poolid')}", "Pool.Audit")
        return [_whole(call, _need(call))]
    return [
        {"poolid": pool.name} | ({"comment": pool.comment} if pool.comment else {})
        for pool in call.access.config.pools.values()
        if call.may(f"/pool/{pool.name}", "Pool.Audit")
    ]


@route("GET", "/pools/{poolid}")
async def pool(call: Call) -> dict[str, Any]:
    """One pool with its members."""
    return _whole(call, _need(call))


def _need(call: Call) -> Pool:
    found = call.access.config.pools.get(call.text("poolid"))
    if found is None:
        raise Died(f"pool '{call.text('poolid')}' does not exist")
    return found


def _whole(call: Call, pool: Pool) -> dict[str, Any]:
    known, members = reports(call), []
    for vmid in pool.guests:
        guest = guests.find(call.api, int(vmid))
        if guest and call.get("type", guest.kind) == guest.kind:
            members.append(guest_entry(call, guest, known=known))
    for name in pool.storages:
        storage = Storages(call.files).find(name)
        if storage and call.get("type", "storage") == "storage":
            members.append(storage_entry(call, storage, known=known))
    return {"poolid": pool.name, "members": members} | ({"comment": pool.comment} if pool.comment else {})


@route("POST", "/pools")
async def make_pool(call: Call) -> None:
    """Make an empty pool."""
    config, name = call.access.change(), call.text("poolid")
    if name in config.pools:
        raise Died(f"create pool failed: pool '{name}' already exists")
    config.pools[name] = Pool(name, call.text("comment"))
    call.access.save(config)


@route("PUT", "/pools/{poolid}")
async def change_pool(call: Call) -> None:
    """Change the comment, add members or (`delete`) take them out; a guest is in one pool at most."""
    config, name = call.access.change(), call.text("poolid")
    if name not in config.pools:
        raise Died(f"update pools failed: pool '{name}' does not exist")
    pool = config.pools[name]
    pool.comment = call.get("comment", pool.comment)
    for vmid in split_list(call.text("vms")):
        call.need(f"/vms/{vmid}", "VM.Allocate", "Permissions.Modify", any_of=True)
        if call.get("delete"):
            if vmid not in pool.guests:
                raise Died(f"update pools failed: VM {vmid} is not a pool member")
            del pool.guests[vmid]
            continue
        other = next((p for p in config.pools.values() if vmid in p.guests), None)
        if other is pool:
            raise Died(f"update pools failed: VM {vmid} is already a pool member")
        if other and not call.get("allow-move"):
            why = f"belongs already to pool '{other.name}' and 'allow-move' is not set"
            raise Died(f"update pools failed: VM {vmid} {why}")
        if other:
            del other.guests[vmid]
        pool.guests[vmid] = None
    for storage in split_list(call.text("storage")):
        call.need(f"/storage/{storage}", "Datastore.Allocate")
        if call.get("delete"):
            pool.storages.pop(storage, None)
        else:
            pool.storages[storage] = None
    call.access.save(config)


@route("DELETE", "/pools/{poolid}")
async def remove_pool(call: Call) -> None:
    """Remove an empty pool."""
    config, name = call.access.change(), call.text("poolid")
    if name not in config.pools:
        raise Died(f"delete pool failed: pool '{name}' does not exist")
    if config.pools[name].guests:
        raise Died(f"delete pool failed: pool '{name}' is not empty (contains VMs)")
    if config.pools[name].storages:
        raise Died(f"delete pool failed: pool '{name}' is not empty (contains storage)")
    del config.pools[name]
    call.access.save(config)
