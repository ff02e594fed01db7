"""One entry of a backup.inventory.yaml in the owner's own repository."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, WithJsonSchema

from homebackup.model import inventory
from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.soundness import GOOD, UNKNOWN, Integrity
from homebackup.model.declare import Field, Value, key, remembered, resource
from homebackup.model.inventory import Listing, Malformed
from homebackup.model.kinds import AbsolutePath, Text, Whole, at_least, fitting, truth
from homebackup.model.lifecycle import World
from homebackup.model.refusal import Refusal
from homebackup.model.seen import Unseen
from homebackup.model.spelling import Wire, from_wire
from homebackup.model.steps import Plan, Write


def _switch(value: Any) -> Any:
    flag = truth(value.strip() if isinstance(value, str) else value)
    return str(flag).lower() if isinstance(flag, bool) else flag


Switch = Annotated[Literal["true", "false", "auto"], BeforeValidator(_switch), WithJsonSchema({"type": "string"})]
"""true, false or auto."""
File = Annotated[Text, fitting(re.compile(r"[^#]+\.ya?ml").fullmatch, "the path of a YAML file")]
Words = Annotated[Text, fitting(str.strip, "a text")]
Name = Annotated[Text, fitting(re.compile(r"[^#\s]([^#]*[^#\s])?").fullmatch, "the name of an entry")]


@dataclass(frozen=True)
class Ground:
    """The file, its bytes and what they say.

    Where an entry waits for an archive, `archives` are those in its directory, and `checked` is what a quick check
    finds of the one that would show that the backup works, if there is one; None otherwise.
    """

    file: str
    content: bytes | None
    listing: Listing
    archives: Dump | Unseen | None
    checked: Integrity | None = None


@resource
class InventoryEntry:
    """One entry of a `backup.inventory.yaml` in the owner's own repository, edited in place.

    Every other byte of the file stays: comments, order, spelling, entries and fields of others. A file that is no YAML,
    has a name twice or a tab where YAML takes blanks is left alone, and the line and column are told.
    """

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]
    noun: ClassVar[str] = "inventory entry"
    turn: ClassVar[str] = "inventory"

    file: Annotated[File, key]
    """The file; a relative path counts from the project's folder."""
    name: Annotated[Name, key]
    """Name of the entry; there is one of it in the file."""
    enabled: Switch = "auto"
    """Whether the backup is watched. `auto` is false until `base_path` has an archive that `glob` matches, that is
    newer than all that were there when the entry was made and passes the quick check of `homebackup verify`; then the
    next `pulumi up` makes it true."""
    kind: Literal["file_glob"] = "file_glob"
    """How the backup is found: by the newest file that `glob` matches."""
    host: Words
    """Whose directory it is, by the name that the inventory gives the host."""
    base_path: Annotated[AbsolutePath, Wire("base_path")]
    """Directory of the files. Proxmox VE keeps archives in `dump` below the storage's path, or where the storage's
    `content-dirs` say, never in the path itself."""
    glob: Words
    """Which files of the directory are backups."""
    stale_after_hours: Annotated[Whole, at_least(1), Wire("stale_after_hours")]
    """Age of the newest file from which on the backup is stale."""
    classification: Words
    """What its loss would mean, such as critical, important or rebuildable."""
    notes: Text | None = None
    """Anything else to say."""
    since: Annotated[Whole | None, remembered] = None
    """When the newest archive was made that was there at first, by the node's wall clock; only a later one counts."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """None beyond what each field says."""
        yield from ()

    @classmethod
    async def ground(cls, world: World, name: str, wanted: Mapping[str, Value], *, fresh: bool = False) -> Ground:
        """The file, and for an entry that waits for an archive its directory; raises Refusal for no inventory."""
        file, _, entry = name.rpartition("#")
        if not file:
            raise Refusal(f"{name} names no file", "name the entry FILE#NAME, the file by its path in the project")
        content = await world.file(file)
        listing = _read(file, content)
        said: Mapping[str, str | None] = listing.entries[entry].values if entry in listing.entries else {}
        waits = _may_be_auto(wanted, said.get("glob")) and truth(said.get("enabled") or "") is not True
        folder = wanted.get("base_path") or said.get("base_path")
        archives = await world.archives(str(folder)) if waits and folder else None
        newest = _newest(archives, str(wanted.get("glob") or said.get("glob") or ""), wanted.get("since"))
        return Ground(file, content, listing, archives, await world.checked(newest) if newest else None)

    @classmethod
    def found(cls, name: str, ground: Ground, known: Mapping[str, Value]) -> Self | None:
        """The entry as the file has it; `enabled` is auto when that is declared and the file says what auto would.

        An import, of which nothing is known yet, takes an entry of Proxmox VE's archives for one that is auto.
        """
        entry = ground.listing.entries.get(name.rpartition("#")[2])
        if entry is None:
            return None
        seen = from_wire(cls, {**entry.values, "file": ground.file})
        values = vars(seen) | {"since": known.get("since")}
        if values["since"] is None and isinstance(ground.archives, Dump):
            values["since"] = max((a.time for a in _matching(ground.archives, seen.glob)), default=0)
        awaited = ground.checked and ground.checked.state == GOOD
        if _may_be_auto(known, seen.glob) and (seen.enabled == "true" or (seen.enabled == "false" and not awaited)):
            values["enabled"] = "auto"
        return cls(**values)

    def unknown(self, ground: Ground) -> str:
        """Whether an archive is there that would turn it on, while its directory cannot be seen.

        It names no entry, so that a verb can say it once for all that wait.
        """
        if self.enabled != "auto":
            return ""
        if isinstance(ground.archives, Unseen):
            return f"{ground.archives.said}, so whether a first archive of what waits for one is there is not known"
        if ground.checked and ground.checked.state == UNKNOWN:
            return f"{ground.checked.said}, so whether the first archive of {self.name} is good is not known"
        return ""

    def creating(self, ground: Ground) -> Plan:
        """Put it behind the last entry."""
        return self._plan(ground, "false")

    def updating(self, seen: Self, ground: Ground) -> Plan:
        """Change the fields that are not as declared, where they stand."""
        entry = ground.listing.entries[self.name]
        good = ground.checked is not None and ground.checked.state == GOOD
        return self._plan(ground, "true" if good or truth(entry.values.get("enabled") or "") is True else "false")

    def deleting(self, ground: Ground) -> Plan:
        """Take it out; a file that holds nothing any more goes too."""
        from homebackup.model import inventory_edits  # a preview without a change never edits

        return self._write(ground, lambda content: inventory_edits.without(content, self.name))

    def _plan(self, ground: Ground, auto: str) -> Plan:
        from homebackup.model import inventory_edits

        told = {f.wire: getattr(self, f.name) for f in self.fields if key not in f.marks and remembered not in f.marks}
        told["enabled"] = (auto if self.enabled == "auto" else self.enabled) == "true"
        return self._write(ground, lambda content: inventory_edits.put(content, self.name, told))

    def _write(self, ground: Ground, edit: Callable[[bytes], bytes]) -> Plan:
        before = ground.content
        try:
            after = edit(before or b"") or None
        except Malformed as error:
            raise _refusal(ground.file, error) from None
        return Plan() if after == before else Plan((Write(ground.file, before, after, here=True),))


def _may_be_auto(known: Mapping[str, Value], glob: str | None) -> bool:
    """Whether the entry is declared auto, or may be; archives that are not Proxmox VE's turn nothing on."""
    return known.get("enabled") == "auto" or (not known and (glob or "").startswith("vzdump-"))


def _newest(archives: Dump | Unseen | None, glob: str, since: Value) -> Archive | None:
    """The newest archive, of those that were not there at first and are not empty."""
    if not isinstance(since, int) or not isinstance(archives, Dump):
        return None
    newer = [a for a in _matching(archives, glob) if a.time > since and a.size > 0]
    return max(newer, key=lambda a: a.time, default=None)


def _matching(archives: Dump, glob: str | None) -> list[Archive]:
    return [a for a in archives.archives if fnmatchcase(a.name, glob or "")]


def _read(file: str, content: bytes | None) -> Listing:
    try:
        return inventory.read(content or b"")
    except Malformed as error:
        raise _refusal(file, error) from None


def _refusal(file: str, error: Malformed) -> Refusal:
    return Refusal(
        f"{file}, line {error.line}, column {error.column}: {error.said}", "correct the file; nothing was changed in it"
    )
