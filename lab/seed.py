"""Puts files on the NAS: a fixture says name, size, and how old each is."""

import os
from typing import Any

from lab.clock import Clock
from lab.nas import Nas


def seed_nas(nas: Nas, clock: Clock, exports: dict[str, Any]) -> None:
    """Write the files of every export: `{"name": ..., "size": bytes, "age": hours}` each, as sparse files."""
    for export, files in exports.items():
        for entry in files or []:
            path = nas.exports[export] / entry["name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.truncate(int(entry.get("size", 0)))
            when = clock.now() - float(entry.get("age", 0)) * 3600
            os.utime(path, (when, when))
