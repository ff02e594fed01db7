"""The values of a resource as Pulumi keeps them, in normal form."""

from collections.abc import Mapping
from typing import Any

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
