"""The values of a resource as Pulumi keeps them, in normal form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from homebackup.model.declare import UNKNOWN, Declared, Value


def recorded(cls: type[Declared], said: Mapping[str, Any]) -> dict[str, Value]:
    """The values of a state in Pulumi's JSON, by the declaration's names."""
    return normal(cls, {f.name: said.get(f.camel) for f in cls.fields})


def normal(cls: type[Declared], values: Mapping[str, Value]) -> dict[str, Value]:
    """All fields in normal form; what the declaration no longer takes is passed on as it is."""
    found: dict[str, Value] = {}
    for f in cls.fields:
        value = values.get(f.name)
        try:
            found[f.name] = f.absent if value is None else value if value is UNKNOWN else f.normal(value)
        except ValueError:
            found[f.name] = value
    return found


@dataclass(frozen=True)
class Deployed:
    """What a stack's state has: resources by type and id, and the URNs of all of them, components included."""

    resources: frozenset[tuple[str, str]] = frozenset()
    urns: frozenset[str] = frozenset()

    @classmethod
    def read(cls, exported: Mapping[str, Any]) -> Self:
        """The state in what `pulumi stack export` says; what only waits to be deleted is none of it."""
        kept = (exported.get("deployment") or {}).get("resources") or []
        live = [resource for resource in kept if not resource.get("delete")]
        named = ((str(resource.get("type", "")), str(resource.get("id", ""))) for resource in live)
        return cls(frozenset(named), frozenset(str(resource.get("urn", "")) for resource in live))

    def has(self, type_: str, id_: str) -> bool:
        """Whether that resource is in the state."""
        return (type_, id_) in self.resources
