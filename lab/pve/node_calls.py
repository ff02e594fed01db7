"""/nodes, /cluster/status and /cluster/resources: the node, its guests and its storages at a glance."""

from datetime import UTC
from typing import Any

from lab.pve import guests
from lab.pve.activation import enabled, usage
from lab.pve.call import Call
from lab.pve.errors import BadParameters
from lab.pve.guest_status import state
from lab.pve.routes import route
from lab.pve.storagecfg import Storages

CORES, MEMORY = 4, 16 << 30
UPTIME = 86_400 * 30
KERNEL = "6.8.12-9-pve"


def reports(call: Call) -> bool:
    """Whether the node's status daemon tells how it does; a fixture can be without (`pvestatd: false`)."""
    return bool(call.api.fixture.get("pvestatd", True))


def node_entry(call: Call) -> dict[str, Any]:
    """The node in lists, with figures for those who may audit it."""
    node = call.api.node
    entry: dict[str, Any] = {"id": f"node/{node}", "node": node, "type": "node", "level": "", "status": "online"}
    if reports(call) and call.may(f"/nodes/{node}", "Sys.Audit"):
        total, used, _ = call.root.usage("/")
        entry |= {"cpu": 0.02, "maxcpu": CORES, "mem": MEMORY // 3, "maxmem": MEMORY, "disk": used, "maxdisk": total,
                  "uptime": UPTIME}
    return entry


@route("GET", "/nodes")
async def nodes(call: Call) -> list[dict[str, Any]]:
    """The one node."""
    entry = node_entry(call) | {"ssl_fingerprint": call.api.fingerprint}
    return [entry if reports(call) else entry | {"status": "unknown"}]


@route("GET", "/nodes/{node}/status")
async def status(call: Call) -> dict[str, Any]:
    """Load, memory, root file system and versions of the node."""
    total, used, free = call.root.usage("/")
    kernel = f"Linux {KERNEL} #1 SMP PREEMPT_DYNAMIC PMX {KERNEL}"
    return {
        "uptime": UPTIME, "cpu": 0.02, "wait": 0.001, "idle": 0, "loadavg": ["0.10", "0.12", "0.09"],
        "memory": {"total": MEMORY, "used": MEMORY // 3, "free": MEMORY - MEMORY // 3},
        "swap": {"total": 0, "used": 0, "free": 0}, "ksm": {"shared": 0},
        "rootfs": {"total": total, "used": used, "free": free, "avail": free},
        "cpuinfo": {"cpus": CORES, "cores": CORES, "sockets": 1, "model": "Intel(R) N100", "mhz": "2900.000",
                    "user_hz": 100, "hvm": "1", "flags": "vmx"},
        "kversion": kernel, "pveversion": f"pve-manager/{call.api.version}/2a5fa54a8503f96d",
        "current-kernel": {"sysname": "Linux", "release": KERNEL, "version": kernel, "machine": "x86_64"},
        "boot-info": {"mode": "efi", "secureboot": 0},
    }


@route("GET", "/nodes/{node}/time")
async def time(call: Call) -> dict[str, Any]:
    """The node's clock: `time` in UTC, `localtime` as if local time were UTC."""
    now = int(call.clock.now())
    local = call.clock.local(now).replace(tzinfo=UTC)
    return {"time": now, "localtime": int(local.timestamp()), "timezone": call.clock.zone.key}


@route("GET", "/cluster/status")
async def cluster_status(call: Call) -> list[dict[str, Any]]:
    """The node as the one member of no cluster."""
    node = call.api.node
    address = (call.api.fixture.get("host") or {}).get("address", "192.0.2.10")
    return [{"id": f"node/{node}", "ip": address, "level": "", "local": 1, "name": node, "nodeid": 0, "online": 1,
             "type": "node"}]


@route("GET", "/cluster/nextid")
async def next_id(call: Call) -> str:
    """The lowest free VMID, or the one asked about; raises BadParameters where that is taken."""
    taken = {guest.vmid for guest in guests.every(call.api)}
    wanted = call.get("vmid")
    if wanted is not None:
        if wanted in taken:
            raise BadParameters({"vmid": f"VM {wanted} already exists"})
        return str(wanted)
    return str(next(vmid for vmid in range(100, 10**9) if vmid not in taken))


@route("GET", "/cluster/options")
async def options(call: Call) -> dict[str, Any]:
    """Options of the datacenter: none are set."""
    return {}


@route("GET", "/cluster/log")
async def log(call: Call) -> list[dict[str, Any]]:
    """The cluster log: empty."""
    return []


@route("GET", "/cluster/resources")
async def resources(call: Call) -> list[dict[str, Any]]:
    """Guests, node and storages that one may see, with their figures."""
    wanted, node, found = call.get("type"), call.api.node, []
    if wanted in (None, "vm"):
        pools = {vmid: pool.name for pool in call.access.config.pools.values() for vmid in pool.guests
                 if call.may(f"/pool/{pool.name}", "Pool.Audit")}
        found += [_guest(state(call.api, guest), guest.kind, node, pools.get(str(guest.vmid)))
                  for guest in guests.every(call.api) if call.may(f"/vms/{guest.vmid}", "VM.Audit")]
    if wanted in (None, "node"):
        found.append(node_entry(call) | {"cgroup-mode": 2})
    if wanted in (None, "storage"):
        found += _storages(call)
    if wanted in (None, "sdn") and call.may("/sdn/zones/localnetwork", "SDN.Audit"):
        zone = "localnetwork"
        found.append({"id": f"sdn/{node}/{zone}", "node": node, "sdn": zone, "status": "ok", "type": "sdn"})
    return found


def _guest(figures: dict[str, Any], kind: str, node: str, pool: str | None) -> dict[str, Any]:
    keys = ("vmid", "name", "status", "cpu", "uptime", "disk", "diskread", "diskwrite", "netin", "netout", "maxmem",
            "mem", "maxdisk", "tags", "lock")
    entry = {key: figures[key] for key in keys if key in figures}
    entry |= {"id": f"{kind}/{figures['vmid']}", "type": kind, "node": node, "maxcpu": figures["cpus"],
              "template": figures.get("template", 0)}
    return entry | ({"pool": pool} if pool else {})


def _storages(call: Call) -> list[dict[str, Any]]:
    node, found = call.api.node, []
    for storage in Storages(call.files).all:
        may = call.may(f"/storage/{storage.id}", "Datastore.Audit", "Datastore.AllocateSpace", any_of=True)
        if not may or not enabled(call.api, storage):
            continue
        entry = {"id": f"storage/{node}/{storage.id}", "node": node, "storage": storage.id, "type": "storage",
                 "plugintype": storage.type, "content": storage.get("content"), "shared": storage.get("shared", 0)}
        figures = usage(call.api, storage)
        entry["status"] = "available" if figures else "unknown"
        if figures:
            entry |= {"disk": figures[1], "maxdisk": figures[0]}
        found.append(entry)
    return found
