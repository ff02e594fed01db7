"""The node's defaults for every backup: keys of /etc/vzdump.conf, one a line."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, Self

from homebackup.model import vzdump_conf
from homebackup.model.declare import Field, Value, key, loose, observed, resource
from homebackup.model.host_facts import HostFacts
from homebackup.model.kinds import AbsolutePath, Flag, StorageId, Whole, at_least
from homebackup.model.lifecycle import World
from homebackup.model.options import Fleecing, NotesTemplate, Performance, Retention
from homebackup.model.spelling import from_wire
from homebackup.model.steps import Plan, Write


@resource
class VzdumpDefaults:
    """Defaults of the node for every backup, whoever starts it.

    It is the way to a `tmpdir` for a site that is reached with an API token, which may not set one on a job. Keys that
    the program does not give are left alone, whoever set them; so is everything else in the file.
    """

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]
    noun: ClassVar[str] = "vzdump defaults"
    turn: ClassVar[str] = "/etc/vzdump.conf"

    path: Annotated[Literal["/etc/vzdump.conf"], key] = "/etc/vzdump.conf"
    """The file; there is one on each node."""
    tmpdir: Annotated[AbsolutePath | None, loose] = None
    """Directory for temporary files."""
    storage: Annotated[StorageId | None, loose] = None
    """Storage the archives go to."""
    mode: Annotated[Literal["snapshot", "suspend", "stop"] | None, loose] = None
    """How a running guest is held still."""
    bwlimit: Annotated[Whole | None, at_least(0), loose] = None
    """Limit of the transfer in KiB/s; 0 is none."""
    ionice: Annotated[Whole | None, at_least(0, 8), loose] = None
    """I/O priority, 0 the highest to 7 the lowest, 8 for idle."""
    lockwait: Annotated[Whole | None, at_least(0), loose] = None
    """Minutes to wait for another vzdump on the node."""
    stopwait: Annotated[Whole | None, at_least(0), loose] = None
    """Minutes to wait for a guest to stop."""
    stdexcludes: Annotated[Flag | None, loose] = None
    """Leave temporary files and logs out of container backups."""
    prune_backups: Annotated[Retention | None, loose] = None
    """How many archives of a guest survive, where neither job nor storage says so."""
    notes_template: Annotated[NotesTemplate | None, loose] = None
    """Notes of new archives."""
    performance: Annotated[Performance | None, loose] = None
    """Limits on how hard a backup works."""
    fleecing: Annotated[Fleecing | None, loose] = None
    """Write what a running guest overwrites during its backup to another storage."""
    pigz: Annotated[Whole | None, loose] = None
    """Threads of gzip."""
    zstd: Annotated[Whole | None, loose] = None
    """Threads of zstd."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """A resource that sets nothing."""
        if not self._told():
            yield "tmpdir", "or another default has to be given; the resource sets nothing"

    @classmethod
    async def ground(cls, world: World, name: str, wanted: Mapping[str, Value], *, fresh: bool = False) -> HostFacts:
        """A look at the host, which brings the file."""
        return await world.look(fresh=fresh)

    @classmethod
    def found(cls, name: str, ground: HostFacts, known: Mapping[str, Value]) -> Self | None:
        """The keys that are set, of those that were managed before; None when none of them is."""
        said = vzdump_conf.values(ground.files.get(name, b""))
        managed = {f.wire for f in cls.fields if f is not cls.key and (not known or known.get(f.name) is not None)}
        there = {name: text for name, text in said.items() if name in managed}
        return from_wire(cls, {**there, cls.key.wire: name}) if there else None

    def unknown(self, ground: HostFacts) -> str:
        """Nothing is."""
        return ""

    def creating(self, ground: HostFacts) -> Plan:
        """Set each key on a line of its own."""
        return self._plan(ground, {**self._told()})

    def updating(self, seen: Self, ground: HostFacts) -> Plan:
        """Set what changed, take out what the program dropped."""
        return self._plan(ground, {**dict.fromkeys(seen._told()), **self._told()})

    def deleting(self, ground: HostFacts) -> Plan:
        """Take the managed keys out; the file stays."""
        return self._plan(ground, dict.fromkeys(self._told()))

    def _plan(self, ground: HostFacts, wanted: Mapping[str, str | None]) -> Plan:
        before = ground.files.get(self.path)
        after = vzdump_conf.changed(before or b"", wanted)
        return Plan() if after == (before or b"") else Plan((Write(self.path, before, after),))

    def _told(self) -> dict[str, str]:
        told = {
            f.wire: (f, getattr(self, f.name)) for f in self.fields if f is not self.key and observed not in f.marks
        }
        return {name: str(f.spell(value)) for name, (f, value) in told.items() if value is not None}
