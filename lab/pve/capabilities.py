"""What a user may do where, at a glance: `cap` of a login, and the paths of /access/permissions."""

from collections.abc import Iterator

from lab.pve.access import Access
from lab.pve.usercfg import UserConfig

SHOWN = {
    "access": ("User.", "Group.", "Permissions.Modify"),
    "dc": ("Sys.Audit", "Sys.Modify", "SDN."),
    "mapping": ("Mapping.", "Permissions.Modify"),
    "nodes": ("Sys.", "Permissions.Modify"),
    "sdn": ("SDN.", "Permissions.Modify"),
    "storage": ("Datastore.", "Permissions.Modify"),
    "vms": ("VM.", "Permissions.Modify"),
}
"""First part of a path (dc: the root) -> the privileges shown for it, by how they begin."""
ALWAYS = ("/", "/nodes", "/access/groups", "/vms", "/storage", "/sdn", "/mapping")
COMMON = ("/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms")


def acl_paths(config: UserConfig) -> Iterator[str]:
    """The paths of the ACL and every path above one."""
    for path in config.acl:
        parts = path.strip("/").split("/")
        yield from (f"/{'/'.join(parts[:i])}" for i in range(len(parts) + 1))


def known_paths(config: UserConfig) -> set[str]:
    """Every path on which somebody may have been granted something."""
    pooled = {f"/vms/{vmid}" for pool in config.pools.values() for vmid in pool.guests}
    pooled |= {f"/storage/{name}" for pool in config.pools.values() for name in pool.storages}
    return {*COMMON, *acl_paths(config)} | pooled


def capabilities(access: Access, user: str) -> dict[str, dict[str, int]]:
    """Kind of object -> privilege -> 1, wherever the user has it."""
    found: dict[str, dict[str, int]] = {kind: {} for kind in SHOWN}
    for path in {*ALWAYS, *acl_paths(access.config)}:
        top = path.split("/")[1] or "dc"
        for kind in ("vms", "storage") if top == "pool" else (top,):
            for privilege in access.permissions(user, path):
                if privilege.startswith(SHOWN.get(kind, ())):
                    found[kind][privilege] = 1
    return found
