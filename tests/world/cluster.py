"""A made-up cluster of any size that answers a gather over https; it counts what it is asked."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from homebackup.model.site import Site, read_site
from homebackup.world.connection import Connection
from homebackup.world.errors import Unreachable
from homebackup.world.session import Ran
from pverules.archive_name import ArchiveName
from pverules.upid import Upid

NOON = 1_795_345_200
"""Sunday 22 November 2026, 12:00 in Vienna."""
DAY = 86400
VIENNA = ZoneInfo("Europe/Vienna")
GIB = 1 << 30
TASKS = 100


@dataclass
class Cluster:
    """`guests` spread over `nodes`, a job for each node at three o'clock, three archives of each guest on one NAS.

    It stands in for a LiveSite and its API; its host does not answer over ssh.
    """

    nodes: int
    guests: int
    folder: Path = Path("/nowhere")
    asked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.connection = Connection.parse({"host": "10.0.0.50", "api": "https", "password": "secret"})
        self.api = self.host = self
        self.names = ["pve", *(f"pve{n}" for n in range(2, self.nodes + 1))]
        self.vmids = list(range(1000, 1000 + self.guests))

    async def run(self, command: str, *, stdin: bytes = b"", timeout: float = 0.0) -> Ran:
        raise Unreachable("host 10.0.0.50", "it does not answer over ssh", "see whether it is on")

    async def call(self, method: str, path: str, params: Any = None) -> Any:
        assert method == "GET"
        words = path.strip("/").split("/")
        kind = "/".join(words[2:3] if words[0] == "nodes" else words[:2] + words[3:])
        self.asked[kind] += 1
        return json.loads(json.dumps(self._answer(words)))

    @property
    def calls(self) -> int:
        """How many calls of the API there were."""
        return self.asked.total()

    def site(self) -> Site:
        """The declaration of all of it."""
        guest = {"kind": "qemu", "classification": "important", "stale-after-hours": 26}
        return read_site(
            {
                "name": "large",
                "node": "pve",
                "lan": "10.0.0.0/24",
                "nas": {"address": "10.0.0.150"},
                "mount": {"export": "/export", "target": "/mnt/nas", "options": ["soft"]},
                "storage": {"name": "nas", "retention": {"keep-last": 3}, "shared": True},
                "guests": {str(vmid): guest | {"name": f"guest-{vmid}"} for vmid in self.vmids},
                "tiers": {
                    name: {"job": f"job-{name}", "guests": self._on(name), "schedule": "03:00"} for name in self.names
                },
                "inventory": {"file": "backup.inventory.yaml", "host": "pve"},
            }
        )

    def _on(self, node: str) -> list[int]:
        number = self.names.index(node)
        return [vmid for vmid in self.vmids if vmid % self.nodes == number]

    def _answer(self, words: list[str]) -> Any:
        match words:
            case ["nodes", _, "time"]:
                return {"time": NOON, "timezone": "Europe/Vienna"}
            case ["cluster", "backup"]:
                return [self._job(name) for name in self.names]
            case ["cluster", "backup", job, "included_volumes"]:
                return {"children": [_included(vmid) for vmid in self._on(job.removeprefix("job-"))]}
            case ["storage"]:
                return [{"storage": "nas", "type": "dir", "path": "/mnt/nas", "content": "backup", "shared": 1}]
            case ["cluster", "resources"]:
                return self._resources()
            case ["nodes", node, "tasks"]:
                return [self._task(node, n) for n in range(TASKS)]
            case ["nodes", node, "tasks", _, "log"]:
                return [{"n": n, "t": line} for n, line in enumerate(self._log(node))]
            case ["nodes", _, "storage", "nas", "content"]:
                return [_archive(vmid, n) for vmid in self.vmids for n in range(3)]
        raise AssertionError(words)

    def _job(self, node: str) -> dict[str, Any]:
        vmids = ",".join(map(str, self._on(node)))
        job = {"id": f"job-{node}", "type": "vzdump", "enabled": 1, "schedule": "03:00", "storage": "nas"}
        return job | {"vmid": vmids, "node": node, "prune-backups": {"keep-last": "3"}}

    def _resources(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for name in self.names:
            found.append({"type": "node", "node": name, "status": "online", "id": f"node/{name}"})
            found.append({"type": "storage", "storage": "nas", "node": name, "status": "available", "shared": 1})
            found += [
                {"type": "qemu", "vmid": vmid, "name": f"guest-{vmid}", "node": name, "status": "running"}
                for vmid in self._on(name)
            ]
        return found

    def _task(self, node: str, number: int) -> dict[str, Any]:
        begun = NOON - 9 * 3600 - number * DAY
        upid = str(Upid(node, 4096 + number, 1, begun, "vzdump", "", "root@pam"))
        more = {"node": node, "type": "vzdump", "user": "root@pam", "status": "OK"}
        return {"upid": upid, "starttime": begun, "endtime": begun + 3000} | more

    def _log(self, node: str) -> list[str]:
        lines = [f"INFO: starting new backup job: vzdump {' '.join(map(str, self._on(node)))}"]
        for vmid in self._on(node):
            lines += [f"INFO: Starting Backup of VM {vmid} (qemu)", "INFO: archive file size: 5.00GB"]
            lines += [f"INFO: {n}% done" for n in range(0, 100, 5)]
            lines += [f"INFO: Finished Backup of VM {vmid} (00:02:00)"]
        return lines


def _included(vmid: int) -> dict[str, Any]:
    disk = {"id": f"{vmid}:scsi0", "included": 1, "reason": "backup=yes", "name": f"vm-{vmid}-disk-0", "leaf": 1}
    return {"id": vmid, "type": "qemu", "name": f"guest-{vmid}", "children": [disk]}


def _archive(vmid: int, number: int) -> dict[str, Any]:
    begun = NOON - 9 * 3600 - number * DAY
    name = ArchiveName.at("qemu", vmid, begun, VIENNA, "vma.zst")
    more = {"size": 5 * GIB, "vmid": vmid, "format": "vma.zst", "content": "backup", "subtype": "qemu"}
    return {"volid": f"nas:backup/{name}", "ctime": begun, "notes": f"guest-{vmid}"} | more
