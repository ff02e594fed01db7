"""Marked sections of a Markdown file, read, put and taken out one at a time, while every other byte stays."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_MARKER = re.compile(r"[ \t]*<!--[ \t]*homebackup:[ \t]*(begin|end)[ \t]+(\S+)[ \t]*-->[ \t]*\r?\n?")
_LIKE = re.compile(r"[ \t]*<!--[ \t]*homebackup:")
_BOM = "\ufeff"


class Malformed(ValueError):
    """The markers of a file do not fit together: `said` is why, the line counts from 1."""

    def __init__(self, line: int, said: str) -> None:
        self.line, self.said = line, said
        super().__init__(f"line {line}: {said}")


@dataclass(frozen=True)
class Section:
    """One section: all of it is text[start:end], and text[inner:outer] is what stands between its markers."""

    start: int
    inner: int
    outer: int
    end: int


@dataclass(frozen=True)
class Marked:
    """A file's text, and its sections by their names in the file's order."""

    text: str
    sections: Mapping[str, Section]

    def content(self, name: str) -> str | None:
        """What the section says, with plain line feeds and without the blank lines at its ends; None without it."""
        if (section := self.sections.get(name)) is None:
            return None
        return self.text[section.inner : section.outer].replace("\r\n", "\n").strip("\n")


def marker(edge: str, name: str) -> str:
    """The line, without its end, at which the section has its `begin` or `end`."""
    return f"<!-- homebackup: {edge} {name} -->"


def like_marker(text: str) -> bool:
    """Whether a line of the text is a marker, or is about to be one."""
    return any(map(_LIKE.match, text.split("\n")))


def read(content: bytes) -> Marked:
    """The sections of a file; raises Malformed for markers that do not fit together, and for what is no UTF-8.

    A marker has a line to itself, and counts wherever that is: also in a block of code.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise Malformed(content.count(b"\n", 0, error.start) + 1, "is no UTF-8; convert the file to UTF-8") from None
    if "\0" in text:
        raise Malformed(text.count("\n", 0, text.index("\0")) + 1, "is no text")
    found: dict[str, Section] = {}
    lines: dict[str, int] = {}
    opened, inner, start = "", 0, 0
    at = len(_BOM) if text.startswith(_BOM) else 0
    for number, line in enumerate(text[at:].split("\n"), 1):
        end = min(at + len(line) + 1, len(text))
        if _LIKE.match(line):
            edge, name = _told(line, number)
            if edge == "begin":
                _may_begin(name, number, opened, lines)
                opened, start, inner, lines[name] = name, at, end, number
            elif name != opened:
                where = f"inside {opened}, of line {lines[opened]}" if opened else "and never begins"
                raise Malformed(number, f"section {name} ends here {where}")
            else:
                found[name] = Section(start, inner, at, end)
                opened = ""
        at = end
    if opened:
        raise Malformed(lines[opened], f"section {opened} begins here and never ends; write {marker('end', opened)}")
    return Marked(text, found)


def _told(line: str, number: int) -> tuple[str, str]:
    told = _MARKER.fullmatch(line)
    if told is None:
        usual = marker("begin", "NAME")
        raise Malformed(number, f"looks like a marker and is none; write {usual} on a line of its own, or remove it")
    return told[1], told[2]


def _may_begin(name: str, number: int, opened: str, lines: Mapping[str, int]) -> None:
    if opened:
        raise Malformed(number, f"section {name} begins before {opened}, of line {lines[opened]}, has ended")
    if name in lines:
        raise Malformed(number, f"section {name} is there already, in line {lines[name]}")


def put(content: bytes, name: str, wanted: str) -> bytes:
    """The file with the section saying this; where there is none, it is made at the end. Raises Malformed."""
    marked = read(content)
    text, section = marked.text, marked.sections.get(name)
    if section is not None:
        eol = _eol(text[: section.inner])
        said = wanted.replace("\n", eol)
        return f"{text[: section.inner]}{eol}{said}{eol}{eol}{text[section.outer :]}".encode()
    ended = text.endswith("\n") or not text.removeprefix(_BOM)
    eol = _eol(text) if ended else "\r\n" if "\r\n" in text else "\n"
    before = "" if not text.removeprefix(_BOM) else eol if ended else eol + eol
    lines = [marker("begin", name), "", *wanted.split("\n"), "", marker("end", name)]
    return f"{text}{before}{eol.join(lines)}{eol if ended else ''}".encode()


def without(content: bytes, name: str) -> bytes:
    """The file without the section and the blank line that set it off; as it was when there is none.

    What `put` appended is so taken back to the byte. Raises Malformed.
    """
    marked = read(content)
    text, section = marked.text, marked.sections.get(name)
    if section is None:
        return content
    eol = _eol(text[: section.inner])
    before, after = text[: section.start], text[section.end :]
    if before.endswith(eol) and (before[: -len(eol)] in ("", _BOM) or before[: -len(eol)].endswith("\n")):
        before = before.removesuffix(eol)
    if not after and not text[: section.end].endswith("\n"):
        before = before.removesuffix(eol)
    return f"{before}{after}".encode()


def _eol(text: str) -> str:
    """How the last line of the text ends."""
    return "\r\n" if text.endswith("\r\n") else "\n"
