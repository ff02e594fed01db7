"""A backup that waits until a guest runs, as a state of the stack."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from homebackup.model.declare import Field, Says, Value, key, observed, resource
from homebackup.model.kinds import Text, Vmid
from homebackup.model.lifecycle import World
from homebackup.model.steps import Plan

WAITING = "waiting"


@dataclass(frozen=True)
class Ground:
    """The guests of the cluster that run."""

    running: frozenset[int]


@resource
class Deferral:
    """A backup that waits until a guest runs.

    Nothing is made of it on the site; when the guest runs and it still stands, every preview says what to declare.
    """

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]
    noun: ClassVar[str] = "deferral"
    turn: ClassVar[str] = ""

    name: Annotated[Text, key]
    """What waits: an app or a guest."""
    until: Vmid
    """The guest whose running ends it."""
    reason: Text
    """Why it waits."""
    instead: Text
    """What to do when the guest runs."""
    state: Annotated[Text, observed, Says("it is")] = WAITING
    """That it is there; a site has nothing of it."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """None beyond what each field says."""
        yield from ()

    @classmethod
    async def ground(cls, world: World, name: str, wanted: Mapping[str, Value], *, fresh: bool = False) -> Ground:
        """Which guests run."""
        listed = await world.listing("/cluster/resources")
        return Ground(frozenset(int(row["vmid"]) for row in listed if row.get("status") == "running" and "vmid" in row))

    @classmethod
    def found(cls, name: str, ground: Ground, known: Mapping[str, Value]) -> Self | None:
        """What the stack's state has; there is nothing to import."""
        if "state" not in known:
            return None
        values: dict[str, Any] = {f.name: known.get(f.name) for f in cls.fields}
        return cls(**values | {"name": name, "state": WAITING})

    def unknown(self, ground: Ground) -> str:
        """Nothing."""
        return ""

    def over(self, ground: Ground) -> str:
        """What to say when the guest runs; empty while it does not."""
        if self.until not in ground.running:
            return ""
        return f"guest {self.until} runs, until which {self.name} was deferred ({self.reason}); {self.instead}"

    def creating(self, ground: Ground) -> Plan:
        """Nothing to do, and what there is to say."""
        return Plan(doubts=(said,) if (said := self.over(ground)) else ())

    def updating(self, seen: Self, ground: Ground) -> Plan:
        """Likewise."""
        return self.creating(ground)

    def deleting(self, ground: Ground) -> Plan:
        """Nothing to take away."""
        return Plan()
