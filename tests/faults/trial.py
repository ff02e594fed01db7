"""One scene in a house: made ready once, then broken at every moment in every way, with another run after each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.declare import changes
from homebackup.model.steps import Step
from homebackup.world.errors import Trouble
from homebackup.world.journal import Journal
from tests.faults import damage
from tests.faults.breaks import Break, breaks
from tests.faults.house import House, Picture, until
from tests.faults.rigged import RiggedSite
from tests.faults.scenes import FOREIGN_FSTAB, FOREIGN_STORAGE, FOREIGN_VZDUMP, TARGET, Scene

SETTLING = 5.0
"""Seconds that what a killed run left behind on the host may go on."""

ON_THE_HOST = ("NFS mount", "vzdump defaults")
"""What a look sees; whoever made it has just looked, and that serves again."""

State = Mapping[str, Any] | None
"""What Pulumi has recorded of the resource."""


@dataclass(frozen=True)
class Case:
    """What became of one break: what is wrong, how many foreign bytes changed, which secrets were seen."""

    title: str
    problems: tuple[str, ...]
    foreign: int
    secrets: int


class Trial:
    """A scene made ready in a house."""

    def __init__(self, house: House, scene: Scene, fstab: bytes = FOREIGN_FSTAB, *, adopted: bool = False) -> None:
        """`adopted` takes what the scene's script and the fstab have for what was imported."""
        self.house, self.scene, self.fstab, self.adopted = house, scene, fstab, adopted
        self.said: list[str] = []
        self.journal = Journal(house.folder / "journal.jsonl", "pulumi", house.secrets)
        self.moments: list[Step | str] = []
        self.left: list[str] = []

    @cached_property
    def wanted(self) -> Any:
        """What the program declares; None for a delete."""
        return None if self.scene.new is None else self.scene.declared(self.scene.new)

    async def prepare(self) -> None:
        """Make what was there before, take a picture of it, carry the operation out undisturbed and take another."""
        house, scene = self.house, self.scene
        await house.reset()
        for path, content in (("/etc/fstab", self.fstab), ("/etc/vzdump.conf", FOREIGN_VZDUMP)):
            await house.write(path, content)
        await house.shell(f"printf %s '{FOREIGN_STORAGE}' >> /etc/pve/storage.cfg")
        await house.shell("pvesh set /storage/usb --content backup")  # Proxmox VE writes the whole file in its own form
        await house.shell("chmod 640 /etc/fstab; chown 0:34 /etc/fstab; systemctl daemon-reload")
        self.state: State = None
        self.whole = house.site(scene.way)
        lifecycle, made = self._lifecycle(self.whole), {}
        if scene.old is not None and not self.adopted:
            made = vars(await lifecycle.create(scene.declared(scene.old), preview=False))
        await house.shell(scene.script)
        if made or self.adopted:
            seen = await lifecycle.read(made, fresh=True)
            self.state = None if seen is None else vars(seen)
        self.start = house.picture()
        site = house.site(scene.way)
        await self._operate(site, self.state)
        await self.house.left(site)
        self.done = house.picture()
        self.left = await self._left(self._lifecycle(self.whole), fresh=True)
        self.moments = site.moments

    @property
    def planned(self) -> list[Step]:
        """The steps of the undisturbed run."""
        return [moment for moment in self.moments if not isinstance(moment, str)]

    async def cases(self) -> AsyncIterator[Case]:
        """Every break at every moment."""
        for at, moment in enumerate(self.moments):
            for each in breaks(moment, self.scene.way):
                case = await self.case(at, each)
                if case is not None:
                    yield case
                elif each.until_missed:
                    break
        await self.house.left(self.whole)

    async def case(self, at: int, each: Break) -> Case | None:
        """One break at one moment; None when it was not reached."""
        house, self.said = self.house, []
        await house.put_back(self.start)
        state, problems = await self._broken(at, each)
        struck = all(rule.hits for rule in house.box.faults.rules[:1])
        if each.until_missed:
            struck = any("fault" in entry for entry in house.box.journal.entries)
        house.box.faults.clear()
        house.box.root.spaces.limit(None)
        if not struck:
            return None
        pictures = [house.picture()]
        if each.nas_off:
            state = await self._next(state, problems, must=False)
            pictures.append(house.picture())
            house.box.nas.on = True
        if state is not self.state or not house.untouched(pictures[-1], self.start):
            await self._next(state, problems, must=True)  # else what comes next is the undisturbed run
            pictures.append(house.picture())
            problems += [f"left over: {path}" for path in damage.scratch(pictures[-1])]
            problems += self._other_end(pictures[-1])
        whole = (self.start, self.done)
        problems += [f"half done: {line}" for p in pictures for line in damage.half(self.scene, p, whole)]
        foreign = damage.foreign(self.scene, self.start)
        changed = [damage.changed_bytes(foreign, damage.foreign(self.scene, p)) for p in pictures]
        problems += [f"foreign: {path}" for path in dict.fromkeys(path for found in changed for path in found)]
        texts = "\n".join([*self.said, json.dumps(house.box.journal.entries, default=str)])
        secrets = sum(secret in texts for secret in house.secrets)
        moment = self.moments[at]
        what = moment if isinstance(moment, str) else moment.lines()[0]
        title = f"{self.scene.title} | {at} {what} | {each.name}"
        return Case(title, tuple(problems), sum(sum(found.values()) for found in changed), secrets)

    async def _broken(self, at: int, each: Break) -> tuple[State, list[str]]:
        site = self.house.site(self.scene.way, at, lambda work: self._around(site, each, work))
        task = asyncio.create_task(self._operate(site, self.state))
        problems: list[str] = []
        state = self.state
        await asyncio.wait([task])
        if not task.cancelled():
            problems += self._sentence(task.exception())
            state = state if task.exception() else task.result()
        await self.house.left(site)
        await self._settled()
        return state, problems

    async def _around(self, site: RiggedSite, each: Break, work: Awaitable[Any]) -> Any:
        house = self.house
        for rule in each.rules:
            house.box.faults.add(dict(rule))
        site.host.hasty = site.api.hasty = each.hasty
        site.host.cut = each.cut
        if each.room is not None:
            house.box.root.spaces.limit(each.room)
        if each.nas_off:
            house.box.nas.on = False
        going = asyncio.ensure_future(work)
        if each.killed == "in":
            before = len(house.box.journal.entries)
            await until(lambda: len(house.box.journal.entries) > before or going.done(), SETTLING)
        elif each.killed != "before":
            result = await going
        if each.killed:
            going.cancel()
            raise asyncio.CancelledError
        return result

    async def _settled(self) -> None:
        await until(lambda: not self.house.box.machine.processes, SETTLING)

    async def _next(self, state: State, problems: list[str], *, must: bool) -> State:
        """What `pulumi up` does next, the state refreshed first; it must end well unless the NAS is still off."""
        lifecycle = self._lifecycle(self.whole)
        try:
            if state is not None:
                seen = await lifecycle.read(state, fresh=True)
                state = None if seen is None else vars(seen)
            if self.wanted is None or state is None or changes(self.scene.cls, state, vars(self.wanted)):
                state = await self._operate(self.whole, state)
            if must:
                problems += await self._left(lifecycle)
        except Trouble as trouble:
            problems += [f"the next run ends with: {trouble}"] if must else self._sentence(trouble)
        return state

    async def _left(self, lifecycle: Lifecycle, *, fresh: bool = False) -> list[str]:
        """What a further run would still do."""
        cls, wanted = self.scene.cls, self.wanted
        known = vars(wanted) if wanted is not None else self.state or {}
        just_seen = wanted is not None and cls.noun in ON_THE_HOST
        ground = await cls.ground(lifecycle.site, self.scene.name, known, fresh=fresh or not just_seen)
        seen = cls.found(self.scene.name, ground, known)
        if wanted is None:
            return [f"still to do: {line}" for line in seen.deleting(ground).lines()] if seen is not None else []
        if seen is None:
            return ["it is not there"]
        left = [f"{name} still differs" for name in changes(cls, vars(seen), vars(wanted))]
        return left + [f"still to do: {line}" for line in wanted.updating(seen, ground).lines()]

    def _other_end(self, picture: Picture) -> list[str]:
        """Where the end is another one than that of the undisturbed run."""
        ours, done = damage.ours(self.scene, picture), damage.ours(self.scene, self.done)
        found = [f"{path} ends as {ours[path]}" for path in ours if ours[path] != done[path]]
        units = {p for p in {*picture.things, *self.done.things} if p.endswith((".timer", ".service"))}
        found += [
            f"{path} ends as {picture.things.get(path)}"
            for path in sorted(units)
            if picture.things.get(path) != self.done.things.get(path)
        ]
        guards = [p.things[TARGET].immutable for p in (picture, self.done) if TARGET in p.things]
        if len(set(guards)) > 1 and guards[0] != getattr(self.wanted, "immutable", None):
            found.append(f"{TARGET} ends {'guarded' if guards[0] else 'unguarded'}")
        mounts = [[(m.source, m.target, m.options) for m in p.mounts] for p in (picture, self.done)]
        if mounts[0] != mounts[1]:
            found.append(f"mounted in the end: {mounts[0]}")
        return found

    def _sentence(self, error: BaseException | None) -> list[str]:
        """What is wrong with an error as the owner reads it."""
        if error is None:
            return []
        self.said.append(str(error))
        if not isinstance(error, Trouble):
            return [f"no sentence but {error!r}"]
        text = str(error)
        return [] if ": " in text and "; " in text and "\n" not in text else [f"no sentence: {text}"]

    async def _operate(self, site: RiggedSite, state: State) -> State:
        lifecycle = self._lifecycle(site)
        if self.wanted is None:
            if state is not None:
                await lifecycle.delete(state)
            return None
        if state is None:
            made = await lifecycle.create(self.wanted, preview=False)
        else:
            made = await lifecycle.update(state, self.wanted, preview=False)
        return dict(vars(made))

    def _lifecycle(self, site: RiggedSite) -> Lifecycle:
        record = self.journal.of("lab", self.scene.title, self.said.append)
        return Lifecycle(site, self.scene.cls, self.scene.name, self.said.append, record=record)
