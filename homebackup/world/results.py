"""A file of results beside the journal, one on a line: what verifications and drills came to."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from homebackup.world.errors import Refused

T = TypeVar("T")


def read(file: Path, line: Callable[[str], T | None]) -> list[T]:
    """Everything in the file, oldest first; what `line` takes for none of ours is left out. Raises Refused."""
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise refused(file, "read", error) from None
    return [result for text in lines if (result := line(text)) is not None]


def refused(file: Path, done: str, error: OSError) -> Refused:
    """Why results cannot be read or written."""
    said = f"they cannot be {done} ({error.strerror or error})"
    return Refused(f"results {file}", said, "correct its permissions, or make room")
