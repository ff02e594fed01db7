"""Section configurations (storage.cfg, jobs.cfg): text into typed sections and back, as PVE::SectionConfig does it."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from lab.pve.errors import Died
from lab.pve.schema import Errors, Property, plain, truth
from pverules.formats import has_control_character

HEADER = re.compile(r"(\S+):\s*(\S+)\s*")
LINE = re.compile(r"\s+(\S+)(?:\s+(.*\S))?\s*")
Values = dict[str, Any]


class Section:
    """One section; its values are typed (int for booleans and integers, lists for arrays). Never modified in place."""

    def __init__(self, kind: "SectionKind", id: str, values: Values) -> None:
        self.kind = kind
        self.id = id
        self.values = values

    @property
    def type(self) -> str:
        """The name of its kind: `dir`, `nfs`, `vzdump`."""
        return self.kind.name

    def get(self, key: str, default: Any = None) -> Any:
        """A value, or the default where it is not set."""
        return self.values.get(key, default)

    def changed(self, values: Values) -> "Section":
        """The section with other values."""
        return Section(self.kind, self.id, values)

    @cached_property
    def text(self) -> str:
        """Its lines in the file; raises Died for what a file cannot hold."""
        return self.kind.written(self.id, self.values)


class SectionKind:
    """What sections of one type may hold. `decode` normalises a value that was read or sent; None drops it."""

    def __init__(
        self,
        name: str,
        options: Mapping[str, Mapping[str, Any]],
        *,
        decode: Callable[[str, Any], Any] = lambda key, value: value,
        encode: Callable[[str, Any], Any] = lambda key, value: value,
    ) -> None:
        self.name = name
        self.options = {key: Property(data) for key, data in options.items()}
        self.fixed = {key for key, data in options.items() if data.get("fixed")}
        self.required = [key for key, option in self.options.items() if not option.optional]
        self._decode = decode
        self._encode = encode
        keys = sorted(key for key in self.options if key not in ("comment", "disable"))
        self._order = ["comment", "disable", *sorted(self.required), *(key for key in keys if key not in self.required)]

    def check(self, values: Values, *, create: bool) -> Values:
        """The values of a new section (`create`) or of a change; raises Died."""
        found: Values = {}
        for key, value in values.items():
            if not create and key in self.fixed:
                raise Died(f"can't change value of fixed parameter '{key}'")
            if value is None:
                raise Died(f"got undefined value for option '{key}'")
            decoded = self._decode(key, self._value(key, value, trusted=True))
            if decoded is not None:
                found[key] = decoded
        if create:
            for key in self.required:
                if key not in values:
                    raise Died(f"missing value for required option '{key}'")
        return found

    def _value(self, key: str, value: Any, *, trusted: bool) -> Any:
        option = self.options.get(key)
        if option is None:
            raise Died(f"unexpected property '{key}'")
        for text in value if isinstance(value, list) else [value]:
            if has_control_character(plain(text)):
                raise Died("property contains a line feed")
        if trusted:
            return value
        errors: Errors = {}
        text = truth(value) if option.type == "boolean" else value
        checked = (option.items or option).check(text, "", errors)
        if errors:
            raise Died(next(iter(errors.values())))
        return checked

    def read(self, id: str, lines: list[str]) -> Section | None:
        """The section in the lines after its header; None where a required value is missing or cannot be read."""
        found: Values = {}
        for line in lines:
            match = LINE.fullmatch(line)
            if match is None:
                continue
            key, value = match[1], match[2]
            option = self.options.get(key)
            if option is None:
                continue
            try:
                missing = "1" if option.type == "boolean" else ""
                value = self._value(key, missing if value is None else value, trusted=False)
                if option.type == "array":
                    found.setdefault(key, []).append(value)
                elif key not in found and (decoded := self._decode(key, value)) is not None:
                    found[key] = decoded
            except Died:
                continue
        return None if any(key not in found for key in self.required) else Section(self, id, found)

    def written(self, id: str, values: Values) -> str:
        """The lines of a section, header first, an empty line last."""
        lines = [f"{self.name}: {id}"]
        for key in self._order:
            value = values.get(key)
            if value is None:
                continue
            if key == "disable":
                lines += ["\tdisable"] if value else []
                continue
            value = self._encode(key, value)
            for item in value if isinstance(value, list) else [value]:
                if has_control_character(plain(item)):
                    raise Died(f"property '{key}' contains a line feed")
                if plain(item):
                    lines.append(f"\t{key} {plain(item)}")
        return "\n".join(lines) + "\n\n"


class Sections:
    """All sections of a file in its order. A broken one is kept as None: it cannot be read and stops every write."""

    def __init__(self, sections: Mapping[str, Section | None]) -> None:
        self._sections = dict(sections)

    def __iter__(self) -> Iterator[Section]:
        return (section for section in self._sections.values() if section)

    def __contains__(self, id: str) -> bool:
        return id in self._sections

    def find(self, id: str) -> Section | None:
        """The section, None where there is no readable one."""
        return self._sections.get(id)

    def with_(self, section: Section, *, front: bool = False) -> "Sections":
        """A copy with the section put in its place, or at an end where it is new."""
        if front and section.id not in self._sections:
            return Sections({section.id: section, **self._sections})
        return Sections({**self._sections, section.id: section})

    def updated(self, other: "Sections") -> "Sections":
        """A copy with the sections of another put in their places or at the end."""
        return Sections({**self._sections, **other._sections})

    def without(self, id: str) -> "Sections":
        """A copy without the section."""
        return Sections({key: section for key, section in self._sections.items() if key != id})

    def text(self) -> str:
        """The text of the file; raises Died while a broken section is among them."""
        parts: list[str] = []
        for section in self._sections.values():
            if section is None:
                raise Died("unknown section type ''")
            parts.append(section.text)
        return "".join(parts)


def parse(text: str, kinds: Mapping[str, SectionKind], valid_id: Callable[[str], bool]) -> Sections:
    """The sections of a text; what cannot be read is passed over, as Proxmox does (with a warning in its log)."""
    found: dict[str, Section | None] = {}
    lines = iter(text.splitlines())
    for line in lines:
        header = HEADER.fullmatch(line)
        if line.startswith("#") or header is None:
            continue
        inner: list[str] = []
        for below in lines:
            if not below.strip():
                break
            if not below.lstrip().startswith("#"):
                inner.append(below)
        kind = kinds.get(header[1].lower())
        if kind and valid_id(header[2]):
            found[header[2]] = kind.read(header[2], inner)
    return Sections(found)
