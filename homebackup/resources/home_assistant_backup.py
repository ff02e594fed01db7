"""The automatic backups of Home Assistant: where they go, when, what they hold, and the key that opens them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, WithJsonSchema

from homebackup.model.declare import Field, Says, Value, key, loose, observed, remembered, resource, secret
from homebackup.model.kinds import Flag, Text, Whole, at_least, fitting, items
from homebackup.model.lifecycle import World
from homebackup.model.seen import Unseen
from homebackup.model.steps import Ask, Blocked, Plan
from homebackup.resources._away import as_known, away

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FOLDERS = ("addons/local", "media", "share", "ssl")


def _hour(value: Any) -> Any:
    """HH:MM, with seconds only where there are some."""
    return value.removesuffix(":00") if isinstance(value, str) and value.count(":") == 2 else value


def _seconds(time: str | None) -> str | None:
    """As Home Assistant has it, HH:MM:SS."""
    return f"{time}:00" if time and time.count(":") == 1 else time


Time = Annotated[
    Text,
    BeforeValidator(_hour),
    fitting(re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?").fullmatch, "a time of day such as 03:45"),
]
_LIST = WithJsonSchema({"type": "array", "items": {"type": "string"}})
Names = Annotated[frozenset[Text], BeforeValidator(items), _LIST]
Day = Annotated[Text, fitting(lambda word: word in DAYS, f"one of {', '.join(DAYS)}")]
Days = Annotated[frozenset[Day], BeforeValidator(items), _LIST]
Folder = Annotated[Text, fitting(lambda word: word in FOLDERS, f"one of {', '.join(FOLDERS)}")]
Folders = Annotated[frozenset[Folder], BeforeValidator(items), _LIST]
Keys = Annotated[tuple[Text, ...], _LIST]


@dataclass(frozen=True)
class Ground:
    """Home Assistant's own settings, and the agents that it offers as places for backups."""

    config: Mapping[str, Any]
    offered: frozenset[str]

    @property
    def fresh(self) -> bool:
        """Whether nobody has set up automatic backups."""
        return not self.config["create_backup"]["agent_ids"] and self.config["schedule"]["recurrence"] == "never"


