"""What came of a drill: an archive restored to a spare guest, which was started, asked whether it lives, removed."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


@dataclass(frozen=True)
class Drilled:
    """One drill of one guest's archive.

    `time` is the epoch of its beginning by the node's clock; `spare` the VMID that it was restored as, 0 where
    the archive was found bad before. It took `seconds` until the guest answered, or it was given up, and the archive
    has so many `bytes`. `said` is how it answered, or why it failed.
    """

    time: float
    vmid: int
    spare: int
    archive: str
    seconds: float
    bytes: int
    ok: bool
    said: str

    def line(self) -> str:
        """It as a line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=True)

    @classmethod
    def read(cls, line: str) -> Self | None:
        """What a line says, None when it is none of ours."""
        try:
            told: dict[str, Any] = json.loads(line)
            numbers = (told["time"], told["vmid"], told["spare"], told["seconds"], told["bytes"])
            texts = (told["archive"], told["said"])
            if all(isinstance(n, int | float) for n in numbers) and all(isinstance(t, str) for t in texts):
                return cls(**{field.name: told[field.name] for field in fields(cls)})
        except (ValueError, KeyError, TypeError):
            pass
        return None


def last_drilled(results: Iterable[Drilled]) -> dict[int, Drilled]:
    """The newest drill of each guest, by VMID."""
    return {one.vmid: one for one in sorted(results, key=lambda one: one.time)}


def of_archives(results: Iterable[Drilled]) -> dict[str, Drilled]:
    """The newest drill of each archive, by its name."""
    return {one.archive: one for one in sorted(results, key=lambda one: one.time)}
