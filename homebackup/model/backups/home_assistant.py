"""What Home Assistant says of its automatic backups: its settings, how they went, and what is where."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Backup:
    """One backup; `written` is an epoch, `sizes` its bytes by agent, `failed` the agents that did not take it.

    An `automatic` one was made by the settings of this very Home Assistant; `protected` are the agents where it opens
    only with a key.
    """

    id: str
    name: str
    written: float
    sizes: Mapping[str, int]
    failed: tuple[str, ...] = ()
    automatic: bool = True
    protected: frozenset[str] = frozenset()


@dataclass(frozen=True)
class HomeAssistantFacts:
    """One look; moments are epochs, None for never.

    Automatic backups go to `agents`, of those that are `offered`; `mounts` is the state of network storage by agent;
    `errors` is by agent why it could not be asked. `busy` while a backup is being made or restored.
    """

    agents: frozenset[str]
    scheduled: bool
    offered: frozenset[str] = frozenset()
    attempted: float | None = None
    completed: float | None = None
    following: float | None = None
    mounts: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    backups: tuple[Backup, ...] = ()
    busy: bool = False


def read(config: Mapping[str, Any], info: Mapping[str, Any], offered: Any, mounts: Any) -> HomeAssistantFacts:
    """The facts in its answers; raises LookupError, TypeError or ValueError for what are none of its answers."""
    return HomeAssistantFacts(
        agents=frozenset(map(str, config["create_backup"]["agent_ids"])),
        scheduled=config["schedule"]["recurrence"] != "never",
        offered=frozenset(str(agent["agent_id"]) for agent in offered["agents"]),
        attempted=_epoch(info["last_attempted_automatic_backup"]),
        completed=_epoch(info["last_completed_automatic_backup"]),
        following=_epoch(info.get("next_automatic_backup")),
        mounts={f"hassio.{mount['name']}": str(mount.get("state")) for mount in mounts.get("mounts") or ()},
        errors={str(agent): str(said) for agent, said in (info.get("agent_errors") or {}).items()},
        backups=tuple(sorted(backups(info), key=lambda backup: backup.written)),
        busy=info.get("state", "idle") != "idle",
    )


def backups(info: Mapping[str, Any]) -> Iterator[Backup]:
    """The backups that its list has."""
    for said in info["backups"]:
        yield Backup(
            id=str(said["backup_id"]),
            name=str(said["name"]),
            written=datetime.fromisoformat(said["date"]).timestamp(),
            sizes={str(agent): int(at["size"]) for agent, at in said["agents"].items()},
            failed=tuple(map(str, said.get("failed_agent_ids") or ())),
            automatic=bool(said.get("with_automatic_settings")),
            protected=frozenset(str(agent) for agent, at in said["agents"].items() if at.get("protected")),
        )


def _epoch(said: str | None) -> float | None:
    return None if said is None else datetime.fromisoformat(said).timestamp()
