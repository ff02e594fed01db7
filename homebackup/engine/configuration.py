"""The provider's configuration as Pulumi hands it over: what is wrong with it, and what of it changed."""

from collections.abc import Mapping

from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue

from homebackup.engine.codec import lower
from homebackup.model.declare import UNKNOWN
from homebackup.world.connection import Connection, Problems

Properties = Mapping[str, PropertyValue]
"""Values by Pulumi's name."""


def wrong(inputs: Properties) -> list[protocol.CheckFailure]:
    """Why a configuration cannot work, property by property; nothing while a part of it is not known."""
    if UNKNOWN in (lower(value) for value in inputs.values()):
        return []
    try:
        Connection.parse(texts(inputs))
    except Problems as problems:
        return [protocol.CheckFailure(name, f"{name}: {reason}") for name, reason in problems.errors.items()]
    return []


def changed(old: Properties, new: Properties) -> list[str]:
    """The properties whose text differs."""
    before, after = texts(old), texts(new)
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def texts(properties: Properties) -> dict[str, str]:
    """Configuration as text by key; Pulumi hands numbers and truth values over as such."""
    values = {
        name: lower(value) for name, value in properties.items() if not name.startswith("__") and name != "version"
    }
    return {name: str(value) for name, value in values.items() if value is not None and value is not UNKNOWN}
