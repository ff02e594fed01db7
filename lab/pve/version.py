"""GET /version, and the indexes that list what lies below a path."""

from typing import Any

from lab.pve.call import Call
from lab.pve.routes import route

REPOSITORY = "2a5fa54a8503f96d"
BELOW = {
    "/": ("subdir", "access cluster nodes pools storage version"),
    "/access": ("subdir", "acl domains groups openid password roles tfa ticket users"),
    "/cluster": (
        "name",
        "acme backup backup-info ceph config firewall ha jobs log mapping metrics nextid notifications options "
        "replication resources sdn status tasks",
    ),
    "/cluster/jobs": ("subdir", "realm-sync schedule-analyze"),
    "/nodes/{node}": (
        "name",
        "aplinfo apt capabilities certificates config disks dns firewall hardware hosts journal lxc netstat "
        "network qemu query-url-metadata replication report rrd rrddata scan sdn services spiceshell startall status "
        "stopall storage subscription suspendall syslog tasks termproxy time version vncshell vzdump wakeonlan",
    ),
}


def _index(path: str, key: str, names: str) -> None:
    @route("GET", path)
    async def index(call: Call) -> list[dict[str, str]]:
        return [{key: name} for name in names.split()]


for _path, (_key, _names) in BELOW.items():
    _index(_path, _key, _names)


@route("GET", "/version")
async def version(call: Call) -> dict[str, Any]:
    """The version of the simulated Proxmox VE."""
    full = call.api.version
    return {"release": ".".join(full.split(".")[:2]), "repoid": REPOSITORY, "version": full}


@route("GET", "/nodes/{node}/version")
async def node_version(call: Call) -> dict[str, Any]:
    """The same, asked of the node."""
    shown: dict[str, Any] = await version(call)
    return shown
