"""What the API's lists say of guests, of what jobs take along, of tasks, and of what we may not see."""

from collections.abc import Iterable, Mapping
from typing import Any

from homebackup.model.backups.facts import Guest, Space, Volume
from homebackup.model.backups.task import Task
from homebackup.model.seen import Unseen

Row = Mapping[str, Any]


def guests(
    resources: Iterable[Row], included: Mapping[str, Row | Unseen]
) -> tuple[tuple[Guest, ...], dict[str, frozenset[int] | Unseen]]:
    """The guests of the cluster by VMID, and by enabled job whom it takes; `included` are included_volumes by job."""
    members: dict[str, frozenset[int] | Unseen] = {}
    volumes: dict[int, tuple[Volume, ...]] = {}
    unknown: Unseen | None = None
    for job, said in included.items():
        if isinstance(said, Unseen):
            members[job] = unknown = said
            continue
        children = [child for child in said.get("children") or () if str(child.get("id", "")).isdecimal()]
        members[job] = frozenset(int(child["id"]) for child in children)
        volumes |= {int(child["id"]): _volumes(child.get("children") or ()) for child in children}
    found = [
        Guest(
            int(row["vmid"]),
            str(row["type"]),
            str(row.get("name") or ""),
            str(row.get("node", "")),
            row.get("status") == "running",
            bool(row.get("template")),
            volumes.get(int(row["vmid"]), unknown or ()),
            int(row.get("maxdisk") or 0),
        )
        for row in resources
        if row.get("type") in ("qemu", "lxc")
    ]
    return tuple(sorted(found, key=lambda guest: guest.vmid)), members


def _volumes(children: Iterable[Row]) -> tuple[Volume, ...]:
    return tuple(
        Volume(str(row.get("id", "")).partition(":")[2], bool(row.get("included")), str(row.get("reason", "")))
        for row in children
    )


def tasks(rows: Iterable[Row]) -> tuple[Task, ...]:
    """The vzdump tasks, newest first, without what their logs say."""
    return tuple(
        Task(
            str(row["upid"]),
            str(row.get("node", "")),
            int(row["starttime"]),
            int(row["endtime"]) if row.get("endtime") else None,
            str(row.get("status", "")) if row.get("endtime") else "",
        )
        for row in sorted(rows, key=lambda row: int(row["starttime"]), reverse=True)
        if row.get("type", "vzdump") == "vzdump"
    )


def space(row: Row) -> Space | Unseen:
    """The bytes of a storage, from its row among the cluster's resources."""
    total, used = int(row.get("maxdisk") or 0), int(row.get("disk") or 0)
    if not total:
        return Unseen("Proxmox VE does not tell its size", "run this again")
    return Space(total, used, total - used)


class Rights:
    """Our privileges by path, as `GET /access/permissions` tells them; of root without asking."""

    def __init__(self, tree: Mapping[str, Row] | None) -> None:
        """`tree` None is root, who may see everything."""
        self._tree = tree

    def has(self, path: str, *privileges: str) -> bool:
        """Whether we have all the privileges on a path, by itself or handed down from the nearest one above it."""
        if self._tree is None:
            return True
        at, above = path, False
        while at not in self._tree:
            if at == "/":
                return False
            at, above = at.rpartition("/")[0] or "/", True
        held = {name for name, handed in self._tree[at].items() if handed or not above}
        return held.issuperset(privileges)

    def guests(self) -> Unseen | None:
        """Why not every guest of the cluster is seen."""
        if self.has("/vms", "VM.Audit"):
            return None
        return _lacking("guests may be missing from the list", "VM.Audit", "/vms")

    def tasks(self, node: str) -> Unseen | None:
        """Why only our own tasks are seen."""
        if self.has(f"/nodes/{node}", "Sys.Audit"):
            return None
        return _lacking(f"the tasks of node {node} are hidden", "Sys.Audit", f"/nodes/{node}")

    def archives(self, storage: str, vmids: Iterable[int]) -> Unseen | None:
        """Why not every archive of these guests is seen; Proxmox VE then leaves them out and says nothing."""
        path = f"/storage/{storage}"
        if self.has(path, "Datastore.Allocate"):
            return None
        if not self.has(path, "Datastore.AllocateSpace"):
            return _lacking(f"the archives in storage {storage} are hidden", "Datastore.AllocateSpace", path)
        hidden = [vmid for vmid in sorted(vmids) if not self.has(f"/vms/{vmid}", "VM.Backup")]
        if not hidden:
            return None
        whom = ", ".join(map(str, hidden[:5])) + (" and others" if len(hidden) > 5 else "")
        where = f"/vms/{hidden[0]}" if len(hidden) == 1 else "/vms"
        return _lacking(f"the archives of guest {whom} in storage {storage} are hidden", "VM.Backup", where)


def _lacking(said: str, privilege: str, path: str) -> Unseen:
    return Unseen(
        f"{said}, because {privilege} on {path} is missing",
        f"grant {privilege} on {path}; homebackup preflight --permissions prints the commands",
    )
