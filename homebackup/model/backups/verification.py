"""What earlier verifications found, and which of them still tells of an archive."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from homebackup.model.backups.archive import Archive

QUICK, DEEP = "quick", "deep"
SLACK = 2.0
"""Seconds by which a file's time may differ from one reading to the next."""


@dataclass(frozen=True)
class Verified:
    """One verification of one archive.

    The archive is known again by `storage`, `name`, `size` in bytes and `written` (epoch, None when not told). `state`
    is good or bad, `said` why it is bad. `digest` is of both ends of its file and `sha256` of all of it, both as they
    were when they were first seen and good, empty when they never were. `time` is an epoch by our clock.
    """

    storage: str
    name: str
    size: int
    written: float | None
    depth: str
    state: str
    said: str
    digest: str
    sha256: str
    time: float

    def line(self) -> str:
        """It as a line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=True)

    @classmethod
    def read(cls, line: str) -> Self | None:
        """What a line says, None when it is none of ours."""
        try:
            said: dict[str, Any] = json.loads(line)
            fits = isinstance(said["size"] + said["time"] + (said["written"] or 0), int | float)
            return cls(**{field.name: said[field.name] for field in fields(cls)}) if fits else None
        except (ValueError, KeyError, TypeError):
            return None

    def of(self, archive: Archive) -> bool:
        """Whether it was of this very file, as far as size and time tell."""
        if (self.storage, self.name, self.size) != (archive.storage, archive.name, archive.size):
            return False
        return self.written is None or archive.written is None or abs(self.written - archive.written) <= SLACK


def last_verified(results: Iterable[Verified], archive: Archive) -> Verified | None:
    """The verification that tells most of an archive as it is now, None when it was never verified.

    It is the newest one; a good quick one does not stand before an older deep one of the same content. A bad deep one
    may not know the content, as it was never seen to be good: then only another deep one stands before it.
    """
    known = sorted((result for result in results if result.of(archive)), key=lambda result: result.time)
    deep = [result for result in known if result.depth == DEEP]
    if not known or not deep or known[-1].state != "good" or deep[-1].digest not in ("", known[-1].digest):
        return known[-1] if known else None
    return deep[-1]


def merged(results: Iterable[Verified], new: Sequence[Verified]) -> list[Verified]:
    """The results with new ones, of each archive and depth the newest only; by time."""
    latest = {(result.storage, result.name, result.depth): result for result in (*results, *new)}
    return sorted(latest.values(), key=lambda result: (result.time, result.name))
