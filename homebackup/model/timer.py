"""A systemd timer and the service that it starts: whether it is as declared, and how to have it so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from homebackup.model.steps import Run, Step, Write

UNITS = "/etc/systemd/system"
"""Where the owner's units are."""
WANTED = "timers.target.wants"
"""Where in it systemctl enables a timer; it leaves that to the kernel to write, and a power cut would undo it."""
STOPPING = 130.0
"""Seconds that systemd may take to stop the service: 90 until it is killed, and a mount of it lets go after that."""
RUNNING = "running"
"""State of a timer that is as declared."""


class Ground(Protocol):
    """What is known of where timers are: files by their path, and timers by name as "enabled, active"."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """Those that were looked at and are there."""

    @property
    def timers(self) -> Mapping[str, str]:
        """What systemctl says of each."""


@dataclass(frozen=True)
class Timer:
    """A timer by its unit's name; `units` are the texts of the service and of the timer by the unit's name.

    Both are kept in the directory `folder`, and `systemctl` tells the systemd that they belong to.
    """

    name: str
    units: Mapping[str, str]
    folder: str = UNITS
    systemctl: tuple[str, ...] = ("systemctl",)

    @property
    def service(self) -> str:
        """The unit that it starts."""
        return self.name.removesuffix(".timer") + ".service"

    @property
    def files(self) -> dict[str, bytes]:
        """The unit files, by their path."""
        return {f"{self.folder}/{unit}": text.encode() for unit, text in self.units.items()}

    def state(self, ground: Ground) -> str:
        """`running`, `missing`, or what is wrong with the timer."""
        wanted = self.files
        there = {path: ground.files[path] for path in wanted if path in ground.files}
        if not there:
            return "missing"
        if there != wanted:
            return "changed by hand"
        enabled, _, active = ground.timers.get(self.name, "").partition(", ")
        return "stopped" if active != "active" else RUNNING if enabled == "enabled" else "not started at boot"

    def keeping(self, ground: Ground) -> list[Step]:
        """How to have the timer as declared and running; nothing when it is."""
        if self.state(ground) == RUNNING:
            return []
        return [
            *_writes(ground, self.files),
            Run((*self.systemctl, "daemon-reload")),
            Run((*self.systemctl, "enable", "--now", self.name)),
            Run(("sync", f"{self.folder}/{WANTED}")),
        ]

    def removing(self, ground: Ground) -> list[Step]:
        """How to have no timer; nothing when there is none."""
        there = dict.fromkeys(path for path in self.files if path in ground.files)
        if not there:
            return []
        # With the timer's own file gone, systemctl has nothing to disable; exit code 5: it knows no such service.
        accept = frozenset({0} if any(path.endswith(".timer") for path in there) else {0, 1})
        return [
            Run((*self.systemctl, "disable", "--now", self.name), accept=accept),
            # It may be in the middle of the very thing that is about to go.
            Run((*self.systemctl, "stop", self.service), timeout=STOPPING, accept=frozenset({0, 5})),
            *_writes(ground, there),
            Run((*self.systemctl, "daemon-reload")),
        ]


def _writes(ground: Ground, wanted: Mapping[str, bytes | None]) -> list[Write]:
    return [
        Write(path, ground.files.get(path), content)
        for path, content in wanted.items()
        if ground.files.get(path) != content
    ]
