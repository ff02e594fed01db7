"""Values between Pulumi and the declarations: the only module that knows Pulumi's PropertyValue."""

from collections.abc import Collection, Mapping
from typing import Any

from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_TEXT

from homebackup.model.declare import UNKNOWN, Declared, Value, secret
from homebackup.model.state import normal


def lift(value: Value, *, hidden: bool = False) -> PropertyValue:
    """A value for Pulumi, whose only number is a float; sets become sorted lists."""
    if value is UNKNOWN:
        return PropertyValue(UNKNOWN_TEXT)
    if isinstance(value, frozenset):
        value = sorted(value)
    if isinstance(value, (list, tuple)):
        return PropertyValue([lift(v) for v in value], is_secret=hidden)
    if isinstance(value, Mapping):
        return PropertyValue({str(name): lift(v) for name, v in value.items()}, is_secret=hidden)
    if isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    return PropertyValue(value, is_secret=hidden)


def lower(value: PropertyValue) -> Value:
    """A value from Pulumi; UNKNOWN for what a preview cannot know yet, also somewhere inside."""
    inner: Any = value.value
    if isinstance(inner, Computed) or inner == UNKNOWN_TEXT:
        return UNKNOWN
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    if isinstance(inner, tuple):
        items = [lower(v) for v in inner]
        return UNKNOWN if UNKNOWN in items else items
    if isinstance(inner, Mapping):
        entries = {name: lower(v) for name, v in inner.items()}
        return UNKNOWN if any(v is UNKNOWN for v in entries.values()) else entries
    return inner


def secrets(cls: type[Declared], *given: Mapping[str, PropertyValue]) -> frozenset[str]:
    """The declaration's names of the fields that are, or hold, a secret of the program in any of these."""
    return frozenset(
        f.name for f in cls.fields if any(f.camel in values and _secret(values[f.camel]) for values in given)
    )


def _secret(value: PropertyValue) -> bool:
    inner: Any = value.value
    parts = inner.values() if isinstance(inner, Mapping) else inner if isinstance(inner, tuple) else ()
    return value.is_secret or any(_secret(part) for part in parts)


def lift_all(
    cls: type[Declared], values: Mapping[str, Value], hidden: Collection[str] = ()
) -> dict[str, PropertyValue]:
    """A resource's values by their Pulumi names; None is left out, the fields in `hidden` are secrets."""
    return {
        f.camel: lift(values[f.name], hidden=secret in f.marks or f.name in hidden)
        for f in cls.fields
        if values.get(f.name) is not None
    }


def lower_all(cls: type[Declared], properties: Mapping[str, PropertyValue]) -> dict[str, Value]:
    """Pulumi's properties by the declaration's names; a name that Pulumi does not use is left to be refused."""
    names = {f.camel: f.name for f in cls.fields}
    misspelt = {f.name: f"{f.name} (in Pulumi {f.camel})" for f in cls.fields if f.name != f.camel}
    return {
        names.get(name, misspelt.get(name, name)): lower(value)
        for name, value in properties.items()
        if not name.startswith("__")
    }


def state(cls: type[Declared], properties: Mapping[str, PropertyValue]) -> dict[str, Value]:
    """A recorded state in normal form; what the declaration no longer takes is passed on as it is."""
    return normal(cls, lower_all(cls, properties))
