"""What every resource can do, and what it is given to look at: plans are pure, only looking goes through a world."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.soundness import Integrity
from homebackup.model.declare import Declared, Value
from homebackup.model.host_facts import HostFacts
from homebackup.model.seen import Unseen
from homebackup.model.steps import Plan, Service

if TYPE_CHECKING:
    from homebackup.model.verb_timers import Machine

Say = Callable[[str], None]
"""Takes a text that the owner reads beside the resource."""


class World(Protocol):
    """What a resource may ask to look at; readers at the same moment share one request."""

    async def listing(self, path: str) -> list[dict[str, Any]]:
        """The sections that the API lists at a path."""

    async def section(self, path: str, name: str) -> dict[str, Any] | None:
        """One of them as it is now, None when it is not there."""

    async def file(self, path: str) -> bytes | None:
        """A file of the owner's repository, by its path in the project's folder; None when there is none."""

    async def machine(self, unit: str) -> "Machine":
        """The machine that holds the owner's repository, and what is there of a timer's units."""

    async def archives(self, folder: str) -> Dump | Unseen:
        """What a directory of archives on the host holds, times by the node's wall clock; or why it cannot be seen."""

    async def checked(self, archive: Archive) -> Integrity:
        """What a quick check finds of an archive that `archives` told of."""

    async def inside(self, guest: str, script: str, words: Sequence[str]) -> str | Unseen | None:
        """What a POSIX sh script prints inside of a guest, or why it cannot be run; None where there is no guest."""

    async def look(self, pairs: Iterable[tuple[str, str]] = (), *, fresh: bool = False) -> HostFacts:
        """The host, with these pairs of NFS server and mount point looked at."""

    async def ask(self, service: Service, command: str, data: Mapping[str, Any] | None = None) -> Any:
        """What a service beside Proxmox VE answers to a reading command."""

    async def asked(self, service: Service, command: str, data: Mapping[str, Any] | None = None) -> Any | Unseen:
        """The same, or why the service does not answer now."""


class Managed(Declared, Protocol):
    """A resource: look at the ground it stands on, find it there, and plan each change as data."""

    noun: ClassVar[str]
    """What people call it: "vzdump job"."""
    turn: ClassVar[str]
    """What a plan compares before it writes, a file or an API path: one run's plans on it are made and carried out one
    after the other. Empty where no plan can make another one old."""

    @classmethod
    async def ground(cls, world: World, name: str, wanted: Mapping[str, Value], *, fresh: bool = False) -> Any:
        """All that is known of where such resources live; `wanted` holds what is known of the one called `name`.

        A `fresh` ground is looked up now and only has to be complete for that one. Raises Refusal where nothing can be
        made of what is there.
        """

    @classmethod
    def found(cls, name: str, ground: Any, known: Mapping[str, Value]) -> Self | None:
        """The resource as it is, None when it is not there; `known` is the last state, for what cannot be seen now."""

    def unknown(self, ground: Any) -> str:
        """Why a part of it cannot be seen now and is as it was last known; empty when all of it was seen."""

    def creating(self, ground: Any) -> Plan:
        """How to make it; raises Refusal."""

    def updating(self, seen: Self, ground: Any) -> Plan:
        """How to make this of what was seen; raises Refusal."""

    def deleting(self, ground: Any) -> Plan:
        """How to remove it; nothing it kept is lost."""
