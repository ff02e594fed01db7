"""What verifications found, kept in a file beside the journal."""

import asyncio
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from homebackup.model.backups.verification import Verified, merged
from homebackup.world import journal
from homebackup.world.results import read, refused

NAME = "verified.jsonl"


def place(folder: Path) -> Path:
    """The file for a project in that folder."""
    return journal.place(folder).with_name(NAME)


def results(file: Path) -> list[Verified]:
    """Everything in the file, oldest first; a line that is none of ours is left out. Raises Refused."""
    return read(file, Verified.read)


async def keep(file: Path, new: Sequence[Verified]) -> None:
    """Add results to the file, on the disk when this returns; raises Refused."""
    await asyncio.to_thread(_keep, file, new)


def _keep(file: Path, new: Sequence[Verified]) -> None:
    fresh = file.with_name(f"{file.name}.new")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)  # another verify holds it for milliseconds
            with fresh.open("w", encoding="utf-8") as out:
                out.writelines(f"{result.line()}\n" for result in merged(results(file), new))
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(file)
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise refused(file, "written", error) from None
