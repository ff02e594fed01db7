"""One way to ask of every kind of value how it reads a spelling, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from homebackup.model.reasons import reason

CONTROL = ["\n", "\r", "\t", "\x00", "\x1b", "\x7f", "\x85", "\udc80"]
"""A line feed and others that Proxmox VE's files break on."""

Good = dict[str, list[tuple[Any, Any]]]
"""By the name of a kind: spellings, each with its normal form."""
Bad = dict[str, list[tuple[Any, str]]]
"""By the name of a kind: what does not fit, each with a part of the reason."""


def rows(table: dict[str, list[tuple[Any, Any]]]) -> list[Any]:
    """Each row of the table with the name of its kind."""
    return [pytest.param(name, *row, id=f"{name}-{row[0]!a}"[:60]) for name, found in table.items() for row in found]


def kinds_of(module: Any) -> set[str]:
    """The names of the kinds that a module declares."""
    return {name for name, value in vars(module).items() if name[0].isupper() and hasattr(value, "__metadata__")}


def normal_form(kind: Any, value: Any) -> Any:
    """What the kind makes of a spelling."""
    return TypeAdapter(kind).validate_python(value)


def reasons(kind: Any, value: Any) -> list[str]:
    """Why the kind refuses the value; fails when it does not."""
    with pytest.raises(ValidationError) as refused:
        normal_form(kind, value)
    return [reason(error) for error in refused.value.errors()]


def spoilt(good: Any, bad: str) -> list[Any]:
    """The good value with a control character in every text that it holds."""
    if isinstance(good, str):
        return [good + bad, bad + good]
    if isinstance(good, list):
        return [[f"{element}{bad}" for element in good]]
    if isinstance(good, dict):
        return [{key: f"{value}{bad}" for key, value in good.items()}, {f"{key}{bad}": v for key, v in good.items()}]
    return [f"{good}{bad}"]
