"""Everything that exists of backups on a site, held against what is declared: whose it is, and what to do with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from homebackup.assess.strangers import (
    Stranger,
    entry_of_nobody,
    gone_guests,
    job_of_nobody,
    line_of_nobody,
    matches_nothing,
    other,
    section_of_nobody,
)
from homebackup.assess.wanted import Content, Wanted, resources, token
from homebackup.model import fstab, inventory
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.declare import Value, observed
from homebackup.model.differences import unlike
from homebackup.model.host_facts import HostFacts
from homebackup.model.inventory import Malformed
from homebackup.model.lifecycle import Managed
from homebackup.model.refusal import Refusal
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.model.state import Deployed
from homebackup.resources import document_section
from homebackup.resources.dir_storage import DirStorage
from homebackup.resources.document_section import DocumentSection
from homebackup.resources.inventory_entry import Ground, InventoryEntry
from homebackup.resources.nfs_mount import NfsMount
from homebackup.resources.vzdump_job import VzdumpJob

Class = Literal["managed", "equal", "different", "broken", "foreign", "missing"]
NOUNS: dict[type[Managed], str] = {NfsMount: "fstab line"}
"""What the audit calls what exists of a resource, where that is not the resource's own noun."""
ADOPT = "homebackup adopt --run takes it over and writes nothing"
UP = "pulumi up takes it over and makes it so"
TAKE = (
    "homebackup adopt --different --run takes it over as it is, and pulumi up then changes it; or declare it as it is"
)


