"""What a program gives a resource, checked: the reasons by property, and a sentence for each."""

from __future__ import annotations

from typing import Any

from homebackup.model.declare import check
from homebackup.resources import RESOURCES

Bad = dict[str, tuple[dict[str, Any], dict[str, str]]]
"""By what is wrong: what is given, and for each property a part of the reason."""


def refused(name: str, given: dict[str, Any], wrong: dict[str, str]) -> None:
    """Fails unless exactly these properties are refused, each with its reason in words for the owner."""
    said = check(RESOURCES[name], given)[1]
    assert said.keys() == wrong.keys()
    for field, part in wrong.items():
        assert part in said[field]
        assert "\n" not in said[field]
        assert not any(word in said[field] for word in ("Input", "pydantic", "frozenset", "tuple", "dict", "Error"))


def texts(name: str, given: dict[str, Any]) -> list[tuple[str, Any]]:
    """Each property whose value holds a text, with a control character in that text."""
    spoilt: list[tuple[str, Any]] = []
    for field, value in given.items():
        if isinstance(value, str):
            spoilt += [(field, f"{value}\n"), (field, f"{value}\x1b")]
        elif isinstance(value, list):
            spoilt += [(field, [*value[1:], f"{value[0]}\x00"])]
        elif isinstance(value, dict):
            spoilt += [(field, {f"{key}\n": one for key, one in value.items()})]
    assert spoilt
    assert check(RESOURCES[name], given)[1] == {}
    return spoilt
