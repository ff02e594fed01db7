"""What reading an archive to its end told."""

import base64
from dataclasses import dataclass

from homebackup.model.backups.reading import away
from homebackup.model.seen import Unseen

READERS = {"unpack": "it cannot be unpacked", "look": "what is in it is damaged"}
MISSING = 127
"""Exit code for a program that is not there."""


@dataclass(frozen=True)
class Whole:
    """SHA-256 of all bytes, and what the programs complained of: empty when the archive is good."""

    sha256: str
    said: str = ""


def read_whole(output: str, nas: str) -> Whole | Unseen:
    """What the script printed that reads an archive of a NAS to its end."""
    lines = output.splitlines()
    if lines[-1:] == ["silent"]:
        return away(nas)
    parts = dict(line.partition(" ")[::2] for line in lines)
    if not parts.get("sum"):
        return Unseen("its reading ended early", "run this again")
    if parts["feed"] in ("124", "137"):
        return away(nas)
    if parts["feed"] != "0":
        return Unseen(f"it cannot be read ({_text(parts['dd'])})", "see whether the NAS is well, and run this again")
    sha256 = parts["sum"].split()[0]
    for part, what in READERS.items():
        if parts[part] == str(MISSING):
            return Unseen(f"the host lacks a program to read it ({_text(parts[f'{part}.said'])})", "install it there")
        if parts[part] != "0":
            return Whole(sha256, f"{what} ({_text(parts[f'{part}.said']) or 'exit code ' + parts[part]})")
    return Whole(sha256)


def progress(lines: str) -> int:
    """Pieces that were read, after the last complete line of what came so far; 0 for none."""
    complete = lines[: lines.rfind("\n") + 1].splitlines()
    return next((int(line.removeprefix("at ")) for line in reversed(complete) if line.startswith("at ")), 0)


def _text(encoded: str) -> str:
    """The end of what a program printed, as one line without its own decorations."""
    said = base64.b64decode(encoded).decode("utf-8", "replace")
    return " ".join(said.replace("/*stdin*\\", "").split()).strip(" :")
