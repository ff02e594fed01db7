"""A backup.inventory.yaml as bytes: where its entries and their fields lie, so that a change touches nothing else.

The file is a list of entries, or a mapping with such a list; every entry has a `name` of its own. It is read by the
marks of YAML's own reader, never written by a YAML library: those quote, wrap and order what they did not change.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

import yaml

_FIELDS = frozenset({"kind", "glob", "base_path", "stale_after_hours"})
"""What tells the list of entries from another list of named things."""
_BRACKETS = "the list is in brackets; write one entry after the other, with -"
_BREAK = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_Pair = tuple[yaml.Node, yaml.Node]
_TAB = re.compile(r"^ *\t", re.MULTILINE)


class Malformed(ValueError):
    """The file is not an inventory that can be edited safely: `said` is why, line and column count from 1."""

    def __init__(self, line: int, column: int, said: str) -> None:
        self.line, self.column, self.said = line, column, said
        super().__init__(f"line {line}, column {column}: {said}")


@dataclass(frozen=True)
class Place:
    """One field: its key begins at `key`, its value is text[start:end]; characters, as in all offsets here."""

    key: int
    start: int
    end: int


@dataclass(frozen=True)
class Entry:
    """One entry: lines from the one with its dash (the character `start`) to the one that its last value ends in.

    `values` holds each field's text, None for null; `indent` the blanks before the dash, `inner` before its keys.
    """

    name: str
    start: int
    end: int
    indent: int
    inner: int
    values: Mapping[str, str | None]
    places: Mapping[str, Place]
    braces: bool


@dataclass(frozen=True)
class Listing:
    """A whole inventory: its entries in their order, and where the list hangs.

    `key` is where the colon of the list's key ends, None for a list without one; `empty` is the text that stands for
    a list without entries, such as `[]`.
    """

    text: str
    entries: Mapping[str, Entry]
    key: int | None = None
    indent: int = 0
    empty: tuple[int, int] = (0, 0)


def read(content: bytes) -> Listing:
    """Where everything is; raises Malformed with the line and column of what is in the way."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(content[: error.start].decode("utf-8"), error.start, "is not UTF-8") from None
    if odd := _BREAK.search(text):
        raise _malformed(text, odd.start(), "a line ends there for YAML, but not for an editor")
    try:
        root = _Reader(text).get_single_node()  # what is nested too deeply ends here, soon, and is not scanned whole
        tokens = list(yaml.scan(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = "a tab, where YAML takes blanks" if "'\\t'" in str(error.problem) else f"is no YAML: {error.problem}"
        raise _malformed(text, mark.index if mark else 0, said) from None
    except yaml.reader.ReaderError as error:
        raise _malformed(text, error.position, "is a character that YAML does not allow") from None
    except RecursionError:
        raise Malformed(1, 1, "is nested too deeply to be an inventory") from None
    inside = [(t.start_mark.index, t.end_mark.index) for t in tokens if isinstance(t, yaml.ScalarToken) and t.style]
    for tab in _TAB.finditer(text):
        if not any(start < tab.start() < end for start, end in inside):
            raise _malformed(text, tab.end() - 1, "a tab, where YAML takes blanks")
    dashes = [t.start_mark.index for t in tokens if isinstance(t, yaml.BlockEntryToken)]
    return _listing(text, root, dashes)


class _Reader(yaml.SafeLoader):
    """YAML's nodes, each use of an anchor marked where it stands instead of where the anchor is."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if not self.check_event(yaml.AliasEvent):
            return super().compose_node(parent, index)
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        node = copy(super().compose_node(parent, index))
        assert node is not None
        node.start_mark, node.end_mark = event.start_mark, event.end_mark
        return node


def _listing(text: str, root: yaml.Node | None, dashes: list[int]) -> Listing:
    if _is_null(root):
        return Listing(text, {}, empty=(len(text), len(text)))
    if isinstance(root, yaml.SequenceNode):
        return Listing(text, _entries(text, root, dashes), indent=root.start_mark.column, empty=_brackets(text, root))
    if not isinstance(root, yaml.MappingNode):
        raise Malformed(1, 1, "is neither a list of entries nor a mapping with one")
    key, node = _the_list(text, _pairs(text, root))
    entries = _entries(text, node, dashes) if isinstance(node, yaml.SequenceNode) else {}
    dash = next((e.indent for e in entries.values()), key.start_mark.column + 2)
    colon = text.index(":", key.end_mark.index) + 1
    return Listing(text, entries, colon, dash, _brackets(text, node))


def _the_list(text: str, pairs: list[_Pair]) -> _Pair:
    """The key and the list that holds the entries: the one whose entries have names, and fields of an inventory."""
    lists = [pair for pair in pairs if isinstance(pair[1], yaml.SequenceNode) and any(map(_named, pair[1].value))]
    if len(lists) > 1:
        lists = [(k, v) for k, v in lists if any(_FIELDS & _names(item) for item in v.value)] or lists
    if not lists:
        lists = [(k, v) for k, v in pairs if _is_null(v) or (isinstance(v, yaml.SequenceNode) and not v.value)]
    if len(lists) == 1:
        return lists[0]
    if not lists:
        raise Malformed(1, 1, "has no list of entries with a name")
    keys = ", ".join(str(k.value) for k, _ in lists)
    raise _malformed(text, lists[1][0].start_mark.index, f"more than one list may be that of the entries: {keys}")


def _entries(text: str, node: yaml.SequenceNode, dashes: list[int]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    if node.flow_style and node.value:
        raise _malformed(text, node.start_mark.index, _BRACKETS)
    for item in node.value:
        at = item.start_mark.index
        if not isinstance(item, yaml.MappingNode) or not _named(item):
            raise _malformed(text, at, "an entry without a name")
        entry = _entry(text, item, dashes[bisect_left(dashes, at) - 1])
        if entry.name in found:
            first = text.count("\n", 0, found[entry.name].start) + 1
            raise _malformed(text, at, f"{entry.name!r} is there already, in line {first}")
        found[entry.name] = entry
    return found


def _entry(text: str, item: yaml.MappingNode, dash: int) -> Entry:
    pairs = _pairs(text, item)
    places = {k.value: Place(k.start_mark.index, v.start_mark.index, _end(text, v)) for k, v in pairs}
    values = {k.value: _value(text, v) for k, v in pairs}
    line = text.rfind("\n", 0, dash) + 1
    return Entry(
        name=str(values["name"]),
        start=line,
        end=line_end(text, _end(text, item)),
        indent=dash - line,
        inner=pairs[0][0].start_mark.column,
        values=values,
        places=places,
        braces=bool(item.flow_style) or text[dash + 1 : item.start_mark.index].strip(" ") != "",
    )


def _pairs(text: str, node: yaml.MappingNode) -> list[_Pair]:
    """Keys and values of a mapping whose keys are texts, each there once."""
    seen: set[str] = set()
    for k, _ in node.value:
        if not isinstance(k, yaml.ScalarNode):
            raise _malformed(text, k.start_mark.index, "a key that is no text")
        if k.value in seen:
            raise _malformed(text, k.start_mark.index, f"{k.value!r} is there already")
        seen.add(k.value)
    return list(node.value)


def _end(text: str, node: yaml.Node) -> int:
    """Where a node really ends; YAML's own mark lies behind the blank lines and comments that follow a block."""
    if isinstance(node, yaml.ScalarNode):
        end = int(node.end_mark.index)
        if node.style in ("|", ">"):
            return len(text[: end - 1].rstrip("\r")) if node.value.endswith("\n\n") else len(text[:end].rstrip())
        return end
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style and not _is_alias(text, node):
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def line_end(text: str, at: int) -> int:
    """Where the line ends that a character is in, before its line end."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return end - 1 if end > at and text[end - 1] == "\r" else end


def _brackets(text: str, node: yaml.Node) -> tuple[int, int]:
    """The span of what stands for an empty list; raises Malformed where a comment stands in it."""
    start, end = node.start_mark.index, node.end_mark.index
    if not node.value and "#" in text[start:end]:
        raise _malformed(text, start, _BRACKETS)
    return start, end


def _value(text: str, node: yaml.Node) -> str | None:
    if isinstance(node, yaml.ScalarNode):
        return None if _is_null(node) else str(node.value)
    return text[node.start_mark.index : _end(text, node)]


def _names(node: yaml.Node) -> set[str]:
    pairs: Iterator[_Pair] = iter(node.value if isinstance(node, yaml.MappingNode) else ())
    return {k.value for k, _ in pairs if isinstance(k, yaml.ScalarNode)}


def _named(node: yaml.Node) -> bool:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return any(k.value == "name" and isinstance(v, yaml.ScalarNode) and not _is_null(v) for k, v in pairs)


def _is_null(node: yaml.Node | None) -> bool:
    return node is None or (isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null")


def _is_alias(text: str, node: yaml.Node) -> bool:
    return text[node.start_mark.index : node.start_mark.index + 1] == "*"


def _malformed(text: str, at: int, said: str) -> Malformed:
    line = text.count("\n", 0, at)
    return Malformed(line + 1, at - (text.rfind("\n", 0, at) + 1) + 1, said)
