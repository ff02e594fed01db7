"""Answers as text that people read: tables with borders, and values with units."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from lab.cli.serialising import as_json, number


@dataclass(frozen=True)
class Column:
    """How a property is shown: under which title, in which unit, and whether it stands at the right."""

    name: str
    title: str = ""
    type: str = "string"
    renderer: str = ""

    @property
    def right(self) -> bool:
        """Numbers stand at the right."""
        return self.type in ("integer", "number")


@dataclass(frozen=True)
class Look:
    """What the options of a command say about its tables."""

    utf8: bool = True
    border: bool = True
    header: bool = True
    human: bool = True
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))


def bytes_text(value: float) -> str:
    """A size with its unit: `4.00 KiB`."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            return f"{value:.2f} {unit}"
        value /= 1024
    return f"{value:.2f} PiB"


def duration_text(value: float) -> str:
    """Seconds as `1w 2d 3h 4m 5s`, leading and trailing zeroes left out."""
    rest, parts = int(value), []
    for unit, length in (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0s"


def timestamp_text(value: float, zone: ZoneInfo) -> str:
    """A time of the node: `2026-11-22 02:00:00`."""
    return datetime.fromtimestamp(value, zone).strftime("%Y-%m-%d %H:%M:%S")


_RENDERERS: dict[str, Callable[[float], str]] = {
    "bytes": bytes_text,
    "duration": duration_text,
    "fraction_as_percentage": lambda value: f"{value * 100:.2f}%",
    "timestamp_gmt": lambda value: time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(value)),
}


def cell(value: Any, column: Column, look: Look) -> str:
    """The text of one value."""
    if value is None:
        return ""
    if look.human and column.renderer and isinstance(value, int | float | str):
        if column.renderer == "timestamp":
            return timestamp_text(float(value), look.zone)
        return _RENDERERS[column.renderer](float(value))
    if isinstance(value, dict | list):
        return as_json(value)
    return number(value) if isinstance(value, float) else str(value)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], look: Look) -> str:
    """The rows as a table, sorted by the first column; a value of several lines takes several lines."""
    first = columns[0]

    def place(row: Mapping[str, Any]) -> Any:
        value = row.get(first.name)
        return value if value is not None else 0 if first.right else ""

    cells = [[cell(row.get(c.name), c, look).split("\n") for c in columns] for row in sorted(rows, key=place)]
    drawing = _Bordered(columns, cells, look) if look.border else _Plain(columns, cells, look)
    text = "".join(line + "\n" for line in drawing.lines())
    return text if look.utf8 else text.encode("ascii", "replace").decode()


class _Plain:
    """A table without borders: one blank between columns, and what is last in a line stands as it is."""

    def __init__(self, columns: Sequence[Column], cells: list[list[list[str]]], look: Look) -> None:
        self.columns, self.cells, self.look = columns, cells, look
        self.titles = [c.title or c.name for c in columns]
        shown = [self.titles] if look.header else []
        shown += [line for row in cells for line in _lines(row)]
        self.widths = [max(map(len, texts)) for texts in zip(*shown, strict=True)]

    def aligned(self, texts: Sequence[str]) -> list[str]:
        triples = zip(texts, self.columns, self.widths, strict=True)
        return [text.rjust(width) if column.right else text.ljust(width) for text, column, width in triples]

    def lines(self) -> list[str]:
        """The lines of the table."""
        shown = [self.titles] if self.look.header else []
        shown += [line for row in self.cells for line in _lines(row)]
        return [" ".join([*self.aligned(texts)[:-1], texts[-1]]) for texts in shown]


class _Bordered(_Plain):
    """A table in a frame, of box characters where the locale has them."""

    def lines(self) -> list[str]:
        """The lines of the table."""
        ascii_only = not self.look.utf8
        between = self._rule("+-++" if ascii_only else "├─┼┤")
        below = self._rule("+=++" if ascii_only else "╞═╪╡")
        drawn = [self._rule("+-++" if ascii_only else "┌─┬┐")]
        if self.look.header:  # Proxmox leaves the corner of a single column open
            drawn += [self._line(self.titles), below[:-1] if len(self.columns) == 1 else below]
        for index, row in enumerate(self.cells):
            drawn += [between] if index else []
            drawn += [self._line(texts) for texts in _lines(row)]
        return [*drawn, self._rule("+-++" if ascii_only else "└─┴┘")]

    def _rule(self, drawing: str) -> str:
        return drawing[0] + drawing[2].join(drawing[1] * (width + 2) for width in self.widths) + drawing[3]

    def _line(self, texts: Sequence[str]) -> str:
        side = "│" if self.look.utf8 else "|"
        return f"{side} " + f" {side} ".join(self.aligned(texts)) + f" {side}"


def _lines(row: list[list[str]]) -> list[list[str]]:
    height = max(len(texts) for texts in row)
    return [[texts[i] if i < len(texts) else "" for texts in row] for i in range(height)]
