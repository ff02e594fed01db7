"""A spare guest that a drill made: disarmed, started, asked whether it lives, and removed while it bears our marks."""

import asyncio
import contextlib
import shlex
import time
from collections.abc import Iterable
from typing import Any

from homebackup.assess.drilling import is_ours, passed_through
from homebackup.assess.rebuilding import KINDS
from homebackup.commands.restoring import lines, unfinished
from homebackup.model.backups import guest_config
from homebackup.model.backups.task_log import well
from homebackup.model.receipts import Entry
from homebackup.model.steps import Call
from homebackup.world import running
from homebackup.world.batch import Get
from homebackup.world.beside import begin
from homebackup.world.errors import Failed, Missing, Refused, Trouble, Unreachable
from homebackup.world.journal import Record
from homebackup.world.live_site import LiveSite

ANSWERING = 600.0
"""Seconds that a guest may take to start and answer."""
STEADY = 30.0
"""Seconds that a machine has to run which has no agent to ask."""
EVERY = 5.0
"""Seconds between two questions."""
TASKS = {"qemu": "qm", "lxc": "vz"}
"""What Proxmox VE's names of tasks begin with."""


class Spare:
    """One of them, by its VMID."""

    def __init__(self, live: LiveSite, node: str, kind: str, vmid: int, record: Record) -> None:
        self._live, self._kind, self._record = live, kind, record
        self._label, self._program, _ = KINDS[kind]
        self._node, self._vmid = node, vmid
        self._path = f"/nodes/{node}/{kind}/{vmid}"

    @property
    def subject(self) -> str:
        """What people call it."""
        return f"{self._label} {self._vmid}"

    async def config(self) -> dict[str, Any] | None:
        """Its configuration, None where there is no such guest."""
        return await self._live.section(self._path, "config")

    async def disarm(self) -> None:
        """Take away what it would use of the host; raises Refused where that cannot be taken away."""
        config = await self.config()
        if config is None or not is_ours(config):
            raise Missing(self.subject, "it is not there as the drill made it", "see who changed it")
        if config.get("lxc"):
            raise self.raw()
        params: dict[str, Any] = {"protection": 0} if config.get("protection") else {}
        if drop := passed_through(self._kind, config):
            params["delete"] = ",".join(drop)
        if params:
            call = Call("PUT", f"{self._path}/config", params)
            async with self._record.step(call):
                await self._live.perform(call)

    def raw(self) -> Refused:
        """Why a container with lines of LXC's own is not drilled: no call of the API takes them away."""
        said = "its configuration has lines of LXC's own, which may give it devices and directories of the host"
        return Refused(self.subject, said, "restore it by hand; no drill starts such a container")

    async def start(self) -> str:
        """Start it; the exit status of the task."""
        return await self._done(Call("POST", f"{self._path}/status/start"), "start")

    async def answer(self) -> tuple[bool, str]:
        """Whether it answers in time, and how, or why not; raises Unreachable when nobody can ask it."""
        began, lost = time.monotonic(), None
        config = await self.config() or {}
        asked = str(config.get("agent", "0")).removeprefix("enabled=").startswith("1") or self._kind == "lxc"
        while (passed := time.monotonic() - began) < ANSWERING:
            try:
                state = await self._live.api.call("GET", f"{self._path}/status/current")
                if state.get("status") != "running":
                    return False, f"it stopped again {passed:.0f} s after it was started"
                if asked and (said := await self._said()):
                    return True, f"{said} {passed:.0f} s after it was started"
                if not asked and passed >= STEADY:
                    return True, f"it still ran {passed:.0f} s after it was started, and has no guest agent to ask"
                lost = None
            except Unreachable as unreachable:
                lost = unreachable
            await asyncio.sleep(EVERY)
        if lost:
            raise lost
        return False, f"it did not answer within {ANSWERING:.0f} s"

    async def _said(self) -> str:
        """How it answers now; empty for no answer."""
        if self._kind == "lxc":
            ran = await self._live.host.run(shlex.join(["pct", "exec", str(self._vmid), "--", "true"]))
            return "" if ran.exit else "it ran a command"
        try:
            await self._live.api.call("POST", f"{self._path}/agent/ping")
        except Unreachable:
            raise
        except Trouble:
            return ""
        return "its guest agent answered"

    async def remove(self, known: Iterable[Entry] = ()) -> bool:
        """Stop and remove it where it is there and a drill's; whether it was. Raises Trouble.

        An empty machine is one of which the journal, `known`, says that we began it and nothing ended it.
        """
        config = await self.config()
        if config is None or not (is_ours(config) or await self._half_made(config, known)):
            return False
        state = await self._live.api.call("GET", f"{self._path}/status/current")
        if state.get("status") == "running":
            self._must(await self._done(Call("POST", f"{self._path}/status/stop"), "stop", undo=True), "stop")
        # Neither purge nor unreferenced disks: jobs may name the VMID, and another guest's disks may bear its number.
        call = Call("DELETE", self._path, {"purge": 0, "destroy-unreferenced-disks": 0})
        self._must(await self._done(call, "destroy", undo=True), "remove")
        return True

    async def _half_made(self, config: dict[str, Any], known: Iterable[Entry]) -> bool:
        if self._kind != "qemu" or "name" in config or guest_config.disks(lines(config)):
            return False
        if not unfinished(known, f"guest {self._vmid}"):
            return False
        active = {"vmid": self._vmid, "source": "active"}
        return not await self._live.api.call("GET", f"/nodes/{self._node}/tasks", active)

    def _must(self, status: str, what: str) -> None:
        if not well(status):
            raise Failed(self.subject, f"Proxmox VE did not {what} it: {status}", "run homebackup drill --clean")

    async def _done(self, call: Call, what: str, *, undo: bool = False) -> str:
        """Make a call that starts a task, and follow that; its exit status."""
        kind = f"{TASKS[self._kind]}{what}"
        listed = Get(f"/nodes/{self._node}/tasks", {"typefilter": kind, "vmid": self._vmid, "source": "all"})

        async def work() -> str:
            async with self._record.step(call, undo=undo):
                upid = await begin(self._live, call, listed)
                return await running.follow(self._live, upid, lambda lines: None, 0.5)

        working = asyncio.ensure_future(work())
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            with contextlib.suppress(Trouble):
                await working  # it is soon done, and a guest in the middle of it cannot be removed
            raise
