"""For every field of every section: all values it takes, out of every spelling that any kind of value knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from homebackup.model.declare import Field, aside, check, key, observed
from homebackup.resources import RESOURCES
from homebackup.resources._section import Section
from tests.cases.kind_spellings import GOOD as SINGLE
from tests.cases.option_spellings import GOOD as SEVERAL

RECORDED = json.loads((Path(__file__).parents[1] / "lab/recordings/parameters.json").read_text())
"""What Proxmox VE 8.4.1 says of its own parameters."""
SECTIONS: dict[str, Any] = {name: cls for name, cls in RESOURCES.items() if issubclass(cls, Section)}
LEAST: dict[str, dict[str, Any]] = {
    "DirStorage": {"storage": "nas-backups", "path": "/mnt/nas-backups"},
    "VzdumpJob": {"job": "backup-home-p0-daily", "schedule": "03:00", "vmid": [100]},
}
"""The least that a program has to give."""
BESIDE: dict[str, dict[str, Any]] = {
    "all": {"vmid": None},
    "pool": {"vmid": None},
    "exclude": {"vmid": None, "all": True},
    "protected": {"storage": "nas-backups"},
    "notes_template": {"storage": "nas-backups"},
}
"""What has to be given with a field, or must not be, for the whole to make sense."""
CHOICES = [choice for f in (*SINGLE.values(), *SEVERAL.values()) for choice, _ in f]
_TAKEN: dict[int, list[Any]] = {}
"""What each field takes, once it was tried: trying takes long."""


def recorded(name: str) -> dict[str, dict[str, Any]]:
    """Proxmox VE's parameters of a section, by their names."""
    if name == "DirStorage":
        return dict(RECORDED["storage_types"]["dir"]["options"])
    return dict(RECORDED["calls"]["POST /cluster/backup"]["parameters"])


def fields() -> Iterator[tuple[Any, Field]]:
    """Every field of every section that a program may give and Proxmox VE is told, but for the key."""
    for cls in SECTIONS.values():
        for f in cls.fields:
            if not {observed, key, aside} & f.marks:
                yield cls, f


def made(cls: Any, **given: Any) -> Any:
    """The section that a program declares with these values beside the least."""
    right, wrong = check(cls, {**LEAST[cls.__name__], **given})
    assert wrong == {}, given
    return cls(**right)


def having(cls: Any, f: Field, value: Any) -> Any:
    """The section with the field at a value, and with what has to be beside it."""
    return made(cls, **{**BESIDE.get(f.name, {}), f.name: value})


def values(f: Field) -> list[Any]:
    """All values that a field takes, each in several spellings; what means the same as absence is left out."""
    if id(f) not in _TAKEN:
        enumerated: list[Any] = next((part["enum"] for part in _schemas(f.adapter.json_schema()) if "enum" in part), [])
        _TAKEN[id(f)] = [value for value in [*enumerated, *CHOICES] if _takes(f, value)]
    return _TAKEN[id(f)]


def distinct(f: Field) -> list[Any]:
    """One value of a field for each meaning, in normal form."""
    found: list[Any] = []
    for value in map(f.normal, values(f)):
        if not any(f.same(value, other) for other in found):
            found.append(value)
    return found


def _schemas(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [schema, *schema.get("anyOf", [])]


def _takes(f: Field, value: Any) -> bool:
    try:
        normal = f.normal(value)
        for rule in f.given:
            rule(value)
    except ValueError:
        return False
    return normal is not None and not f.same(normal, f.absent)
