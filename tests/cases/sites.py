"""The sites of the stacks of this repository, and how a test changes one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
KEY = "home-backup:site"
Path_ = tuple[str | int, ...]
GONE = object()
"""In place of a value: the property is not there."""


def stack(name: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"][KEY]
    return config


def with_changes(changes: Mapping[Path_, Any]) -> dict[str, Any]:
    """The home site with other values at these places."""
    config = copy.deepcopy(stack("home"))
    for path, value in changes.items():
        place: Any = config
        for part in path[:-1]:
            place = place[part]
        if value is GONE:
            del place[path[-1]]
        else:
            place[path[-1]] = value
    return config
