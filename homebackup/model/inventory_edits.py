"""One entry of a backup.inventory.yaml put, changed or removed, while every other byte stays."""

import json
import re
from collections.abc import Mapping

import yaml

from homebackup.model.inventory import Entry, Listing, Malformed, line_end, read

Scalar = bool | int | str | None
"""A field's value; None takes the field out."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_QUOTED = frozenset({"base_path", "glob", "notes"})
"""Fields that hold what YAML might read otherwise, so that people quote them always."""
_UNPRINTABLE = re.compile("[^ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def put(content: bytes, name: str, wanted: Mapping[str, Scalar]) -> bytes:
    """The file with these fields in the entry `name`, which is made behind the last one when it is not there.

    A field that has the wanted value already keeps its spelling, and what follows a value on its line stays. Fields
    that `wanted` does not name are left alone. Raises Malformed.
    """
    listing = read(content)
    entry = listing.entries.get(name)
    if entry is None:
        text = _appended(listing, name, wanted)
    elif entry.braces:
        line = listing.text.count("\n", 0, entry.start) + 1
        raise Malformed(line, entry.indent + 1, f"{name!r} is not written one field a line; write it so")
    else:
        text = listing.text
        for field, value in wanted.items():
            if not _holds(entry, field, value):
                text = _set(text, read(text.encode()).entries[name], field, value, [*wanted])
    return _checked(listing, text, name, wanted)


def without(content: bytes, name: str) -> bytes:
    """The file without the entry, and without the blank line that set it off; as it was when there is none."""
    listing = read(content)
    entry = listing.entries.get(name)
    if entry is None:
        return content
    text = listing.text
    before, after = text[: entry.start], text[entry.end :]
    if re.search(r"(^|\n)\r?\n$", before) and not any(e.start == entry.end + len(_eol(after)) for e in _all(listing)):
        before = re.sub(r"\r?\n$", "", before)
    if before:
        before = re.sub(r"\r?\n$", "", before)
    else:
        after = re.sub(r"^(\r?\n)+", "", after)
    if len(listing.entries) == 1 and listing.key is not None:
        before = f"{before[: listing.key]} []{before[listing.key :]}"
    return _checked(listing, before + after, name, None)


def spelled(field: str, value: Scalar) -> str:
    """A value as it is written into the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    text = str(value)
    resolved = yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], [])
    if field not in _QUOTED and _PLAIN.fullmatch(text) and not any(rule.match(text) for _, rule in resolved):
        return text
    return _UNPRINTABLE.sub(lambda m: _escaped(m[0]), json.dumps(text, ensure_ascii=False))


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"


def _holds(entry: Entry, field: str, value: Scalar) -> bool:
    """Whether the field means the value already, however it is spelled."""
    said = entry.values.get(field)
    if value is None or said is None:
        return value is said
    if isinstance(value, bool):
        return said.lower() in (("true", "yes", "on") if value else ("false", "no", "off"))
    return said == str(value)


def _set(text: str, entry: Entry, field: str, value: Scalar, order: list[str]) -> str:
    if field in entry.places:
        place = entry.places[field]
        if value is not None:
            blank = " " if place.start == place.end and text[place.start - 1] == ":" else ""
            return f"{text[: place.start]}{blank}{spelled(field, value)}{text[place.end :]}"
        line = text.rfind("\n", 0, place.key) + 1
        if text[line : place.key].strip(" "):  # it stands behind the dash, where the next one moves to
            following = min((p.key for p in entry.places.values() if p.key > place.key), default=place.end)
            return text[: place.key] + text[following:]
        end = line_end(text, place.end)
        return text[:line] + text[end + len(_eol(text[end:])) :] if _eol(text[end:]) else text[:line].rstrip("\r\n")
    earlier = [entry.places[f].end for f in ["name", *order[: order.index(field)]] if f in entry.places]
    at = line_end(text, max(earlier))
    return f"{text[:at]}{_usual(text)}{' ' * entry.inner}{field}: {spelled(field, value)}{text[at:]}"


def _appended(listing: Listing, name: str, wanted: Mapping[str, Scalar]) -> str:
    text, eol = listing.text, _usual(listing.text)
    fields = {"name": name, **{field: value for field, value in wanted.items() if value is not None}}
    blank = " " * listing.indent
    lines = [f"{blank}  {field}: {spelled(field, value)}" for field, value in fields.items()]
    lines[0] = f"{blank}- {lines[0].lstrip(' ')}"
    if listing.entries:
        *_, last = listing.entries.values()
        set_off = len(listing.entries) == 1 or bool(re.search(r"\n\r?\n$", text[: last.start]))
        return text[: last.end] + eol * set_off + "".join(eol + line for line in lines) + text[last.end :]
    start, end = listing.empty
    if listing.key is not None:
        text = text[:start].rstrip(" ") + text[end:]
        at = line_end(text, listing.key)
        return text[:at] + "".join(eol + line for line in lines) + text[at:]
    text = text[:start] + text[end:]
    return text + eol * bool(text and not text.endswith("\n")) + "".join(line + eol for line in lines)


def _checked(old: Listing, text: str, name: str, wanted: Mapping[str, Scalar] | None) -> bytes:
    """The new text; raises Malformed when reading it again does not show exactly the change that was meant."""
    content = text.encode()
    where = text.count("\n", 0, old.entries[name].start) + 1 if name in old.entries else 1
    try:
        new = read(content)
    except Malformed as error:
        raise Malformed(where, 1, f"{name!r} cannot be changed by itself here ({error.said})") from None
    entry = new.entries.get(name)
    right = entry is None if wanted is None else entry is not None and all(_holds(entry, *w) for w in wanted.items())
    if not right or _foreign(old, name) != _foreign(new, name):
        raise Malformed(where, 1, f"{name!r} cannot be changed by itself here; write it one field a line")
    return content


def _foreign(listing: Listing, name: str) -> list[tuple[str, str]]:
    return [(e.name, listing.text[e.start : e.end]) for e in _all(listing) if e.name != name]


def _all(listing: Listing) -> list[Entry]:
    return list(listing.entries.values())


def _usual(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _eol(text: str) -> str:
    return "\r\n" if text.startswith("\r\n") else "\n" if text.startswith("\n") else ""
