"""Network storage of Home Assistant's Supervisor: an export of the NAS that backups are written to."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from homebackup.model.declare import Field, Says, Value, key, observed, resource
from homebackup.model.kinds import ExportPath, Flag, LanAddress, Text, fitting
from homebackup.model.lifecycle import World
from homebackup.model.seen import Unseen
from homebackup.model.spelling import Wire, from_wire
from homebackup.model.steps import Ask, Blocked, Plan
from homebackup.resources._away import as_known, away

MountName = Annotated[
    Text, fitting(re.compile(r"[A-Za-z0-9_]+").fullmatch, "a name of network storage (letters, digits and _)")
]


@dataclass(frozen=True)
class Ground:
    """The network storage by name, the agents that are offered for backups, and those that the automatic ones use."""

    mounts: Mapping[str, Mapping[str, Any]]
    offered: frozenset[str]
    used: frozenset[str]


@resource
class HomeAssistantMount:
    """An export of the NAS as network storage for Home Assistant's backups, kept by its Supervisor.

    The Supervisor mounts it softly by itself and looks every 15 minutes whether it is still there. Deleting it leaves
    every backup on the NAS.
    """

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]
    noun: ClassVar[str] = "network storage"
    turn: ClassVar[str] = "home-assistant"

    name: Annotated[MountName, key]
    """Its name in Home Assistant."""
    server: LanAddress
    """Address of the NAS in the LAN."""
    path: ExportPath
    """Directory that the NAS exports. It writes there as root, so the export must map root to an account that may."""
    usage: Literal["backup"] = "backup"
    """What it is for."""
    protocol: Annotated[Literal["nfs"], Wire("type")] = "nfs"
    """How it is reached."""
    state: Annotated[Text, observed, Says("its state is")] = "active"
    """Whether it is mounted now; one that is not is mounted again."""
    offered: Annotated[Flag, observed, Says("offered for backups:")] = True
    """Whether Home Assistant offers it as a place for backups, the agent `hassio.NAME`."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """None beyond what each field says."""
        yield from ()

    @property
    def agent(self) -> str:
        """What Home Assistant calls it where backups go."""
        return f"hassio.{self.name}"

    @classmethod
    async def ground(
        cls, world: World, name: str, wanted: Mapping[str, Value], *, fresh: bool = False
    ) -> Ground | Unseen:
        """All network storage, and the agents that are offered and used."""
        said: Any = await world.asked("home-assistant", "supervisor/api", {"endpoint": "/mounts", "method": "get"})
        offered: Any = await world.asked("home-assistant", "backup/agents/info")
        settings: Any = await world.asked("home-assistant", "backup/config/info")
        if isinstance(lost := next((a for a in (said, offered, settings) if isinstance(a, Unseen)), None), Unseen):
            return lost
        return Ground(
            {str(mount["name"]): mount for mount in said.get("mounts") or []},
            frozenset(str(agent["agent_id"]) for agent in offered.get("agents") or []),
            frozenset(map(str, settings["config"]["create_backup"]["agent_ids"])),
        )

    @classmethod
    def found(cls, name: str, ground: Ground | Unseen, known: Mapping[str, Value]) -> Self | None:
        """The network storage of that name, whatever it is for; as last known while Home Assistant does not answer."""
        if isinstance(ground, Unseen):
            return as_known(cls, known)
        if (said := ground.mounts.get(name)) is None:
            return None
        return from_wire(cls, {**said, "offered": f"hassio.{name}" in ground.offered})

    def unknown(self, ground: Ground | Unseen) -> str:
        """All of it, while Home Assistant does not answer."""
        return str(ground) if isinstance(ground, Unseen) else ""

    def creating(self, ground: Ground | Unseen) -> Plan:
        """Mount it; the Supervisor refuses what it cannot mount."""
        return self._plan(ground, Ask("home-assistant", "supervisor/api", self._request("/mounts", "post")))

    def updating(self, seen: Self, ground: Ground | Unseen) -> Plan:
        """Change what differs, which mounts it anew; else mount it again where it is not."""
        told = [f for f in self.fields if observed not in f.marks]
        if any(not f.same(getattr(self, f.name), getattr(seen, f.name)) for f in told):
            request = self._request(f"/mounts/{self.name}", "put")
        elif seen.state != self.state or not seen.offered:
            request = {"endpoint": f"/mounts/{self.name}/reload", "method": "post"}
        else:
            return Plan(blocked=away(ground))
        return self._plan(ground, Ask("home-assistant", "supervisor/api", request))

    def deleting(self, ground: Ground | Unseen) -> Plan:
        """Unmount and forget it, unless automatic backups go there; backups on the NAS stay."""
        if isinstance(ground, Ground) and self.agent in ground.used:
            said = f"the automatic backups of Home Assistant go to {self.agent}"
            return Plan(blocked=Blocked(said, "let them go elsewhere first", "in use"))
        request = {"endpoint": f"/mounts/{self.name}", "method": "delete"}
        return self._plan(ground, Ask("home-assistant", "supervisor/api", request))

    def _request(self, endpoint: str, method: str) -> dict[str, Any]:
        told = {f.wire: getattr(self, f.name) for f in self.fields if observed not in f.marks}
        return {"endpoint": endpoint, "method": method, "data": told}

    def _plan(self, ground: Ground | Unseen, step: Ask) -> Plan:
        return Plan((step,), blocked=away(ground))
