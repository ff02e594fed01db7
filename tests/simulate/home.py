"""The home site in a lab in this process: its owner's stack, its clock, and what can happen to it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from homebackup.assess.coverage import coverage
from homebackup.assess.guest import verdicts
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.site import Site, read_site
from homebackup.world.connection import Connection
from homebackup.world.gather import gather
from homebackup.world.live_site import LiveSite
from lab.box import FIXTURES, Box
from lab.pve.pace import shift
from tests.commands.living_site import DECLARED, DUMP, MOUNT
from tests.simulate.near import NearSite

PATIENCE = 0.001
"""Waits for a silent NAS last this much of what they last in reality."""
CONTENT = 200_000
"""Bytes that no compression makes smaller in each guest."""
IMAGES = "/var/lib/local-lvm/images"
"""Where the node keeps the disks of its guests."""
STORAGE = DECLARED["storage"]["name"]


class Home:
    """The lab, and the site as its owner declares it at the moment; `near` and `far` are two ways to look at it."""

    near: LiveSite
    far: LiveSite

    def __init__(self, folder: Path, zone: str) -> None:
        self.declared: dict[str, Any] = copy.deepcopy({k: part for k, part in DECLARED.items() if k != "inventory"})
        self.folder = folder
        fixture = folder / "home.yaml"
        fixture.write_text(yaml.safe_dump(_fixture(zone)), encoding="utf-8")
        self.box = Box(folder / "state", fixture=str(fixture), patience=PATIENCE, delay=0.0)

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path, zone: str, now: float) -> AsyncIterator[Home]:
        """A home that was declared a moment before `now` and has no archive yet; closed in the end."""
        home = cls(folder, zone)
        shift(home.box.clock, now)
        await home.box.start()
        home.ready.write_text(json.dumps(home.box.ready()), encoding="utf-8")
        home.near = NearSite(home._connection("https"), home.box)
        home.far = LiveSite(home._connection("ssh"))
        try:
            await home._settle()
            yield home
        finally:
            await home.near.close()
            await home.far.close()
            await home.box.stop()

    @property
    def ready(self) -> Path:
        """The lab's ready file."""
        return self.folder / "ready.json"

    @property
    def site(self) -> Site:
        """What the owner declares."""
        return read_site(self.declared)

    def _connection(self, way: str) -> Connection:
        return Connection.parse({"lab": str(self.ready), "api": way})

    async def _settle(self) -> None:
        for vmid in (100, 101, 102):
            self._fill(vmid)
        await self.shell(MOUNT)
        for name in self.declared["tiers"]:
            await self.make_job(name)
        await self.box.scheduler.stop()  # jobs start when the clock is moved, and only then

    def _fill(self, vmid: int) -> None:
        """Give a machine's disk something to back up."""
        noise = random.Random(vmid).randbytes(CONTENT)
        self.box.root.write(f"{IMAGES}/{vmid}/vm-{vmid}-disk-0.raw", noise)

    async def make_job(self, tier: str) -> None:
        """Make the job of a tier, as a `pulumi up` does."""
        told = self.declared["tiers"][tier]
        options = {
            "id": told["job"],
            "schedule": told["schedule"],
            "vmid": ",".join(map(str, told["guests"])),
            "storage": STORAGE,
            "compress": "zstd",
            "prune-backups": ",".join(f"{kind}={count}" for kind, count in told["retention"].items()),
            "notes-template": "{{guestname}} of {{node}}",
        } | {key: told[key] for key in ("tmpdir",) if key in told}
        await self.shell("pvesh create /cluster/backup " + _options(options))

    async def shell(self, script: str) -> str:
        """Run a script as somebody at the node's console, who must succeed; what it printed."""
        code, out, err = await self.box.machine.shell(script)
        assert code == 0, f"{script} exited {code}: {err.decode('utf-8', 'replace')}"
        return out.decode()

    async def newest(self, vmid: int) -> str:
        """The path of a guest's newest archive."""
        found = await self.shell(f"ls {DUMP} | grep -E 'vzdump-[a-z]+-{vmid}-.*zst$' | tail -n 1")
        return f"{DUMP}/{found.strip()}"

    async def move(self, epoch: float) -> None:
        """Let time pass until then, with everything that is due on the way."""
        self.box.clock.set(epoch)
        await self.box.clock.settled()

    async def look(self, live: LiveSite) -> tuple[SiteFacts, dict[int, tuple[str, str]]]:
        """What is seen now, and by guest the verdict and why; of a guest that is not the site's, how it is covered."""
        site = self.site
        facts = await gather(site, live)
        found = coverage(site, facts)
        told = {cover.vmid: (cover.state, cover.said) for cover in found.guests if not cover.declared}
        judged = verdicts(site, facts, found)
        return facts, told | {verdict.vmid: (verdict.state, verdict.said) for verdict in judged if verdict.vmid}


def _fixture(zone: str) -> dict[str, Any]:
    fixture: dict[str, Any] = yaml.safe_load((FIXTURES / "home.yaml").read_text(encoding="utf-8"))
    for guest in fixture["guests"].values():
        if "disks" in guest:
            guest["disks"] = {key: disk.replace("size=8M", "size=1M") for key, disk in guest["disks"].items()}
        else:
            noise = random.Random(guest["hostname"]).randbytes(CONTENT // 2).hex()
            guest["files"] = {"etc/hostname": guest["hostname"], "srv/data": noise}
    return fixture | {"zone": zone}


def _options(options: Mapping[str, Any]) -> str:
    return " ".join(f"--{key} '{value}'" for key, value in options.items())
