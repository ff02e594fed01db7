"""/nodes and /cluster: how the node does, and what the cluster of one says of itself."""

from datetime import UTC
from typing import Any

from lab.pve import guests
from lab.pve.call import Call
from lab.pve.errors import BadParameters
from lab.pve.resources import CORES, MEMORY, UPTIME, node_entry, reports
from lab.pve.routes import route

KERNEL = "6.8.12-9-pve"


@route("GET", "/nodes")
async def nodes(call: Call) -> list[dict[str, Any]]:
    """The one node."""
    return [node_entry(call, known=reports(call)) | {"ssl_fingerprint": call.api.fingerprint}]


@route("GET", "/nodes/{node}/status")
async def status(call: Call) -> dict[str, Any]:
    """Load, memory, root file system and versions of the node."""
    total, used, free = call.root.usage("/")
    kernel = f"Linux {KERNEL} #1 SMP PREEMPT_DYNAMIC PMX {KERNEL}"
    return {
        "uptime": UPTIME,
        "cpu": 0.02,
        "wait": 0.001,
        "idle": 0,
        "loadavg": ["0.10", "0.12", "0.09"],
        "memory": {"total": MEMORY, "used": MEMORY // 3, "free": MEMORY - MEMORY // 3},
        "swap": {"total": 0, "used": 0, "free": 0},
        "ksm": {"shared": 0},
        "rootfs": {"total": total, "used": used, "free": free, "avail": free},
        "cpuinfo": {
            "cpus": CORES,
            "cores": CORES,
            "sockets": 1,
            "model": "Intel(R) N100",
            "mhz": "2900.000",
            "user_hz": 100,
            "hvm": "1",
            "flags": "vmx",
        },
        "kversion": kernel,
        "pveversion": f"pve-manager/{call.api.version}/2a5fa54a8503f96d",
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
    return [
        {
            "id": f"node/{node}",
            "ip": address,
            "level": "",
            "local": 1,
            "name": node,
            "nodeid": 0,
            "online": 1,
            "type": "node",
        }
    ]


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
