"""A vzdump job out of Proxmox VE and back: what is kept of its section, and what makes the same section again."""

import json
from collections.abc import Mapping
from typing import Any

from homebackup.model.spelling import Spelled, spelled

OWN = frozenset({"digest", "next-run", "type"})
"""What Proxmox VE adds to a section when it shows it."""


def kept(section: Mapping[str, Any]) -> str:
    """The section as a receipt keeps it."""
    return json.dumps(dict(section), ensure_ascii=False, sort_keys=True)


def read(text: str) -> dict[str, Any]:
    """The section that a receipt keeps; raises ValueError for what is none."""
    said = json.loads(text)
    if not isinstance(said, dict) or not isinstance(said.get("id"), str):
        raise ValueError("is no section of a job")
    return said


def parameters(section: Mapping[str, Any]) -> dict[str, Spelled]:
    """What Proxmox VE has to be told to make the section."""
    return {name: _spelled(value) for name, value in sorted(section.items()) if name not in OWN}


def unlike(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Each option of the section that is there which is not as in the other, in words."""
    one, other = parameters(there), parameters(wanted)
    return [
        f"{name} is {_shown(one.get(name))}, the receipt has {_shown(other.get(name))}"
        for name in sorted(one.keys() | other.keys())
        if _shown(one.get(name)) != _shown(other.get(name))
    ]


def _spelled(value: Any) -> Spelled:
    return [str(item) for item in value] if isinstance(value, list) else spelled(value)


def _shown(value: Spelled | None) -> str:
    return "not set" if value is None else ", ".join(value) if isinstance(value, list) else str(value)
