"""/etc/vzdump.conf as bytes: one `key: value` a line; the keys asked for are changed and every other byte stays."""

import re
from collections.abc import Mapping

_LINE = re.compile(rb"^\s*([a-z][a-z0-9-]*)\s*:\s*(.*?)\s*$")


def values(content: bytes) -> dict[str, str]:
    """The keys that are set, the first line of each."""
    found: dict[str, str] = {}
    for line in content.split(b"\n"):
        if match := _LINE.match(line):
            found.setdefault(match[1].decode(), match[2].decode("utf-8", "replace"))
    return found


def changed(content: bytes, wanted: Mapping[str, str | None]) -> bytes:
    """The file with each key set to its text, on one line each, or with no line of it for None.

    A line that says it already stays as it is; a new key goes to the end.
    """
    now = values(content)
    left = dict(wanted)
    lines: list[bytes] = []
    for line in content.split(b"\n"):
        match = _LINE.match(line)
        name = match[1].decode() if match else ""
        if name not in wanted:
            lines.append(line)
        elif name in left and (text := left.pop(name)) is not None:
            lines.append(line if now[name] == text else f"{name}: {text}".encode())
    added = [f"{name}: {text}".encode() for name, text in left.items() if text is not None and name not in now]
    if added and lines and lines[-1] == b"":
        return b"\n".join([*lines[:-1], *added, b""])
    return b"\n".join([*lines, *added])
