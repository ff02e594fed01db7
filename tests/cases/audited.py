"""What audits are tried on: the home site where all is as declared, and one change of it at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homebackup.assess.audit import Found, Item, audit
from homebackup.model.backups.facts import Guest, SiteFacts
from homebackup.model.host_facts import HostFacts
from homebackup.model.mounts import Mount
from homebackup.model.seen import Unseen
from homebackup.model.site import Site, read_site
from homebackup.model.state import Deployed
from tests.cases.played_backups import NOON
from tests.cases.sites import with_changes

LINE = b"10.0.0.150:/volume1/backups/proxmox_backups /mnt/nas-backups nfs defaults,soft,timeo=150,retrans=3,"
FSTAB = LINE + b"x-systemd.requires=network-online.target 0 0\n"
OPTIONS = frozenset({"rw", "soft", "timeo=150", "retrans=3"})
LIVE = Mount("/mnt/nas-backups", "10.0.0.150:/volume1/backups/proxmox_backups", "nfs4", OPTIONS)
STORAGE = {
    "storage": "nas-backups",
    "type": "dir",
    "path": "/mnt/nas-backups",
    "content": "backup",
    "prune-backups": "keep-last=3",
    "is_mountpoint": "yes",
}
LOCAL = {"storage": "local", "type": "dir", "path": "/var/lib/vz", "content": "iso,backup"}
P0 = {
    "id": "backup-home-p0-daily",
    "type": "vzdump",
    "schedule": "03:00",
    "enabled": 1,
    "vmid": "100,102",
    "storage": "nas-backups",
    "mode": "snapshot",
    "compress": "zstd",
    "prune-backups": {"keep-last": "3"},
    "notes-template": "{{guestname}}",
}
P1 = P0 | {"id": "backup-home-p1-daily", "schedule": "03:15", "vmid": "103", "tmpdir": "/var/tmp"}
P2 = P1 | {
    "id": "backup-home-p2-weekly",
    "schedule": "sun 04:00",
    "vmid": "101,105",
    "prune-backups": {"keep-last": "2"},
}
GUESTS = tuple(Guest(vmid, "qemu", f"g{vmid}", "pve") for vmid in (100, 101, 102, 103, 105, 106))
OLD = {"id": "old", "type": "vzdump", "schedule": "21:00", "enabled": 1, "vmid": "100", "storage": "local"}
AWAY = Unseen("the host does not answer", "switch it on")
NOBODYS = b"- name: x\n  host: proxmox-home\n  base_path: %s\n  glob: vzdump-qemu-100-*.vma.zst\n"


def site(**changes: Any) -> Site:
    """The home site without a heal timer, which is a unit on the host and has tests of its own."""
    return read_site(with_changes({("mount", "heal"): False} | changes.get("changes", {})))


def found(
    *,
    jobs: Any = (P0, P1, P2),
    storages: Any = (STORAGE, LOCAL),
    guests: Any = GUESTS,
    members: Mapping[str, Any] | None = None,
    fstab: bytes | None = FSTAB,
    mounts: tuple[Mount, ...] = (LIVE,),
    inventory: bytes | Unseen | None = None,
    state: Deployed | None = None,
) -> Found:
    facts = SiteFacts(NOON, "Europe/Vienna", "ssh", jobs=jobs, storages=storages, guests=guests, members=members or {})
    target = "/mnt/nas-backups"
    host = HostFacts({"/etc/fstab": fstab or b""}, mounts, {"10.0.0.150": True}, {}, {}, {target: "immutable"})
    return Found(facts, AWAY if fstab is None else host, inventory, state or Deployed(), "home")


def judged(name: str, **there: Any) -> Item:
    items = {item.name: item for item in audit(site(), found(**there)).items}
    return items[name]


def job(**changes: Any) -> dict[str, Any]:
    """An old job beside the declared ones; None takes an option out."""
    options = {name.replace("_", "-"): value for name, value in (OLD | changes).items()}
    return {"jobs": (P0, P1, P2, {name: value for name, value in options.items() if value is not None})}
