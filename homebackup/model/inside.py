"""How a command is run inside of a guest, through its host: pct for a container, the QEMU agent for a machine.

A guest is named as Proxmox VE lists it: `lxc/103`, `qemu/102`.
"""

import re
from collections.abc import Sequence

GUEST = re.compile(r"(qemu|lxc)/([1-9]\d{2,8})")
"""The name of a guest."""


def inside(guest: str, argv: Sequence[str], seconds: float = 30.0) -> tuple[str, ...]:
    """The host's command that runs another one in the guest, which is given up after so many seconds in a machine."""
    kind, _, vmid = guest.partition("/")
    if kind == "lxc":
        return ("pct", "exec", vmid, "--", *argv)
    return ("qm", "guest", "exec", vmid, "--timeout", f"{seconds:.0f}", "--pass-stdin", "1", "--", *argv)


def label(guest: str) -> str:
    """What people call it: `guest 102`."""
    return f"guest {guest.partition('/')[2]}"
