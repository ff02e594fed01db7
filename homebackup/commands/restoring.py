"""One restore: what stands in its way, the task begun and shown, and what a failed one leaves cleared away."""

import asyncio
import re
import secrets
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from homebackup.assess.amounts import size
from homebackup.assess.picking import Pick
from homebackup.assess.rebuilding import KINDS
from homebackup.assess.restoring import volume
from homebackup.assess.runbook import Rooms, needs, place
from homebackup.commands.printing import say
from homebackup.commands.progress import bars
from homebackup.model.backups import guest_config
from homebackup.model.backups.facts import Guest, SiteFacts
from homebackup.model.backups.task_log import well
from homebackup.model.receipts import Entry, receipts
from homebackup.model.seen import Unseen
from homebackup.model.steps import Call, Plan
from homebackup.world import running
from homebackup.world.batch import Get
from homebackup.world.beside import begin
from homebackup.world.errors import Failed, Missing, Refused, Trouble, Unreachable
from homebackup.world.journal import Record
from homebackup.world.live_site import LiveSite

COLUMNS = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
TASKS = {"qemu": "qmrestore", "lxc": "vzrestore"}
REMOVALS = {"qemu": "qmdestroy", "lxc": "vzdestroy"}
"""What Proxmox VE calls the tasks."""
_PROGRESS = re.compile(r"progress (\d+)%")


@dataclass(frozen=True)
class Wish:
    """What the owner asks for: as which VMID, over which guest by its name, and how.

    The guest has the properties `given` instead of its archive's; there has to be `margin` times the space it needs.
    """

    to: int
    over: str = ""
    online: bool = False
    storage: str = ""
    overcommit: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    margin: float = 1.0


