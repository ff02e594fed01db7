"""How Proxmox VE names and spells a field and its value, and a whole resource there and back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Spelled = str | int | list[str]
"""A value as a parameter of Proxmox VE's API."""
T = TypeVar("T")


@dataclass(frozen=True)
class Wire:
    """The name Proxmox VE gives the field, where it does not follow from ours."""

    name: str


@dataclass(frozen=True)
class Encode:
    """How Proxmox VE spells the value, where it does not follow from its type."""

    spell: Callable[[Any], Spelled]


@dataclass(frozen=True)
class Absent:
    """What Proxmox VE means when it does not mention the field, where that is not None."""

    value: Any


def spelled(value: Any) -> Spelled:
    """A value as Proxmox VE's API takes it: 0/1, comma lists, property strings; sequences stay lists."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, frozenset):
        return ",".join(str(v) for v in sorted(value))
    if isinstance(value, tuple):
        return [str(v) for v in value]
    if isinstance(value, Mapping):
        return ",".join(f"{name}={spelled(v)}" for name, v in sorted(value.items()))
    return value if isinstance(value, int) else str(value)


def wire_form(declared: Any) -> dict[str, Spelled]:
    """What Proxmox VE is told of a resource, in its names and its spelling."""
    return {f.wire: f.spell(value) for f in declared.fields if f.told(value := getattr(declared, f.name))}


def from_wire(cls: type[T], said: Mapping[str, Any]) -> T:
    """The resource that an answer of Proxmox VE describes; what it does not mention has the field's `absent` value.

    What somebody gave it that we would refuse stays as Proxmox VE says it: that is drift to be shown, no failure.
    """
    values: dict[str, Any] = {}
    for f in cls.fields:  # type: ignore[attr-defined]
        try:
            value = f.normal(said[f.wire]) if said.get(f.wire) is not None else None
        except ValueError:
            value = said[f.wire]
        values[f.name] = f.absent if value is None else value
    return cls(**values)
