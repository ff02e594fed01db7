"""What the owner was last told of each backup, as it is kept between two looks."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Last:
    """What the owner knows of one thing.

    `state` is the last one that was seen, UNKNOWN only before the first time. `troubles` are the states that were told
    since the thing was last well, and `since` is the epoch from which it is well or not. It is `unseen` once it was
    said that it cannot be seen.
    """

    label: str
    state: str
    since: float
    critical: bool = False
    troubles: tuple[str, ...] = ()
    unseen: bool = False


@dataclass(frozen=True)
class LastTold:
    """All that was told, by what tells things apart; `at` is the epoch of the last look, None before the first."""

    things: Mapping[str, Last] = field(default_factory=dict)
    at: float | None = None

    def text(self) -> bytes:
        """As it is kept: JSON, always in one order."""
        kept = {"at": self.at, "things": {key: asdict(last) for key, last in sorted(self.things.items())}}
        return (json.dumps(kept, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")

    @classmethod
    def read(cls, text: bytes | None) -> Self:
        """What `text` wrote, nothing where there is no file; raises ValueError for what is none of it."""
        if text is None:
            return cls()
        try:
            kept = json.loads(text)
            things = {str(key): _last(said) for key, said in kept["things"].items()}
            return cls(things, None if kept["at"] is None else float(kept["at"]))
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError("it is not what was written there") from error


def _last(said: Mapping[str, Any]) -> Last:
    return Last(
        str(said["label"]),
        str(said["state"]),
        float(said["since"]),
        critical=bool(said["critical"]),
        troubles=tuple(map(str, said["troubles"])),
        unseen=bool(said["unseen"]),
    )
