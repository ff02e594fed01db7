"""A systemd timer on the machine that holds the owner's repository, which runs a verb of homebackup."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Self

from homebackup.model.declare import Field, Says, Value, key, observed, remembered, resource
from homebackup.model.kinds import Schedule, Text, fitting
from homebackup.model.lifecycle import World
from homebackup.model.refusal import Refusal
from homebackup.model.steps import Blocked, Plan, Run, Step, Write
from homebackup.model.systemd import calendar
from homebackup.model.timer import RUNNING, Timer
from homebackup.model.verb_timers import VERBS, Machine, VerbName, unit_of

AS_DECLARED = "as declared"
StackName = Annotated[Text, fitting(re.compile(r"[A-Za-z0-9_.-]{1,100}").fullmatch, "the name of a stack")]


@resource
class ScheduledVerb:
    """A verb of homebackup that runs by the clock, on the machine that holds the repository: the one that runs Pulumi.

    Its units are those of the system where root runs Pulumi, else those of the user, who then needs
    `loginctl enable-linger` to have them run while nobody is logged in. Nothing of it is on the Proxmox VE host.
    """

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]
    noun: ClassVar[str] = "scheduled verb"
    turn: ClassVar[str] = "units"

    stack: Annotated[StackName, key]
    """The stack that it is run on."""
    verb: Annotated[VerbName, key]
    """What is run: `notify` tells what changed, `digest` how all stand, `verify` reads archives to their end that were
    not yet, `drill` restores the guest whose drill is longest ago."""
    schedule: Schedule
    """When to run it, by that machine's clock; a run that was missed is made up for."""
    timer: Annotated[Text, observed, Says("its timer is")] = AS_DECLARED
    """Its systemd timer and service, as files and as systemd runs them."""
    machine: Annotated[Text | None, remembered] = None
    """The machine that has it; on another one it is neither looked at nor changed."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """None beyond what each field says."""
        yield from ()

    @classmethod
    async def ground(cls, world: World, name: str, wanted: Mapping[str, Value], *, fresh: bool = False) -> Machine:
        """The machine, and what is there of the timer."""
        return await world.machine(unit_of(*_parts(name)))

    @classmethod
    def found(cls, name: str, ground: Machine, known: Mapping[str, Value]) -> Self | None:
        """The timer as it is; as last known where it is on another machine or systemd does not answer."""
        stack, verb = _parts(name)
        schedule, home = str(known.get("schedule") or ""), known.get("machine")
        if home and (home != ground.name or ground.lacking):
            was = str(known.get("timer") or AS_DECLARED)
            return cls(stack=stack, verb=verb, schedule=schedule, timer=was, machine=str(home))
        if not ground.files:
            return None
        event = ground.event(stack, verb)
        if event and not (schedule and calendar(schedule) == event):
            schedule = event
        state = ground.timer(stack, verb, event).state(ground)
        said = AS_DECLARED if state == RUNNING or ground.lacking else state
        return cls(stack=stack, verb=verb, schedule=schedule, timer=said, machine=ground.name)

    def unknown(self, ground: Machine) -> str:
        """Why nobody can look at it from here."""
        blocked = self._blocked(ground)
        return f"{blocked.said}, so whether it still runs is as last known" if blocked else ""

    def creating(self, ground: Machine) -> Plan:
        """Put the service and its timer there, and start it."""
        timer = self._timer(ground)
        blocked = self._blocked(ground)
        return Plan(_here(timer.keeping(ground)), blocked=blocked)

    def updating(self, seen: Self, ground: Machine) -> Plan:
        """Put right what is not as declared."""
        return replace(self, machine=seen.machine).creating(ground)

    def deleting(self, ground: Machine) -> Plan:
        """Stop the timer and take both units away."""
        return Plan(_here(self._timer(ground).removing(ground)), blocked=self._blocked(ground))

    def _timer(self, ground: Machine) -> Timer:
        return ground.timer(self.stack, self.verb, calendar(self.schedule))

    def _blocked(self, ground: Machine) -> Blocked | None:
        if self.machine and self.machine != ground.name:
            said = f"its timer is on {self.machine}, and this is {ground.name}"
            return Blocked(said, f"run this on {self.machine}, or let Pulumi forget the timer with pulumi state delete")
        if ground.lacking:
            return Blocked(ground.lacking, "use a machine with systemd for what is to run by the clock")
        return None


def _here(steps: list[Step]) -> tuple[Step, ...]:
    return tuple(replace(step, here=True) for step in steps if isinstance(step, (Run, Write)))


def _parts(name: str) -> tuple[str, VerbName]:
    stack, _, verb = name.rpartition("#")
    known = next((one for one in VERBS if one == verb), None)
    if not stack or known is None:
        raise Refusal(f"{name} names no scheduled verb", f"name it STACK#VERB, the verb one of {', '.join(VERBS)}")
    return stack, known