@dataclass(frozen=True)
class Found:
    """What was found: `inventory` is the file's bytes, None where there is none or none is declared.

    `documents` are likewise the bytes of those that are declared.
    """

    facts: SiteFacts
    host: HostFacts | Unseen
    inventory: bytes | Unseen | None
    state: Deployed
    stack: str
    documents: Mapping[str, bytes | Unseen | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """One thing: its class, why it has that in half a sentence, and what to do.

    `missing` is what is declared and not there. `wanted` is its declaration, None for what nobody declared; `idle` a
    job that backs nobody up; `critical` that a guest whose loss would be critical has no backup for it; `adoptable`
    what can be imported; `stops` that `pulumi up` stops at it.
    """

    noun: str
    name: str
    state: Class
    said: str
    remedy: str
    differences: tuple[str, ...] = ()
    wanted: Wanted | None = None
    idle: bool = False
    critical: bool = False
    adoptable: bool = False
    stops: bool = False


@dataclass(frozen=True)
class Audit:
    """All of it, what is declared first, and what could not be looked at."""

    items: tuple[Item, ...]
    unseen: tuple[Unseen, ...]

    def of(self, *states: Class) -> list[Item]:
        """The things of these classes."""
        return [item for item in self.items if item.state in states]

    def job(self, name: str) -> Item | None:
        """The vzdump job of that name, None when there is none."""
        jobs = (item for item in self.items if item.noun == VzdumpJob.noun and item.state != "missing")
        return next((item for item in jobs if item.name == name), None)


def audit(site: Site, found: Found, content: Content | None = None) -> Audit:
    """Every mount, storage, job and inventory entry that is declared or there, and sections of documents.

    These are told of where it is known what their `content` has to be.
    """
    return _Auditor(site, found, content).all()


class _Auditor:
    """One audit."""

    def __init__(self, site: Site, found: Found, content: Content | None) -> None:
        self.site, self.found, self.facts = site, found, found.facts
        self.wanted = resources(site, content)
        self.malformed: Malformed | None = None
        self.broken: list[Item] = []
        self.grounds: dict[type[Managed], Any] = {
            NfsMount: found.host,
            DirStorage: self._sections(self.facts.storages),
            VzdumpJob: self._sections(self.facts.jobs),
            InventoryEntry: self._inventory(),
            DocumentSection: self._documents(),
        }

    def all(self) -> Audit:
        """What there is, kind by kind in the order in which it is made."""
        items = [*(item for cls in self.grounds for item in self._kind(cls)), *self.broken]
        parts = [*self.grounds.values(), self.facts.guests, self.facts.storages, *self.found.documents.values()]
        unseen = dict.fromkeys(part for part in parts if isinstance(part, Unseen))
        return Audit(tuple(items), tuple(unseen))

    def _kind(self, cls: type[Managed]) -> Iterator[Item]:
        if isinstance(self.grounds[cls], Unseen):
            return
        if cls is InventoryEntry and self.malformed:
            yield self._no_inventory(self.malformed)
            return
        declared = [wanted for wanted in self.wanted if wanted.cls is cls and self._ground(wanted) is not None]
        yield from (self._declared(wanted) for wanted in declared)
        for name, stranger in self._strangers(cls, {wanted.name for wanted in declared}):
            if self.found.state.has(token(cls), name):
                said = "it is in the stack's state, but declared no more"
                yield self._item(cls, name, "managed", said, "pulumi up deletes it, unless it is declared again")
            else:
                item = self._item(cls, name, stranger.state, stranger.said, stranger.remedy)
                yield replace(item, idle=stranger.idle, critical=stranger.critical)

    def _item(self, cls: type[Managed], name: str, state: Class, said: str, remedy: str) -> Item:
        return Item(NOUNS.get(cls, cls.noun), name.rpartition("#")[2], state, said, remedy)

    def _declared(self, wanted: Wanted) -> Item:
        cls, name = wanted.cls, wanted.name
        managed = self.found.state.has(wanted.token, name)
        seen = self._seen(wanted, wanted.values if managed else {})
        if seen is None:
            return replace(self._absent(wanted), wanted=wanted)
        astray = tuple(unlike(cls.fields, vars(seen), wanted.values))
        notes, todo = self._notes(wanted)
        said = "; ".join([f"it is not as declared: {'; '.join(astray)}" if astray else "it is as declared", *notes])
        if managed:
            item = self._item(cls, name, "managed", said, "pulumi up makes it so" if astray else todo or "nothing")
        elif not astray:
            item = self._item(cls, name, "equal", said, ADOPT)
        else:
            stops = self._refused(wanted)
            item = replace(self._item(cls, name, "different", said, TAKE if stops else UP), stops=stops)
        return replace(item, differences=astray, wanted=wanted, adoptable=not managed)

    def _absent(self, wanted: Wanted) -> Item:
        """What is declared and not there, or there as something else."""
        cls, name = wanted.cls, wanted.name
        ground = self.grounds[cls]
        if cls is DirStorage and (section := next((s for s in ground if s.get("storage") == name), None)):
            said = f"it is of type {section.get('type')}, declared dir"
            remedy = "give the site's storage another name, or remove this one in Proxmox VE if nobody needs it"
            return replace(self._item(cls, name, "different", said, remedy), stops=True)
        said = "it is declared, but not there"
        return self._item(cls, name, "missing", said, f"pulumi up --stack {self.found.stack} makes it")

    def _seen(self, wanted: Wanted, known: Mapping[str, Value]) -> Any:
        """The resource as it is; nothing `known` sees it as an import does."""
        return wanted.cls.found(wanted.name, self._ground(wanted), known)

    def _ground(self, wanted: Wanted) -> Any:
        """Where it stands; None for a section of a document that cannot be seen or is broken."""
        ground = self.grounds[wanted.cls]
        return ground.get(wanted.values["file"]) if wanted.cls is DocumentSection else ground

    def _refused(self, wanted: Wanted) -> bool:
        """Whether `pulumi up` stops at it, rather than take it over and make it as declared."""
        fields = [f for f in wanted.cls.fields if observed not in f.marks]
        known = {f.name: wanted.values[f.name] for f in fields}
        return bool(unlike(fields, vars(self._seen(wanted, known)), wanted.values))

    def _notes(self, wanted: Wanted) -> tuple[list[str], str]:
        """What else has to be said of something declared, and what to do about it."""
        ground, said, todo = self.grounds[wanted.cls], [], ""
        if wanted.cls is InventoryEntry:
            entry = ground.listing.entries[str(wanted.values["name"])]
            said = [matches_nothing(entry.values, self.site, self.facts)]
        elif wanted.cls is VzdumpJob:
            section = next(section for section in ground if section.get("id") == wanted.name)
            said = list(gone_guests(section, self.site, self.facts))
            todo = "take them out of the site, or restore them" if said else ""
        return [note for note in said if note], todo

    def _strangers(self, cls: type[Managed], declared: set[str]) -> Iterator[tuple[str, Stranger]]:
        """What is there and nobody declared, by the name that Pulumi would know it by."""
        ground = self.grounds[cls]
        if cls is NfsMount:
            lines = [entry for entry in fstab.entries(ground.fstab) if fstab.plain(entry.target) not in declared]
            for line in lines:
                name = fstab.plain(line.target) if line.target.startswith("/") else line.source
                yield name, line_of_nobody(line, self.site)
        elif cls is InventoryEntry:
            for name, entry in ground.listing.entries.items():
                if f"{ground.file}#{name}" not in declared:
                    yield f"{ground.file}#{name}", entry_of_nobody(entry.values, self.site, self.facts)
        elif cls is DocumentSection:
            names = (f"{file}#{name}" for file, one in ground.items() for name in one.marked.sections)
            yield from ((name, section_of_nobody()) for name in names if name not in declared)
        else:
            for section in ground:
                name = str(section.get(cls.key.wire, ""))
                if name not in declared:
                    stranger = job_of_nobody(section, self.site, self.facts) if cls is VzdumpJob else other(section)
                    yield name, stranger

    def _sections(self, part: Any) -> list[dict[str, Any]] | Unseen:
        """Sections that a class can find itself in; jobs of another kind are left out."""
        if isinstance(part, Unseen):
            return part
        return [dict(section) for section in part if "id" not in section or section.get("type", "vzdump") == "vzdump"]

    def _inventory(self) -> Ground | Unseen:
        content = self.found.inventory
        if isinstance(content, Unseen):
            return content
        file = self.site.inventory.file if self.site.inventory else ""
        archives = self.facts.dumps.get(self.site.storage.name)
        try:
            return Ground(file, content, inventory.read(content or b""), archives)
        except Malformed as malformed:
            self.malformed = malformed
            return Ground(file, content, inventory.read(b""), None)

    def _no_inventory(self, malformed: Malformed) -> Item:
        assert self.site.inventory is not None
        said = f"line {malformed.line}, column {malformed.column}: {malformed.said}"
        return Item("inventory", self.site.inventory.file, "broken", said, "correct the file; nothing is changed in it")

    def _documents(self) -> dict[str, document_section.Ground]:
        """The documents that can be seen and have markers that fit together; others of those are told as broken."""
        found = {}
        for file, content in self.found.documents.items():
            try:
                if not isinstance(content, Unseen):
                    found[file] = document_section.ground_of(file, content)
            except Refusal as refusal:
                self.broken.append(Item("document", file, "broken", refusal.said, refusal.remedy))
        return found
