"""systemd's own spelling of things."""

import re

from pverules.calendar import CalendarEvent, normalise


def unit_name(path: str, kind: str = "mount") -> str:
    """The unit of a path as `systemd-escape --path` prints it: /mnt/nas-backups is mnt-nas\\x2dbackups.mount."""

    def escape(position: int, character: str) -> str:
        if character == "/":
            return "-"
        if character.isascii() and (character.isalnum() or character in ":_" or (character == "." and position > 0)):
            return character
        return "".join(f"\\x{byte:02x}" for byte in character.encode())

    parts = "/".join(part for part in path.split("/") if part)
    return ("".join(escape(i, c) for i, c in enumerate(parts)) or "-") + f".{kind}"


def word(text: str) -> str:
    """A text as one word of a unit file; `$` is left, since it means something in commands alone."""
    escaped = "".join(_ESCAPED.get(character) or character for character in text)
    return escaped if re.fullmatch(r"[\w%+,./:=@-]+", escaped, re.ASCII) else f'"{escaped}"'


_ESCAPED = {"%": "%%", "\\": r"\\", '"': r"\"", "\n": r"\n", "\t": r"\t", "\r": r"\r"}
"""What stands for a character between quotes; % would begin a specifier."""


def calendar(schedule: str) -> str:
    """A schedule of Proxmox VE as OnCalendar= takes it, which knows no step from any time on, and Monday before Sunday.

    Both run at the same times, but for a step that has no end and does not divide its unit.
    """
    *date, clock = normalise(CalendarEvent.parse(schedule)).split(" ")
    return " ".join([*(re.sub(r"\*/", "1/", part) for part in date), re.sub(r"\*/", "0/", clock)])
