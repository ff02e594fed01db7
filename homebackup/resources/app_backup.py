"""An application's own backup inside a guest: a script, and the systemd timer that runs it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Self

from homebackup.model.declare import Field, Says, Value, key, observed, resource
from homebackup.model.dump_kinds import NAME, DumpName, GuestName, Recipient, unfit
from homebackup.model.dump_recipe import Recipe, RecipeName, calendar_of, place, timer
from homebackup.model.guest_look import LOOK, GuestFacts, read_guest
from homebackup.model.inside import GUEST, label
from homebackup.model.kinds import AbsolutePath, ExportPath, Schedule, Text, Whole, at_least
from homebackup.model.lifecycle import World
from homebackup.model.refusal import Refusal
from homebackup.model.seen import Unseen
from homebackup.model.steps import Blocked, Plan, Run, Step, Write
from homebackup.model.systemd import calendar
from homebackup.model.timer import RUNNING, Timer

AS_DECLARED = "as declared"
Ground = GuestFacts | Unseen | None


@resource
class AppBackup:
    """Dumps of an application's data, made inside its guest by a script and a systemd timer.

    Both are put there through the host: by `pct exec` into a container, by the QEMU agent into a machine. The script
    verifies what it made before it counts, keeps so many, and never removes the last good one. Whoever deletes the
    resource keeps the dumps.
    """

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]
    noun: ClassVar[str] = "app backup"
    turn: ClassVar[str] = ""

    guest: Annotated[GuestName, key]
    """The guest, as Proxmox VE names it: `qemu/102` or `lxc/103`."""
    name: Annotated[DumpName, key]
    """Name of the application; its dumps are called NAME-20260131T040000Z, by the time in UTC, and an ending."""
    recipe: RecipeName
    """How it is dumped: `vaultwarden` copies the SQLite database in use with the files beside it, `postgres` takes what
    pg_dumpall prints when it has its end, `command` whatever a command prints."""
    to: ExportPath
    """Directory in the guest. One on a network mount of its /etc/fstab is written to only while that is mounted."""
    schedule: Schedule
    """When to dump, by the guest's clock; a dump that was missed is made when the guest is up again."""
    keep: Annotated[Whole, at_least(1, 1000)] = 7
    """How many dumps are kept."""
    database: AbsolutePath | None = None
    """The database that `vaultwarden` copies; what lies beside it is taken along."""
    command: Text | None = None
    """What `postgres` and `command` run with sh in the guest; what it prints is the dump, compressed with gzip."""
    recipient: Recipient | None = None
    """Public key of age that dumps are encrypted to; the secret key is needed to restore, and nowhere before."""
    script: Annotated[Text, observed, Says("its script is")] = AS_DECLARED
    """The script in the guest, compared with the one that is declared."""
    timer: Annotated[Text, observed, Says("its timer is")] = AS_DECLARED
    """Its systemd timer and service, as files and as systemd runs them."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What a recipe needs, and what means nothing to it."""
        yield from unfit(vars(self))

    @classmethod
    async def ground(cls, world: World, name: str, wanted: Mapping[str, Value], *, fresh: bool = False) -> Ground:
        """A look into the guest; None where there is none, the reason where it cannot be looked into."""
        guest, _, app = name.partition("#")
        if not (GUEST.fullmatch(guest) and NAME.fullmatch(app)):
            raise Refusal(f"{name} names no app backup", "name it GUEST#NAME, as in qemu/102#vaultwarden")
        needs = ["flock", "gzip"]
        needs += ["sqlite3", "tar", str(wanted.get("database"))] if wanted.get("recipe") == "vaultwarden" else []
        needs += ["age"] if wanted.get("recipient") else []
        words = [place(app), f"homebackup-dump-{app}", str(wanted.get("to") or ""), *needs]
        said = await world.inside(guest, LOOK, words)
        try:
            return read_guest(said) if isinstance(said, str) else said
        except ValueError:
            return Unseen(f"{label(guest)}: a look into it ended early", "run this again")

    @classmethod
    def found(cls, name: str, ground: Ground, known: Mapping[str, Value]) -> Self | None:
        """What the script in the guest says it was made of; as last known while the guest cannot be looked into."""
        guest, _, app = name.partition("#")
        values: dict[str, Any] = {f.name: known.get(f.name) or ("" if f.required else f.default) for f in cls.fields}
        values |= {"guest": guest, "name": app}
        if not isinstance(ground, GuestFacts):
            return cls(**values) if ground and "timer" in known else None
        if not ground.there.files:
            return None
        content = ground.there.files.get(place(app))
        recipe = Recipe.read(content or b"")
        if recipe:
            told = {part: getattr(recipe, part) or None for part in ("database", "command", "recipient")}
            values |= {"recipe": recipe.recipe, "to": recipe.to, "keep": recipe.keep, **told}
        event, schedule = calendar_of(ground.there.files, app), values["schedule"]
        if event and not (schedule and calendar(schedule) == event):
            values["schedule"] = event
        seen = cls(**values)
        whole = recipe is not None and recipe == seen._recipe and recipe.script.encode() == content
        script = AS_DECLARED if whole else "missing" if content is None else "changed by hand"
        if whole and not ground.executable:
            script = "not executable"
        return replace(seen, script=script, timer=_of(timer(app, event), ground))

    def unknown(self, ground: Ground) -> str:
        """Why the guest cannot be looked into."""
        if not isinstance(ground, Unseen):
            return ""
        return f"{ground.said}, so whether it still dumps {self.name} is as last known"

    def creating(self, ground: Ground) -> Plan:
        """Put the script, its service and its timer there, and the target where there is no such directory."""
        return self._converge(ground)

    def updating(self, seen: Self, ground: Ground) -> Plan:
        """Put right what is not as declared; dumps in another directory than before stay where they are."""
        return self._converge(ground)

    def deleting(self, ground: Ground) -> Plan:
        """Take timer, service and script away; the dumps stay."""
        if not isinstance(ground, GuestFacts):
            return Plan(blocked=_blocked(ground))
        steps: list[Step] = list(timer(self.name).removing(ground.there))
        if place(self.name) in ground.there.files:
            steps.append(Write(place(self.name), ground.there.files[place(self.name)], None))
        return Plan(self._inside(steps))

    @property
    def _recipe(self) -> Recipe:
        values = (self.recipient or "", self.database or "", self.command or "")
        return Recipe(self.name, self.recipe, self.to, self.keep, *values)

    def _converge(self, ground: Ground) -> Plan:
        facts = ground if isinstance(ground, GuestFacts) else GuestFacts()
        path, wanted, there = place(self.name), self._recipe.script.encode(), facts.there
        steps: list[Step] = [Run(("mkdir", "-p", "-m", "700", self.to))] if facts.missing else []
        if there.files.get(path) != wanted:
            steps.append(Write(path, there.files.get(path), wanted, mode=0o755))
        if not facts.executable:
            steps.append(Run(("chmod", "755", path)))
        timing = timer(self.name, calendar(self.schedule))
        steps += [Run(("rm", "-f", over)) for over in facts.over]
        left = timing.keeping(there)
        if not left and (facts.over or facts.stale):
            left = [Run(("systemctl", "daemon-reload")), Run(("systemctl", "restart", timing.name))]
        blocked = None if isinstance(ground, GuestFacts) else _blocked(ground)
        return Plan(self._inside([*steps, *left]), blocked=blocked, doubts=tuple(self._doubts(facts)))

    def _inside(self, steps: list[Step]) -> tuple[Step, ...]:
        return tuple(replace(step, guest=self.guest) for step in steps if isinstance(step, (Run, Write)))

    def _doubts(self, facts: GuestFacts) -> Iterator[str]:
        for lack in facts.lacks:
            cure = "say where it is" if lack.startswith("/") else "install it there"
            yield f"{lack} is missing in {label(self.guest)}, so no dump is made; {cure}"
        if facts.local:
            own = f"{self.to} is on the own disk of {label(self.guest)}, and dumps there are lost with it"
            yield f"{own}; mount the NAS in the guest, or rely on vzdump for that"


def _of(timing: Timer, ground: GuestFacts) -> str:
    """What is to be said of the timer beside the others' words."""
    state = timing.state(ground.there)
    if state != RUNNING:
        return state
    if ground.over:
        return f"overridden by {', '.join(ground.over)}"
    return "not what systemd has loaded" if ground.stale else AS_DECLARED


def _blocked(ground: Unseen | None) -> Blocked:
    if ground is None:
        return Blocked("there is no such guest", "declare the app backup for one that is there")
    return Blocked(ground.said, ground.remedy)
