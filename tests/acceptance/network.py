"""A LAN of its own in two network namespaces: one for the machine under test and the tests, one for the NAS."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.acceptance.processes import run

PREFIX = "homebackup-"
NAMES = Path("/run/netns")
CABLE = "nas"
"""The LAN's end of the cable to the NAS."""
TAP = "host"
"""Where the host is plugged in."""


@dataclass(frozen=True)
class Network:
    """The LAN 10.0.0.0/24; nothing of it is seen outside, and nothing outside is seen in it."""

    name: str

    @property
    def nas(self) -> str:
        """The namespace that only the NAS is in."""
        return f"{self.name}-nas"

    @classmethod
    def create(cls, lane: str) -> Self:
        """Make the LAN; its name holds the process's id, so that nobody else removes it while that runs."""
        net = cls(f"{PREFIX}{os.getpid()}-{lane}")
        run("ip", "netns", "add", net.name)
        run("ip", "netns", "add", net.nas)
        net._ip("link set lo up")
        net._ip("link add lan type bridge")
        net._ip("link set lan up")
        net._ip("addr add 10.0.0.1/24 dev lan")
        net._ip(f"tuntap add {TAP} mode tap")
        net._ip(f"link set {TAP} up master lan")
        net._ip(f"link add {CABLE} type veth peer name eth0 netns {net.nas}")
        net._ip(f"link set {CABLE} up master lan")
        for command in ("link set lo up", "link set eth0 up", "addr add 10.0.0.150/24 dev eth0"):
            run("ip", "-n", net.nas, *command.split())
        return net

    def remove(self) -> None:
        """Remove the LAN with everything plugged in."""
        for name in (self.name, self.nas):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)

    def entering(self) -> list[str]:
        """What to put before a command so that it runs beside the host, where 10.0.0.50 and 10.0.0.150 are."""
        return ["ip", "netns", "exec", self.name]

    def plug(self, *, connected: bool) -> None:
        """Plug the NAS's cable in, or pull it: no answer of any kind comes then, as from a machine without power."""
        self._ip(f"link set {CABLE} {'up' if connected else 'down'}")

    def _ip(self, command: str) -> None:
        run("ip", "-n", self.name, *command.split())


def sweep() -> None:
    """Remove the networks of runs that are gone, killed before they could do it themselves."""
    for path in NAMES.glob(f"{PREFIX}*"):
        owner = path.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", owner).exists():
            with contextlib.suppress(subprocess.CalledProcessError):
                run("ip", "netns", "del", path.name)
