"""Options on a command line as Proxmox's commands read them: abbreviated, in any case, with one dash or two."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["text", "boolean", "array", "list"]
"""How an option is read: `boolean` may stand without a value, `array` and `list` may be repeated (a list is joined)."""

_TRUE, _FALSE = re.compile(r"1|true|yes|on", re.I), re.compile(r"0|false|no|off", re.I)


class BadOptions(Exception):
    """A command line that cannot be read: `warnings` were printed while reading, `text` is why it was given up."""

    def __init__(self, text: str, warnings: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.text, self.warnings = text, list(warnings)


@dataclass
class Line:
    """A command line taken apart: options by their full name, and the words that are no options."""

    options: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)


def kind_of(data: Mapping[str, Any]) -> Kind:
    """The kind of an option, from the parameter's schema."""
    if data.get("type") == "boolean":
        return "boolean"
    if data.get("type") == "array":
        return "array"
    return "list" if str(data.get("format", "")).endswith(("-list", "-alist")) else "text"


def read(args: Sequence[str], kinds: Mapping[str, Kind]) -> Line:
    """Take a command line apart; raises BadOptions with what the option reader prints."""
    line, warnings, rest = Line(), [], list(args)
    while rest:
        word = rest.pop(0)
        if word == "--":
            line.words += rest
            break
        if not word.startswith("-") or word == "-":
            line.words.append(word)
            continue
        given, equals, value = word.removeprefix("-").removeprefix("-").partition("=")
        names = _matching(given, kinds)
        if len(names) != 1:
            several = f"Option {given} is ambiguous ({', '.join(sorted(names))})"
            warnings.append(several if names else f"Unknown option: {given}")
            continue
        name, taken = names[0], value if equals else None
        if kinds[name] == "boolean":
            if taken is None and rest and (rest[0] == "-" or not rest[0].startswith("-")):
                taken = rest.pop(0)
            line.options[name] = taken or ""
            continue
        if taken is None and rest:
            taken = rest.pop(0)
        elif not taken:
            warnings.append(f"Option {given} requires an argument")
            continue
        if kinds[name] in ("array", "list"):
            line.options.setdefault(name, []).append(taken)
        else:
            line.options[name] = taken
    if warnings:
        raise BadOptions("unable to parse option", warnings)
    return Line({name: _value(v, kinds[name]) for name, v in line.options.items()}, line.words)


def _matching(given: str, kinds: Mapping[str, Kind]) -> list[str]:
    """The full names an option may stand for: itself, else every name that begins so, whatever the case."""
    low = given.lower()
    exact = [name for name in kinds if name.lower() == low]
    return exact or [name for name in kinds if low and name.lower().startswith(low)]


def _value(value: Any, kind: Kind) -> Any:
    if kind == "list":
        return ",".join(value)
    return truth(value) if kind == "boolean" else value


def truth(text: str) -> int:
    """A boolean of the command line: nothing at all means yes; raises BadOptions."""
    if not text or _TRUE.fullmatch(text):
        return 1
    if _FALSE.fullmatch(text):
        return 0
    raise BadOptions("unable to parse boolean option")


def place(words: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Give the words to the positional parameters; raises BadOptions when there are too few or too many."""
    if len(words) < len(names):
        raise BadOptions("not enough arguments")
    if len(words) > len(names):
        raise BadOptions("too many arguments")
    return dict(zip(names, words, strict=True))


def decoded(word: bytes, utf8: bool) -> str:
    """A word of the command line as text; without a UTF-8 locale each byte beyond ASCII is lost."""
    return word.decode("utf-8" if utf8 else "ascii", "replace")