class Restoring:
    """A restore of the archive that was picked."""

    def __init__(self, live: LiveSite, node: str, chosen: Pick, wish: Wish, record: Record) -> None:
        assert chosen.archive is not None
        self._live, self._node, self._chosen, self._wish, self._record = live, node, chosen, wish, record
        self._archive = chosen.archive
        self._label, self._program, _ = KINDS[self._archive.kind]
        self._guests = f"/nodes/{node}/{self._archive.kind}"
        self._path = f"{self._guests}/{wish.to}"
        self._upid = ""

    @property
    def subject(self) -> str:
        """What is made, in the owner's words."""
        return f"{self._label} {self._wish.to}"

    @property
    def begun(self) -> bool:
        """Whether its task has begun."""
        return bool(self._upid)

    @property
    def next_step(self) -> str:
        """What to do with the restored guest."""
        start = f"start it with {self._program} start {self._wish.to}"
        if self._wish.online:
            return start
        return f"its network cables are pulled (link_down); {start}, and take link_down away when it may be heard"

    async def clear_left(self, facts: SiteFacts, known: Iterable[Entry]) -> SiteFacts:
        """Remove what an earlier restore of ours left there when nobody could clear it away; the facts without it.

        Only an empty machine is, of which the journal, `known`, says that we began it and nothing ended it.
        """
        if isinstance(facts.guests, Unseen) or not unfinished(known, f"guest {self._wish.to}"):
            return facts
        others = tuple(guest for guest in facts.guests if guest.vmid != self._wish.to)
        if self._archive.kind != "qemu" or len(others) == len(facts.guests):
            return facts
        config = await self._live.section(self._guests, f"{self._wish.to}/config") or {}
        if "name" in config or guest_config.disks(lines(config)):
            return facts
        await self._remove()
        say(f"{self.subject}: an empty machine that an earlier restore left there was removed")
        return replace(facts, guests=others)

    def check(self, facts: SiteFacts, rooms: Rooms) -> None:
        """Raises Refused for what would be overwritten without its name, or would not fit."""
        to, over = self._wish.to, self._wish.over
        if isinstance(facts.guests, Unseen):
            raise Unreachable(self.subject, f"whether it is free is not known: {facts.guests.said}", "run this again")
        there = next((guest for guest in facts.guests if guest.vmid == to), None)
        if there is not None:
            self._may_overwrite(there)
        elif over:
            raise Refused(
                self.subject, f"no guest has this VMID, so there is no {over} to overwrite", "leave out --over"
            )
        for need in needs(self._chosen, self._storage(facts), rooms, self._wish.margin):
            if not need.fits and not self._wish.overcommit:
                free = need.free if isinstance(need.free, int) else 0
                said = (
                    f"it may come to need {size(need.most)} on storage {need.storage}, and {size(free)} are free there"
                )
                remedy = "make room, name another with --storage, or say --overcommit where its disks never get full"
                raise Refused(self.subject, said, remedy)

    def _may_overwrite(self, there: Guest) -> None:
        named = f"{KINDS[there.kind][0]} {there.vmid} is {there.name}"
        if not self._wish.over:
            remedy = f"name a free VMID with --to, or type --over {shlex.quote(there.name)} to lose what it is now"
            raise Refused(self.subject, f"{named}, and would be overwritten", remedy)
        if self._wish.over != there.name:
            said = f"{named} and not {self._wish.over}, and nothing was overwritten"
            raise Refused(self.subject, said, "type the name of the guest that is to be lost")
        if there.kind != self._archive.kind:
            raise Refused(self.subject, f"{named}, another kind of guest", "name a free VMID with --to")
        if there.node != self._node:
            raise Refused(self.subject, f"{named}, on node {there.node}", "name a free VMID with --to")
        if there.running:
            program = KINDS[there.kind][1]
            raise Refused(self.subject, f"{named}, and runs", f"stop it first: {program} shutdown {there.vmid}")

    def _storage(self, facts: SiteFacts) -> str:
        return place(self._chosen, facts, self._wish.storage)

    def call(self, facts: SiteFacts) -> Call:
        """What makes the guest, its cables pulled from its first moment on.

        One that comes back as itself keeps its network addresses.
        """
        params: dict[str, Any] = {"vmid": self._wish.to}
        params |= {"archive": volume(self._archive)} if self._archive.kind == "qemu" else self._of_container()
        if storage := self._storage(facts):
            params["storage"] = storage
        if self._wish.over:
            params["force"] = 1
        cables = {} if self._wish.online else self._pulled()
        # A container's archive would have its own networks, plugged in, instead of ours when it is made unique.
        if self._wish.to != self._archive.vmid and not (cables and self._archive.kind == "lxc"):
            params["unique"] = 1
        return Call("POST", self._guests, {**params, **cables, **self._wish.given})

    def _pulled(self) -> dict[str, str]:
        """The networks that are in the archive, unplugged; none where nobody could look into it."""
        nets = guest_config.networks(self._chosen.holds.config) if self._chosen.holds else {}
        same = self._wish.to == self._archive.vmid
        return {name: guest_config.unplugged(net, address="" if same else _address()) for name, net in nets.items()}

    def _of_container(self) -> dict[str, Any]:
        return {"ostemplate": volume(self._archive), "restore": 1}

    async def do(self, call: Call) -> None:
        """Make the guest and pull its cables; what was begun and failed is taken away again. Raises Trouble."""
        await self._record.plan(Plan((call,)))
        made = False
        try:
            async with self._record.step(call):
                await self._restore(call)
            made = True
            if not self._wish.online:
                await self._unplug()
        except (Trouble, asyncio.CancelledError) as why:
            if not made or isinstance(why, asyncio.CancelledError):
                await self._clear(why)
            raise

    async def _restore(self, call: Call) -> None:
        beginning = asyncio.ensure_future(begin(self._live, call, self._tasks(TASKS), str(self._wish.to)))
        try:
            self._upid = await asyncio.shield(beginning)
        except asyncio.CancelledError:
            self._upid = await beginning  # what is sent cannot be called back, and without its UPID not stopped either
            raise
        with bars(*COLUMNS) as bar:
            shown = bar.add_task(self._archive.name, total=None)

            def hear(lines: list[str]) -> None:
                at = next((found[1] for line in reversed(lines) if (found := _PROGRESS.search(line))), None)
                if at is not None:
                    bar.update(shown, total=100, completed=int(at))

            status = await running.follow(self._live, self._upid, hear)
        if not well(status):
            raise Failed(self.subject, f"Proxmox VE did not restore it: {status}", "see to that and run this again")

    def _tasks(self, kinds: dict[str, str]) -> Get:
        params = {"typefilter": kinds[self._archive.kind], "vmid": self._wish.to, "source": "all"}
        return Get(f"/nodes/{self._node}/tasks", params)

    async def _clear(self, why: BaseException) -> None:
        """Take away what our own task made; a guest that was there before is never removed."""
        if not self._upid:
            return
        try:
            if isinstance(why, asyncio.CancelledError):
                await running.stop(self._live, self._upid, lambda lines: None)
            elif isinstance(why, Unreachable):
                return
            if self._wish.over:
                say(f"{self.subject}: it was to be overwritten, so look at what is left: {self._config}", err=True)
            elif await self._live.section(self._guests, f"{self._wish.to}/config") is not None:
                await self._remove()
                say(f"{self.subject}: what the restore had made of it was removed again", err=True)
        except Trouble as trouble:
            left = f"what is left of it was not removed ({trouble.said})"
            say(f"{self.subject}: {left}; look at it with {self._config}, and remove it on the node", err=True)

    @property
    def _config(self) -> str:
        return f"{self._program} config {self._wish.to}"

    async def _remove(self) -> None:
        # Neither purge nor unreferenced disks: jobs may name the VMID, and another guest's disks may bear its number.
        removal = Call("DELETE", self._path, {"purge": 0, "destroy-unreferenced-disks": 0})
        async with self._record.step(removal, undo=True):
            upid = await begin(self._live, removal, self._tasks(REMOVALS))
            status = await running.follow(self._live, upid, lambda lines: None, 0.5)
            if not well(status):
                raise Failed(self.subject, f"Proxmox VE did not remove it: {status}", "remove it on the node")

    async def _unplug(self) -> None:
        """Pull the cables that are still plugged in of a guest that is not started yet."""
        try:
            config = await self._live.section(self._guests, f"{self._wish.to}/config")
            if config is None:
                raise Missing(self.subject, "it is gone again", "see who removed it")
            nets = guest_config.networks(lines(config)).items()
            params = {name: guest_config.unplugged(net) for name, net in nets if not guest_config.is_unplugged(net)}
            if params:
                pull = Call("PUT", f"{self._path}/config", params)
                async with self._record.step(pull):
                    await self._live.perform(pull)
        except Trouble as trouble:
            todo = f"see {self._config}, and pull those that are not with {self._program} set before you start it"
            trouble.remedy = f"whether its cables are pulled was not seen, so {todo}"
            raise


def _address() -> str:
    """A network address of those that Proxmox VE gives its guests, which nobody has."""
    return ":".join(["BC", "24", "11", *(f"{byte:02X}" for byte in secrets.token_bytes(3))])


def lines(config: Mapping[str, Any]) -> str:
    """A configuration as the API gives it, as its file has it."""
    return "\n".join(f"{key}: {' '.join(str(value).splitlines())}" for key, value in config.items())


def unfinished(known: Iterable[Entry], resource: str) -> bool:
    """Whether the last that we did to something was neither done nor taken back."""
    parts = [part for receipt in receipts(known) for part in receipt.parts if part.resource == resource]
    steps = parts[-1].done if parts else []
    if any(step.undo and step.outcome == "done" for step in steps):
        return False
    return any(step.outcome != "done" for step in steps if not step.undo)
