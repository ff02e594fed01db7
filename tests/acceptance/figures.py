"""What was measured in a run, to be printed at its end."""

from __future__ import annotations

import json
from pathlib import Path


class Figures:
    """Names of measurements with their seconds; of several under one name the longest counts."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def took(self, name: str, seconds: float) -> None:
        """Write a measurement down."""
        self._seconds[name] = max(seconds, self._seconds.get(name, 0.0))

    def write(self, path: Path) -> None:
        """Keep them in a file."""
        path.write_text(json.dumps(self._seconds, indent=1))

    @staticmethod
    def lines(paths: list[Path]) -> list[str]:
        """The measurements of several files as a table."""
        return [
            f"{seconds:7.1f} s  {name}"
            for path in paths
            if path.exists()
            for name, seconds in json.loads(path.read_text()).items()
        ]
