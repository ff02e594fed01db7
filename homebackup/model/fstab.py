"""/etc/fstab as bytes: find the lines of one mount point, and put exactly one line there, leaving every other byte.

A line is what lies between line feeds. Lines that are no entry (comments, half lines) are never touched.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

_ESCAPED = re.compile(rb"\\([0-7]{3})")
_COMMENTED = re.compile(rb"^\s*#+\s*(.*)$", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One line of fstab that mounts something; `number` counts from 0, dump and passno are 0 when left out."""

    number: int
    source: str
    target: str
    fstype: str
    options: tuple[str, ...]
    dump: str = "0"
    passno: str = "0"

    def line(self) -> bytes:
        """The entry with single blanks between its fields, without a line end."""
        options = ",".join(self.options) or "defaults"
        fields = (self.source, self.target, self.fstype, options, self.dump, self.passno)
        return b" ".join(_escape(field) for field in fields)


def entries(content: bytes) -> Iterator[Entry]:
    """Every active entry in its order."""
    for number, line in enumerate(content.split(b"\n")):
        if entry := _parse(number, line):
            yield entry


def at(content: bytes, target: str) -> list[Entry]:
    """The active entries whose mount point is `target`, however many slashes they write."""
    return [e for e in entries(content) if plain(e.target) == target]


def commented_out(content: bytes, target: str) -> bool:
    """True when a comment, without its mark, would be an NFS entry for `target`."""
    for number, line in enumerate(content.split(b"\n")):
        entry = _parse(number, match[1]) if (match := _COMMENTED.match(line)) else None
        if entry and entry.fstype.startswith("nfs") and plain(entry.target) == target:
            return True
    return False


def plain(path: str) -> str:
    """A mount point as the kernel names it: no doubled slash, none at the end."""
    return "/" + "/".join(part for part in path.split("/") if part)


def with_line(content: bytes, wanted: Entry) -> bytes:
    """The file with exactly one line for the mount point: the first one replaced, further ones gone, else appended.

    A file whose last line has no line feed keeps it that way: the new last line has none either.
    """
    lines = content.split(b"\n")
    mine = [e.number for e in at(content, wanted.target)]
    if mine:
        lines[mine[0]] = wanted.line() + _carriage_return(lines[mine[0]])
        return b"\n".join(line for number, line in enumerate(lines) if number not in mine[1:])
    if lines[-1] == b"":
        return b"\n".join([*lines[:-1], wanted.line(), b""])
    return b"\n".join([*lines, wanted.line()])


def without(content: bytes, target: str) -> bytes:
    """The file without any line for the mount point."""
    mine = {e.number for e in at(content, target)}
    return b"\n".join(line for number, line in enumerate(content.split(b"\n")) if number not in mine)


@dataclass(frozen=True)
class Swap:
    """The lines of one mount point in the place of others, whatever else the file has by then."""

    target: str
    was: tuple[bytes, ...]
    put: tuple[bytes, ...]

    @classmethod
    def between(cls, before: bytes, after: bytes, target: str) -> Self:
        """What makes of the mount point's lines in `before` those in `after`."""
        return cls(target, _lines(before, target), _lines(after, target))

    def __call__(self, content: bytes) -> bytes | None:
        """The file with the lines swapped; None when it does not have exactly what is to go, one line of it or more."""
        if not self.was or _lines(content, self.target) != self.was:
            return None
        lines, mine = content.split(b"\n"), [e.number for e in at(content, self.target)]
        left = [line for number, line in enumerate(lines) if number not in mine]
        return b"\n".join([*left[: mine[0]], *self.put, *left[mine[0] :]])


def _lines(content: bytes, target: str) -> tuple[bytes, ...]:
    lines = content.split(b"\n")
    return tuple(lines[entry.number] for entry in at(content, target))


def _parse(number: int, line: bytes) -> Entry | None:
    # mount(8) and systemd take three fields for an entry, and leave what follows the sixth unread.
    fields = [_unescape(field) for field in line.split()[:6]]
    if len(fields) < 3 or fields[0].startswith("#"):
        return None
    source, target, fstype, *rest = fields
    return Entry(number, source, target, fstype, tuple(o for o in "".join(rest[:1]).split(",") if o), *rest[1:])


def _carriage_return(line: bytes) -> bytes:
    return b"\r" if line.endswith(b"\r") else b""


def _unescape(field: bytes) -> str:
    return _ESCAPED.sub(lambda m: bytes([int(m[1], 8) & 0xFF]), field).decode("utf-8", "backslashreplace")


def _escape(field: str) -> bytes:
    return re.sub(r"[ \t\n\\#]", lambda m: f"\\{ord(m[0]):03o}", field).encode()
