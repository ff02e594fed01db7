"""UPIDs, the names Proxmox VE gives its tasks: `UPID:NODE:PID:PSTART:START:TYPE:ID:USER:`, numbers in hexadecimal."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UPID = re.compile(
    r"UPID:(?P<node>[a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?)"
    r":(?P<pid>[0-9A-Fa-f]{8}):(?P<pstart>[0-9A-Fa-f]{8,9}):(?P<start>[0-9A-Fa-f]{8})"
    r":(?P<type>[^:\s]+):(?P<id>[^:\s]*):(?P<user>[^:\s]+):"
)


class InvalidUpid(ValueError):
    """A text that is no UPID; the text is Proxmox's."""


@dataclass(frozen=True)
class Upid:
    """One task: `pstart` is the process's start in clock ticks since boot, `start` the task's in epoch seconds.

    `id` is the VMID of a task about one guest and empty for one about several; `user` may be a token's full id.
    """

    node: str
    pid: int
    pstart: int
    start: int
    type: str
    id: str
    user: str

    @classmethod
    def parse(cls, text: str) -> Upid:
        """The parts of a UPID; raises InvalidUpid."""
        match = _UPID.fullmatch(text)
        if match is None:
            raise InvalidUpid(f"unable to parse worker upid '{text}'")
        pid, pstart, start = (int(match[name], 16) for name in ("pid", "pstart", "start"))
        return cls(match["node"], pid, pstart, start, match["type"], match["id"], match["user"])

    def __str__(self) -> str:
        numbers = f"{self.pid:08X}:{self.pstart:08X}:{self.start:08X}"
        return f"UPID:{self.node}:{numbers}:{self.type}:{self.id}:{self.user}:"

    @property
    def owner(self) -> str:
        """The user the task belongs to, a token's id cut off."""
        return self.user.partition("!")[0]

    @property
    def token(self) -> str | None:
        """The id of the token within its user, None for a user's own task."""
        return self.user.partition("!")[2] or None
