"""What drills came to, kept in a file beside the journal."""

import asyncio
import os
from pathlib import Path

from homebackup.model.backups.drill import Drilled
from homebackup.world import journal
from homebackup.world.results import read, refused

NAME = "drilled.jsonl"


def place(folder: Path) -> Path:
    """The file for a project in that folder."""
    return journal.place(folder).with_name(NAME)


def results(file: Path) -> list[Drilled]:
    """Everything in the file, oldest first; a line that is none of ours is left out. Raises Refused."""
    return read(file, Drilled.read)


async def keep(file: Path, result: Drilled) -> None:
    """Add a result to the file, on the disk when this returns; raises Refused."""
    await asyncio.to_thread(_keep, file, result)


def _keep(file: Path, result: Drilled) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with file.open("ab+") as out:
            torn = out.tell() and not _ends(file)
            out.write((b"\n" if torn else b"") + result.line().encode() + b"\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise refused(file, "written", error) from None


def _ends(file: Path) -> bool:
    """Whether its last line is whole: a power cut tears one."""
    return file.read_bytes().endswith(b"\n")
