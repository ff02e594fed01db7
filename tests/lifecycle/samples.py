"""Values to try on each field, found by asking its declaration what it accepts."""

from __future__ import annotations

from typing import Any

from homebackup.engine.schema import value_type
from homebackup.model.declare import Field, aside, key, observed
from homebackup.resources import RESOURCES

_POOL: tuple[Any, ...] = (
    2,
    5,
    True,
    False,
    {"keep-last": 3},
    {"keep-last": 2, "keep-weekly": 4},
    {"max-workers": 4},
    {"max-workers": 8},
    {"restore": 100},
    {"restore": 200},
    {"enabled": True, "storage": "local"},
    {"enabled": False},
    {"backup": "dump/one"},
    {"backup": "dump/two"},
    [100, 102],
    [103],
    ["backup", "iso"],
    ["iso"],
    "fri 03:00",
    "sun 05:00",
    "/srv/one",
    "/srv/two",
    "local",
    "other",
)

BASES: dict[str, dict[str, Any]] = {
    "DirStorage": {"storage": "nas-backups", "path": "/srv/backups", "content": ["backup"]},
    "VzdumpJob": {"job": "backup-one", "schedule": "03:00", "vmid": [100, 102], "storage": "local"},
}
"""What a resource of each section needs at least."""
WITH: dict[str, dict[str, Any]] = {
    "all": {"vmid": None},
    "pool": {"vmid": None},
    "exclude": {"vmid": None, "all": True},
    "dumpdir": {"storage": None},
}
"""What else has to change with a field, since Proxmox VE does not take both."""


def two(f: Field) -> tuple[Any, Any]:
    """Two values in normal form that the field accepts and that mean different things."""
    enum = f.adapter.json_schema().get("enum") or next(
        (option["enum"] for option in f.adapter.json_schema().get("anyOf", []) if "enum" in option), None
    )
    found: list[Any] = []
    for value in enum or _POOL:
        try:
            normal = f.normal(value)
        except ValueError:
            continue
        if not any(f.same(normal, other) for other in found):
            found.append(normal)
    assert len(found) >= 2, f"no two values for {f.name} ({value_type(f)})"
    return found[0], found[1]


def sections() -> list[tuple[str, Field]]:
    """Every field that can be changed of every section of Proxmox VE."""
    return [(name, f) for name in BASES for f in RESOURCES[name].fields if not {key, observed, aside} & f.marks]
