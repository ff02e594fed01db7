"""One marked section of a Markdown file in the owner's own repository."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator

from homebackup.model.declare import Field, Value, key, resource
from homebackup.model.kinds import Text, fitting
from homebackup.model.lifecycle import World
from homebackup.model.marked_sections import Malformed, Marked, like_marker, put, read, without
from homebackup.model.plain import printable
from homebackup.model.refusal import Refusal
from homebackup.model.steps import Plan, Write


def _content(text: str) -> str:
    """The text with plain line feeds, and without the blank lines at its ends, which mean nothing."""
    normal = text.replace("\r\n", "\n").strip("\n")
    for line in normal.split("\n"):
        printable(line.replace("\t", " "))
    if not normal:
        raise ValueError("must say something")
    if like_marker(normal):
        raise ValueError("has a line that looks like a marker of a section; take it out")
    return normal


File = Annotated[Text, fitting(re.compile(r"[^#]+\.(md|markdown)").fullmatch, "the path of a Markdown file")]
Name = Annotated[Text, fitting(re.compile(r"[\w.]+(-[\w.]+)*").fullmatch, "a name of letters, digits and - _ .")]
Content = Annotated[str, AfterValidator(_content)]


@dataclass(frozen=True)
class Ground:
    """The file, its bytes and the sections in them."""

    file: str
    content: bytes | None
    marked: Marked


@resource
class DocumentSection:
    """A section of a Markdown file in the owner's own repository, between two comments that mark it.

    Every other byte of the file stays. A section that is missing is made at the end, and the file where there is none.
    A file whose markers do not fit together is left alone, and the line is told.
    """

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]
    noun: ClassVar[str] = "document section"
    turn: ClassVar[str] = "documents"

    file: Annotated[File, key]
    """The file; a relative path counts from the project's folder."""
    section: Annotated[Name, key]
    """Name of the section, as its markers have it; there is one of it in the file."""
    content: Content
    """What the section says, as Markdown; blank lines at its ends mean nothing."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """None beyond what each field says."""
        yield from ()

    @classmethod
    async def ground(cls, world: World, name: str, wanted: Mapping[str, Value], *, fresh: bool = False) -> Ground:
        """The file; raises Refusal where its markers do not fit together."""
        file, _, section = name.rpartition("#")
        if not file or not section:
            raise Refusal(f"{name} names no section", "name it FILE#SECTION, the file by its path in the project")
        return ground_of(file, await world.file(file))

    @classmethod
    def found(cls, name: str, ground: Ground, known: Mapping[str, Value]) -> Self | None:
        """The section as the file has it."""
        section = name.rpartition("#")[2]
        content = ground.marked.content(section)
        return None if content is None else cls(file=ground.file, section=section, content=content)

    def unknown(self, ground: Ground) -> str:
        """Nothing: a file of this machine is seen, or it is refused."""
        return ""

    def creating(self, ground: Ground) -> Plan:
        """Put it at the end of the file."""
        return self._write(ground, lambda content: put(content, self.section, self.content))

    def updating(self, seen: Self, ground: Ground) -> Plan:
        """Write it anew, unless it says what it has to."""
        return Plan() if seen.content == self.content else self.creating(ground)

    def deleting(self, ground: Ground) -> Plan:
        """Take it out; a file that holds nothing any more goes too."""
        return self._write(ground, lambda content: without(content, self.section))

    def _write(self, ground: Ground, edit: Callable[[bytes], bytes]) -> Plan:
        after = edit(ground.content or b"") or None
        return Plan((Write(ground.file, ground.content, after, here=True),))


def ground_of(file: str, content: bytes | None) -> Ground:
    """A file with these bytes; raises Refusal where its markers do not fit together."""
    try:
        return Ground(file, content, read(content or b""))
    except Malformed as error:
        said = f"{file}, line {error.line}: {error.said}"
        raise Refusal(said, "correct the file; nothing was changed in it") from None
