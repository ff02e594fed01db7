"""What vzdump prints about itself: its command line, sizes, durations, and the notes made from a template."""

import re
from collections.abc import Mapping
from typing import Any

from lab.pve.formats import split_list
from lab.pve.schema import plain

_HIDDEN = {
    "id",
    "vmid",
    "starttime",
    "dow",
    "stdout",
    "enabled",
    "schedule",
    "type",
    "next-run",
    "comment",
    "repeat-missed",
    "job-id",
}
_LISTS = {"exclude", "mailto"}
_SAFE = re.compile(r"[\w!%+,\-./:@^]+", re.ASCII)
_VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def quoted(text: str) -> str:
    """A word for the shell, in single quotes where it must be."""
    if _SAFE.fullmatch(text):
        return text
    inner = text.replace("'", "'\\''")
    return f"'{inner}'"


def command_line(params: Mapping[str, Any]) -> str:
    """The job as a `vzdump` command, options in alphabetical order."""
    words = ["vzdump", *split_list(plain(params.get("vmid") or ""))]
    for key in sorted(params):
        value = params[key]
        if key in _HIDDEN or value is None or value == "":
            continue
        if key in _LISTS:
            value = split_list(plain(value))
        if isinstance(value, Mapping):
            value = ",".join(f"{inner}={text}" for inner, text in sorted(value.items()))
        for item in value if isinstance(value, list) else [value]:
            words += [f"--{key}", quoted(plain(item))]
    return " ".join(words)


def size_text(size: int) -> str:
    """A size as in `archive file size: 5.04GB`."""
    if size < 1 << 20:
        return f"{size // 1024}KB"
    return f"{size >> 20}MB" if size < 1 << 30 else f"{size / (1 << 30):.2f}GB"


def duration_text(seconds: float) -> str:
    """A duration as in `Finished Backup of VM 100 (00:02:10)`."""
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def tar_total(verb: str, size: int, seconds: float) -> str:
    """The line that tar prints at its end: `Total bytes written: 20480 (20KiB, 1.1MiB/s)`."""
    return f"Total bytes {verb}: {size} ({_short(size)}, {_short(size / max(seconds, 0.01))}/s)"


def _short(size: float) -> str:
    """A size as tar writes it: one decimal below 10, none above."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"{size:.1f}{unit}" if size < 10 and unit != "B" else f"{size:.0f}{unit}"


def transfer_total(size: int, seconds: float) -> str:
    """The line at the end of a machine's backup."""
    rate = size / max(seconds, 1)
    return f"transferred {with_unit(size)} in {max(1, int(seconds))} seconds ({with_unit(rate)}/s)"


def with_unit(size: float) -> str:
    """A size as in `transferred 32.00 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.2f} {unit}"


def notes(template: str, values: Mapping[str, str]) -> str:
    """The notes of an archive: variables filled in, `\\n` and `\\\\` undone."""
    text = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1] if m[1] == "\\" else m[0], template)
    return _VARIABLE.sub(lambda m: values.get(m[1], ""), text)
