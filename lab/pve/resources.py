"""/cluster/resources: the node, its guests and its storages at a glance, and the entries that other lists share."""

from typing import Any

from lab.pve import guests
from lab.pve.activation import enabled, usage
from lab.pve.call import Call
from lab.pve.guest_status import state
from lab.pve.guests import Guest
from lab.pve.routes import route
from lab.pve.sections import Section
from lab.pve.storagecfg import Storages

CORES, MEMORY = 4, 16 << 30
UPTIME = 86_400 * 30
FIGURES = (
    "name",
    "status",
    "cpu",
    "uptime",
    "disk",
    "diskread",
    "diskwrite",
    "netin",
    "netout",
    "maxmem",
    "mem",
    "maxdisk",
    "tags",
    "lock",
)


def reports(call: Call) -> bool:
    """Whether the node's status daemon tells how it does; a fixture can be without (`pvestatd: false`)."""
    return bool(call.api.fixture.get("pvestatd", True))


def node_entry(call: Call, *, known: bool) -> dict[str, Any]:
    """The node in lists: where its figures are known, they are shown to those who may audit it."""
    node = call.api.node
    entry: dict[str, Any] = {"id": f"node/{node}", "node": node, "type": "node", "status": "unknown"}
    if not known:
        return entry
    entry |= {"status": "online", "level": ""}
    if call.may(f"/nodes/{node}", "Sys.Audit"):
        total, used, _ = call.root.usage("/")
        entry |= {
            "cpu": 0.02,
            "maxcpu": CORES,
            "mem": MEMORY // 3,
            "maxmem": MEMORY,
            "disk": used,
            "maxdisk": total,
            "uptime": UPTIME,
        }
    return entry


def guest_entry(call: Call, guest: Guest, *, known: bool) -> dict[str, Any]:
    """A guest in lists, with its figures where they are known."""
    entry: dict[str, Any] = {
        "id": f"{guest.kind}/{guest.vmid}",
        "vmid": guest.vmid,
        "node": call.api.node,
        "type": guest.kind,
        "status": "unknown",
    }
    if not known:
        return entry
    figures = state(call.api, guest)
    entry |= {key: figures[key] for key in FIGURES if key in figures}
    return entry | {"maxcpu": figures["cpus"], "template": figures.get("template", 0)}


def storage_entry(call: Call, storage: Section, *, known: bool) -> dict[str, Any]:
    """A storage in lists, with its figures where they are known."""
    node = call.api.node
    entry = {
        "id": f"storage/{node}/{storage.id}",
        "node": node,
        "storage": storage.id,
        "type": "storage",
        "plugintype": storage.type,
        "content": storage.get("content"),
        "shared": storage.get("shared", 0),
        "status": "unknown",
    }
    figures = usage(call.api, storage) if known else None
    return entry | ({"status": "available", "disk": figures[1], "maxdisk": figures[0]} if figures else {})


@route("GET", "/cluster/resources")
async def resources(call: Call) -> list[dict[str, Any]]:
    """Guests, node and storages that one may see, with their figures."""
    wanted, found = call.get("type"), list[dict[str, Any]]()
    if wanted in (None, "vm"):
        pools = {
            vmid: pool.name
            for pool in call.access.config.pools.values()
            for vmid in pool.guests
            if call.may(f"/pool/{pool.name}", "Pool.Audit")
        }
        for guest in guests.every(call.api):
            if call.may(f"/vms/{guest.vmid}", "VM.Audit"):
                pool = pools.get(str(guest.vmid))
                found.append(guest_entry(call, guest, known=True) | ({"pool": pool} if pool else {}))
    if wanted in (None, "node"):
        found.append(node_entry(call, known=True) | {"cgroup-mode": 2})
    if wanted in (None, "storage"):
        found += [
            storage_entry(call, storage, known=True)
            for storage in Storages(call.files).all
            if enabled(call.api, storage)
            and call.may(f"/storage/{storage.id}", "Datastore.Audit", "Datastore.AllocateSpace", any_of=True)
        ]
    if wanted in (None, "sdn") and reports(call) and call.may("/sdn/zones/localnetwork", "SDN.Audit"):
        zone, node = "localnetwork", call.api.node
        found.append({"id": f"sdn/{node}/{zone}", "node": node, "sdn": zone, "status": "ok", "type": "sdn"})
    return found
