"""Markdown without templates: what other people named stays text, and a command is one block of code."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from homebackup.model.plain import one_line, plain_line


def quoted(value: Any) -> str:
    """Text in which nothing means anything to Markdown."""
    text = re.sub(r"([\\`*\[\]<>&|~])", r"\\\1", plain_line(str(value)).replace("\t", " "))
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)


def fence(*lines: str, language: str = "sh") -> str:
    """Commands as one block of code, whatever is in them."""
    ticks = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall("`+", line)), default=0))
    return "\n".join([f"{ticks}{language}", *map(plain_line, lines), ticks])


def span(text: str) -> str:
    """A name or a value in a line of text, as code."""
    inside = plain_line(text).replace("`", "'").replace("|", "\\|")
    return f"`{inside}`" if inside.strip() else ""


def sentence(text: str) -> str:
    """Words as a sentence: a capital first and a full stop last; nothing stays nothing."""
    said = one_line(text)
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what stands in its cells is Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell or '-' for cell in line)} |" for line in lines)