@resource
class HomeAssistantBackup:
    """The settings of Home Assistant's automatic backups, of which it has one set.

    Deleting it puts back what was there before it was made or imported; no backup is deleted.
    """

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]
    noun: ClassVar[str] = "automatic backups of"
    turn: ClassVar[str] = "home-assistant"

    name: Annotated[Literal["home-assistant"], key] = "home-assistant"
    """There is one set of them in each Home Assistant."""
    agents: Names
    """Where each backup goes: `hassio.NAME` for network storage, `hassio.local` for the machine itself."""
    time: Time
    """When a backup begins, by Home Assistant's clock."""
    days: Days = frozenset(DAYS)
    """Days of the week on which one is made."""
    keep_copies: Annotated[Whole, at_least(1)] | None = None
    """How many automatic backups are kept at each place; all of them unless given."""
    keep_days: Annotated[Whole, at_least(1)] | None = None
    """How many days they are kept; for ever unless given."""
    database: Flag = True
    """Whether the history of all sensors is in it."""
    all_addons: Flag = True
    """Whether every add-on is in it, those installed later included."""
    addons: Names = frozenset()
    """Add-ons that are in it, by their slugs, where that is not all of them."""
    folders: Folders = frozenset()
    """Folders that are in it beside the configuration: `addons/local`, `media`, `share`, `ssl`."""
    label: Text | None = None
    """Name of each backup; `Automatic backup VERSION` unless given."""
    unencrypted: Names = frozenset()
    """The agents at which backups lie open, although there is a key."""
    encryption_key: Annotated[Text | None, secret, loose] = None
    """What encrypts new backups. A backup opens only with the key of its own time, so a changed key is kept among
    `kept_keys`; while none is given, whichever is there stays."""
    own_retention: Annotated[Names, observed, Says("agents with a retention of their own:")] = frozenset()
    """Agents whose own retention goes before this one."""
    lost: Annotated[Names, observed, Says("agents that are not there:")] = frozenset()
    """Of its agents those that Home Assistant does not offer; it would go on without them and say nothing here."""
    kept_keys: Annotated[Keys, remembered, secret] = ()
    """Every key that was seen here, the newest last."""
    before: Annotated[Text | None, remembered, secret] = None
    """The settings when it was imported, as JSON; nothing where it was made and there were none."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Settings that make no backup, or whose parts contradict one another."""
        if not self.agents:
            yield "agents", "must name at least one, or there is no backup"
        if not self.days:
            yield "days", "must name at least one, or there is no backup"
        if self.all_addons and self.addons:
            yield "addons", "names some, where all_addons takes every one; set all_addons to false"
        if stray := sorted(self.unencrypted - self.agents):
            yield "unencrypted", f"names {stray[0]}, which is none of its agents"

    def doubtful(self) -> Iterator[tuple[str, str]]:
        """What is allowed and likely not meant."""
        if self.keep_copies is None and self.keep_days is None:
            yield "keep_copies and keep_days are not given, so backups are kept until the place is full", "give one"

    @classmethod
    async def ground(
        cls, world: World, name: str, wanted: Mapping[str, Value], *, fresh: bool = False
    ) -> Ground | Unseen:
        """The settings and the agents."""
        offered: Any = await world.asked("home-assistant", "backup/agents/info")
        settings: Any = await world.asked("home-assistant", "backup/config/info")
        for answer in (offered, settings):
            if isinstance(answer, Unseen):
                return answer
        names = frozenset(str(agent["agent_id"]) for agent in offered.get("agents") or [])
        return Ground(settings["config"], names)

    @classmethod
    def found(cls, name: str, ground: Ground | Unseen, known: Mapping[str, Value]) -> Self | None:
        """The settings as they are; None where there are none, or those again that were there before."""
        if isinstance(ground, Unseen):
            return as_known(cls, known)
        if ground.fresh:
            return None
        seen = cls._of(ground)
        kept = [*(known.get("kept_keys") or ()), *([seen.encryption_key] if seen.encryption_key else [])]
        before = known.get("before") if known else _settings(ground.config)
        if known and known.get("encryption_key") is None:
            seen = replace(seen, encryption_key=None)
        if before is not None and known and before == _settings(ground.config) and not seen._is(known):
            return None
        return replace(seen, kept_keys=tuple(dict.fromkeys(kept)), before=before)

    @classmethod
    def _of(cls, ground: Ground) -> Self:
        config, made = ground.config, ground.config["create_backup"]
        agents = frozenset(made["agent_ids"])
        places = config.get("agents") or {}
        every = {"never": (), "daily": DAYS}.get(config["schedule"]["recurrence"], config["schedule"]["days"])
        return cls(
            agents=agents,
            time=_hour(config["schedule"]["time"]),
            days=frozenset(every),
            keep_copies=config["retention"]["copies"],
            keep_days=config["retention"]["days"],
            database=made["include_database"],
            all_addons=made["include_all_addons"],
            addons=frozenset(made["include_addons"] or ()),
            folders=frozenset(made["include_folders"] or ()),
            label=made["name"],
            encryption_key=made["password"],
            unencrypted=frozenset(agent for agent in agents if places.get(agent, {}).get("protected") is False),
            own_retention=frozenset(agent for agent in agents if places.get(agent, {}).get("retention")),
            lost=agents - ground.offered,
        )

    def _is(self, known: Mapping[str, Value]) -> bool:
        """Whether these are the settings that are known."""
        return all(f.same(getattr(self, f.name), known.get(f.name)) for f in self.fields if observed not in f.marks)

    def unknown(self, ground: Ground | Unseen) -> str:
        """All of it, while Home Assistant does not answer."""
        return str(ground) if isinstance(ground, Unseen) else ""

    def creating(self, ground: Ground | Unseen) -> Plan:
        """Set all of them at once."""
        return self._plan(ground, self._told(ground))

    def updating(self, seen: Self, ground: Ground | Unseen) -> Plan:
        """Send the parts that differ; retention and schedule each as a whole, since Home Assistant replaces them so."""
        wanted, there = self._told(ground), seen._told(ground)
        changed = {part: told for part, told in wanted.items() if told != there[part]}
        if seen.own_retention:
            changed["agents"] = wanted["agents"]
        return self._plan(ground, changed) if changed or seen.lost else Plan(blocked=away(ground))

    def deleting(self, ground: Ground | Unseen) -> Plan:
        """Put back what was there before; of its agents those that are still offered."""
        put = json.loads(self.before or _settings(FRESH))
        if isinstance(ground, Ground):
            made = put["create_backup"]
            there = [agent for agent in made["agent_ids"] if agent in ground.offered]
            put["create_backup"] = {**made, "agent_ids": there}
        lost = ("the keys of earlier backups, which are kept here: note what `homebackup app keys --reveal` prints",)
        hidden = frozenset(word for word in (*self.kept_keys, put["create_backup"]["password"]) if word)
        step = Ask("home-assistant", "backup/config/update", put, hidden)
        return Plan((step,), blocked=away(ground), losses=lost if self.kept_keys else ())

    def _told(self, ground: Ground | Unseen) -> dict[str, Any]:
        """The settings in Home Assistant's own form."""
        places = ground.config.get("agents") or {} if isinstance(ground, Ground) else {}
        made: dict[str, Any] = {
            "agent_ids": sorted(self.agents),
            "include_addons": sorted(self.addons) or None,
            "include_all_addons": self.all_addons,
            "include_database": self.database,
            "include_folders": sorted(self.folders) or None,
            "name": self.label,
        }
        if self.encryption_key is not None:
            made["password"] = self.encryption_key
        daily = self.days >= frozenset(DAYS)
        recurrence = "daily" if daily else "custom_days" if self.days else "never"
        return {
            "create_backup": made,
            "agents": {
                agent: {"protected": agent not in self.unencrypted}
                | ({"retention": None} if "retention" in places.get(agent, {}) else {})
                for agent in sorted(self.agents)
            },
            "automatic_backups_configured": True,
            "retention": {"copies": self.keep_copies, "days": self.keep_days},
            "schedule": {
                "days": [] if daily else [day for day in DAYS if day in self.days],
                "recurrence": recurrence,
                "time": _seconds(self.time),
            },
        }

    def _plan(self, ground: Ground | Unseen, told: Mapping[str, Any]) -> Plan:
        hidden = frozenset({self.encryption_key} if self.encryption_key else ())
        step = Ask("home-assistant", "backup/config/update", told, hidden)
        blocked = away(ground)
        if isinstance(ground, Ground) and (absent := sorted(self.agents - ground.offered)):
            there = ", ".join(sorted(ground.offered)) or "none"
            said = f"Home Assistant offers no {', '.join(absent)} now, but {there}"
            new = all(agent.startswith("hassio.") for agent in absent)
            remedy = "see its network storage: it is offered when that is mounted" if new else "name one of these"
            blocked = Blocked(said, remedy, "unknown" if new else "refused")
        return Plan((step,) if told else (), blocked=blocked)


FRESH: Mapping[str, Any] = {
    "agents": {},
    "automatic_backups_configured": False,
    "create_backup": {
        "agent_ids": [],
        "include_addons": None,
        "include_all_addons": False,
        "include_database": True,
        "include_folders": None,
        "name": None,
        "password": None,
    },
    "retention": {"copies": None, "days": None},
    "schedule": {"days": [], "recurrence": "never", "time": None},
}
"""What Home Assistant has before anybody sets up automatic backups."""


def _settings(config: Mapping[str, Any]) -> str:
    """What can be set, of all that Home Assistant says of its settings."""
    parts = {part: config[part] for part in FRESH}
    parts["schedule"] = {name: config["schedule"][name] for name in FRESH["schedule"]}
    return json.dumps(parts, sort_keys=True)
