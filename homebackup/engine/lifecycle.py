"""Create, read, update and delete of any resource on any world: look, plan, say, do, look again."""

import shlex
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from homebackup.model import notices
from homebackup.model.declare import UNKNOWN, Field, Value, loose, observed, remembered
from homebackup.model.differences import changed, shown, unlike
from homebackup.model.hidden import SECRET, Hidden
from homebackup.model.lifecycle import Managed, Say
from homebackup.model.notices import Notice
from homebackup.model.refusal import Refusal
from homebackup.model.steps import Blocked, Plan, Step, Write
from homebackup.world.errors import Busy, Changed, Refused, Trouble, Unreachable
from homebackup.world.journal import Nowhere, Record
from homebackup.world.live_site import LiveSite

TRIES = 5
"""How often a plan is made anew because somebody else, of another run, changed the same file."""


Weigh = Callable[[Plan, Any, Any], Awaitable[Plan]]
"""Adds to a plan what it takes away: from what was seen, None for what is made, and what is new, None for what goes."""


class Lifecycle:
    """One resource of one class on a site; values are in normal form, by the declaration's names.

    What is `hidden` of it stands in no text: not in a plan, a sentence, an error, nor in the journal.
    """

    def __init__(
        self,
        site: LiveSite,
        cls: type[Managed],
        name: str,
        say: Say,
        urn: str = "",
        record: Record | None = None,
        hidden: Hidden | None = None,
        weigh: Weigh | None = None,
    ) -> None:
        self.site, self.cls, self.name, self.urn = site, cls, name, urn
        self.hidden = hidden or Hidden.of(cls.fields, ())
        self._say, self._weigh = say, weigh
        self.record = record or Nowhere().of("", name, say)

    def beside(self, name: str) -> "Lifecycle":
        """The lifecycle of another of its class."""
        return Lifecycle(self.site, self.cls, name, self._say, self.urn, hidden=self.hidden, weigh=self._weigh)

    @property
    def subject(self) -> str:
        """What the owner calls it: `vzdump job backup-home-p0-daily`."""
        return f"{self.cls.noun} {self.name}"

    def say(self, said: str | Notice) -> None:
        """Tell the owner, without what is hidden."""
        self._say(self.hidden.clean(said if isinstance(said, str) else said.text))

    async def read(self, known: Mapping[str, Value], *, fresh: bool = False) -> Any:
        """The resource as it is, None when it is not there."""
        ground = await self._ground(known, fresh=fresh)
        seen = self.cls.found(self.name, ground, known)
        if seen is not None and (unknown := seen.unknown(ground)):
            self.say(notices.unknown(unknown))
        return seen

    async def create(self, new: Any, *, preview: bool) -> Any:
        """Make it, or take over what is there and equal; the result is what is there afterwards."""
        declared = {f.name: getattr(new, f.name) for f in self.cls.fields if observed not in f.marks}

        async def planned() -> Plan:
            ground = await self._ground(vars(new), fresh=not preview)
            seen = self.cls.found(self.name, ground, declared)
            if seen is None:
                return await self._weighed(self._planned(new.creating, ground), None, new)
            self._hide(seen)
            if different := self._declared_differences(seen, new):
                raise Refused(
                    self.subject,
                    f"it exists already and is different: {'; '.join(different)}",
                    f"declare it as it is, or take it over with `{self.import_line()}` and let pulumi up change it",
                )
            self.say(f"{self.subject}: exists already and is equal; taken over")
            return await self._weighed(self._planned(new.updating, seen, ground), seen, new)

        return await self._carry_out(new, planned, preview=preview)

    async def update(self, old: Mapping[str, Value], new: Any, *, preview: bool) -> Any:
        """Make `new` of it, unless somebody changed it since `old` was seen."""
        new = replace(new, **{f.name: old.get(f.name) for f in self.cls.fields if remembered in f.marks})

        async def planned() -> Plan:
            ground = await self._ground(vars(new), fresh=not preview)
            seen = self.cls.found(self.name, ground, old)
            if seen is None:
                return await self._weighed(self._planned(new.creating, ground), None, new)
            self._hide(seen)
            if not preview and (meanwhile := self._meanwhile(old, seen, new)):
                raise Changed(
                    self.subject,
                    f"changed meanwhile by somebody else: {'; '.join(meanwhile)}",
                    "nothing was overwritten; run pulumi up again to see it as drift",
                )
            return await self._weighed(self._planned(new.updating, seen, ground), seen, new)

        return await self._carry_out(new, planned, preview=preview)

    async def delete(self, old: Mapping[str, Value]) -> None:
        """Remove it; one that is gone already counts as removed."""

        async def planned() -> Plan:
            return await self._deleting(await self._ground(old, fresh=True), old)

        plan = await self._perform(planned, lambda: self._gone(old))
        if plan.steps and not await self._gone(old):
            said = "every step ended well, but it is still there"
            await self.record.verdict(said)
            raise Refused(self.subject, said, "look at the host's journal and run this again")

    async def deletion(self, old: Mapping[str, Value]) -> Plan:
        """What `delete` would do."""
        return await self._deleting(await self._ground(old), old)

    async def creation(self, new: Any) -> Plan:
        """What making it would do once nothing of it is there."""
        return await self._weighed(self._planned(new.creating, await self._ground(vars(new))), None, new)

    def import_line(self) -> str:
        """The command that takes over what exists; a component's resource is named like the component itself."""
        types, _, alias = self.urn.rpartition("::")
        parent = types.rpartition("$")[0]
        words = ["pulumi", "import", f"homebackup:index:{self.cls.__name__}", alias or self.name, self.name]
        return shlex.join([*words, "--parent", f"parent={parent}::{alias}"] if parent else words)

    async def _ground(self, wanted: Mapping[str, Value], *, fresh: bool = False) -> Any:
        try:
            return await self.cls.ground(self.site, self.name, wanted, fresh=fresh)
        except Refusal as refusal:
            raise self._refused(refusal) from None

    def _planned(self, plan: Callable[..., Plan], *ground: Any) -> Plan:
        try:
            return plan(*ground).hiding(self.hidden)
        except Refusal as refusal:
            raise self._refused(refusal) from None

    def _refused(self, refusal: Refusal) -> Refused:
        return Refused(self.subject, self.hidden.clean(refusal.said), self.hidden.clean(refusal.remedy))

    async def _deleting(self, ground: Any, old: Mapping[str, Value]) -> Plan:
        seen = self.cls.found(self.name, ground, old)
        if seen is None:
            return Plan()
        self._hide(seen)
        return await self._weighed(self._planned(seen.deleting, ground), seen, None)

    async def _weighed(self, plan: Plan, seen: Any, new: Any) -> Plan:
        return await self._weigh(plan, seen, new) if self._weigh and plan.steps else plan

    def _hide(self, seen: Any) -> None:
        """Hides what a secret field holds on the site too: somebody may have set it to another secret by hand."""
        self.hidden = self.hidden.also(self.cls.fields, vars(seen))

    async def _carry_out(self, new: Any, planned: Callable[[], Awaitable[Plan]], *, preview: bool) -> Any:
        if preview:
            for notice in notices.of(await planned()):
                self.say(notice)
            return new
        plan = await self._perform(planned, lambda: self._done_all_the_same(new))
        seen = await self._made(new)
        if seen is None or (left := self._left(seen, new)):
            said = f"it is still not as declared: {'; '.join(left)}" if seen is not None else "it is not there"
            await self.record.verdict(f"every step ended well, but {said}")
            async with self.site.turn(self.cls.turn):
                await self._undo(plan, len(plan.steps))
            raise Refused(
                self.subject, f"every step ended well, but {said}", "look at the host's journal and run this again"
            )
        return seen

    async def _made(self, new: Any) -> Any:
        """What is there now; what cannot be seen does not count as made."""
        known = {f.name: None if observed in f.marks else getattr(new, f.name) for f in self.cls.fields}
        return self.cls.found(self.name, await self._ground(known, fresh=True), known)

    async def _done_all_the_same(self, new: Any) -> bool:
        """Whether the resource is as declared after a failure: perhaps only the answer was lost."""
        try:
            seen = await self._made(new)
        except Trouble:
            return False
        return seen is not None and not self._left(seen, new)

    async def _gone(self, old: Mapping[str, Value]) -> bool:
        """Whether it is there no more; the ground names no server, since a NAS that is off would be waited for."""
        known = {f.name: old.get(f.name) for f in self.cls.fields if observed not in f.marks}
        try:
            return self.cls.found(self.name, await self._ground({}, fresh=True), known) is None
        except Trouble:
            return False

    async def _perform(self, planned: Callable[[], Awaitable[Plan]], done: Callable[[], Awaitable[bool]]) -> Plan:
        """Carries the plan out, made anew as often as somebody else changed the same file meanwhile.

        `done` looks after a failure whether it was done all the same; if it was not, what was done is taken back.
        """
        for attempt in range(1, TRIES + 1):
            async with self.site.turn(self.cls.turn):
                plan = await planned()
                try:
                    await self._do(plan, done)
                except Changed:
                    if attempt == TRIES:
                        raise
                else:
                    return plan
        raise AssertionError("the loop returns or raises")

    async def _do(self, plan: Plan, done: Callable[[], Awaitable[bool]]) -> None:
        if plan.losses:
            self.say(notices.losses(plan.losses))
        if plan.blocked:
            raise self._stopped(plan.blocked)
        await self.record.plan(plan)
        begun = 0
        try:
            for step in plan.steps:
                await self._step(step)
                begun += 1
        except Trouble as trouble:
            if await done():
                self.say(f"{self.subject}: done all the same, although an answer said otherwise: {trouble}")
                await self.record.verdict("it was done all the same, although an answer said otherwise")
                return
            if await self._undo(plan, begun):
                trouble.remedy = f"what had been done was taken back; {trouble.remedy}"
            raise
        except Exception:  # a defect, which Pulumi is told as such
            await self._undo(plan, begun)
            raise

    async def _step(self, step: Step, *, undo: bool = False) -> None:
        async with self.record.step(step, undo=undo):
            try:
                await self.site.perform(step)
            except Trouble as trouble:
                trouble.said, trouble.remedy = self.hidden.clean(trouble.said), self.hidden.clean(trouble.remedy)
                raise

    def _stopped(self, why: Blocked) -> Trouble:
        kind: type[Trouble] = {"in use": Busy, "unknown": Unreachable, "refused": Refused}[why.kind]
        return kind(self.subject, self.hidden.clean(why.said), self.hidden.clean(why.remedy))

    async def _undo(self, plan: Plan, done: int) -> bool:
        """Puts the host back where it was; what cannot be undone is said."""
        if not plan.undo or done < plan.undo_from:
            return False
        try:
            for step in plan.undo:
                await self._take_back(step)
        except Trouble as trouble:
            self.say(f"{self.subject}: could not be put back as it was: {trouble}")
            return False
        return True

    async def _take_back(self, step: Step) -> None:
        """One step of an undo; a file that somebody else changed meanwhile keeps that."""
        try:
            await self._step(step, undo=True)
        except Changed:
            if not isinstance(step, Write) or not step.edit:
                raise
            again = step.onto((await self.site.look(fresh=True)).files.get(step.path))
            if again is None:
                raise
            await self._step(again, undo=True)

    def _declared_differences(self, seen: Any, new: Any) -> list[str]:
        """What is there otherwise than the program says; what it leaves alone does not count."""
        fields = [f for f in self.cls.fields if observed not in f.marks]
        managed = [f for f in fields if loose not in f.marks or getattr(new, f.name) is not None]
        return unlike(managed, vars(seen), vars(new), self._shown)

    def _meanwhile(self, old: Mapping[str, Value], seen: Any, new: Any) -> list[str]:
        """What somebody changed after it was last seen, where that is not what is declared anyway."""
        fields = [f for f in self.cls.fields if old.get(f.name) is not UNKNOWN]
        astray = [f for f in fields if not f.same(getattr(seen, f.name), getattr(new, f.name))]
        return changed(astray, {f.name: old.get(f.name, f.absent) for f in astray}, vars(seen), self._shown)

    def _left(self, seen: Any, new: Any) -> list[str]:
        return unlike(self.cls.fields, vars(seen), vars(new), self._shown)

    def _shown(self, f: Field, value: Value) -> str:
        return SECRET if f.name in self.hidden.names else shown(f, value)
