"""GET /version and the indexes that list what lies below a path."""

from typing import Any

from lab.pve.call import Call
from lab.pve.routes import route


@route("GET", "/version")
async def version(call: Call) -> dict[str, Any]:
    """The version of the simulated Proxmox VE."""
    full = call.api.version
    return {"release": ".".join(full.split(".")[:2]), "repoid": "2a5fa54a8503f96d", "version": full}
