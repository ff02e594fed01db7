"""Text that does nothing but be read: what a control character is, and other people's texts without any."""

import unicodedata

LONGEST = 600
"""Characters of a foreign text that are quoted in a sentence; the rest is cut off."""
_CONTROL = frozenset({"Cc", "Cs"})
"""Unicode's control characters and lone surrogates: no file and no API takes them."""
_UNSEEN = _CONTROL | {"Cf", "Zl", "Zp"}
"""Also what a terminal acts on without showing it: marks of direction, other ends of lines."""


def control(text: str) -> int | None:
    """Where the first control character is, None when there is none."""
    if text.isprintable():
        return None
    return next((place for place, char in enumerate(text) if unicodedata.category(char) in _CONTROL), None)


def printable(text: str) -> str:
    """The text itself; raises ValueError for a control character."""
    if (place := control(text)) is not None:
        raise ValueError(f"has a control character at position {place}; Proxmox VE's files break on these")
    return text


def plain(text: str) -> str:
    """Text for a terminal, line by line as `plain_line` has it."""
    return text if text.isprintable() else "\n".join(map(plain_line, text.split("\n")))


def plain_line(text: str) -> str:
    """One line for a terminal: each character that could do something to it is a �, tabs aside."""
    if text.isprintable():
        return text
    return "".join(c if c == "\t" or unicodedata.category(c) not in _UNSEEN else "\ufffd" for c in text)


def one_line(text: str, longest: int = LONGEST) -> str:
    """Foreign text made fit for a sentence: one line, no control characters, no closing full stop, cut at `longest`."""
    line = " ".join("".join(" " if unicodedata.category(c) in _UNSEEN else c for c in text).split())
    return line[:longest] + "…" if len(line) > longest else line.removesuffix(".")
