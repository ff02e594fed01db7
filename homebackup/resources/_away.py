"""What is said and done of a resource of a service that does not answer now."""

from collections.abc import Mapping
from typing import Any, TypeVar

from homebackup.model.declare import Value
from homebackup.model.seen import Unseen
from homebackup.model.steps import Blocked

T = TypeVar("T")


def as_known(cls: type[T], known: Mapping[str, Value]) -> T | None:
    """The resource as it was last known, what is only seen included; None where it was never seen."""
    fields: tuple[Any, ...] = cls.fields  # type: ignore[attr-defined]
    if any(known.get(f.name) is None for f in fields if f.required):
        return None
    values = {f.name: known.get(f.name) for f in fields}
    return cls(**{f.name: f.default if values[f.name] is None and not f.required else values[f.name] for f in fields})


def away(ground: Any) -> Blocked | None:
    """Why nothing can be changed now; None where the service answered."""
    if not isinstance(ground, Unseen):
        return None
    return Blocked(ground.said, ground.remedy or "run this again when it answers")
