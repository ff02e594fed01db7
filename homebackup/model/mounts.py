"""What is mounted: the kernel's mountinfo read, and a live NFS mount compared with the options of its fstab line."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NOT_LIVE = re.compile(
    r"defaults|x-.*|_netdev|nofail|(no)?auto|(no)?users?|group|owner|bg|fg|(retry|[rw]size|port|mount\w+)=.*"
)
"""Options for mount(8), systemd or the talk with the server: the live mount shows none, or what came of them."""
_SHOWN_FLAGS = frozenset(
    "ro rw soft hard softerr noatime nodiratime relatime nosuid nodev noexec sync noac nosharecache".split()
)
_OPPOSITE = {"soft": "hard", "softerr": "hard", "hard": "soft", "ro": "rw", "rw": "ro"}


@dataclass(frozen=True)
class Mount:
    """One mount of the host: `source` is SERVER:EXPORT for NFS, `options` are the mount's own and the file system's."""

    target: str
    source: str
    fstype: str
    options: frozenset[str]

    @property
    def is_nfs(self) -> bool:
        """True for NFS of any version."""
        return self.fstype in ("nfs", "nfs4")


def mounted(mountinfo: str) -> tuple[Mount, ...]:
    """Every mount in the kernel's order, so that of several on one target the last is on top."""
    found = []
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields, rest = left.split(" "), right.split(" ")
        if len(fields) >= 6 and len(rest) >= 3:
            options = frozenset(fields[5].split(",")) | frozenset(rest[2].split(","))
            # The mount and its file system each say ro or rw; either one's ro is enough to refuse a write.
            options -= {"rw"} if "ro" in options else frozenset()
            found.append(Mount(_unescape(fields[4]), _unescape(rest[1]), rest[0], options))
    return tuple(found)


def differences(wanted: Iterable[str], live: frozenset[str]) -> list[str]:
    """Each option that the fstab line names and the live mount does not have, as words: `hard instead of soft`.

    Only what the line names is compared, since the kernel adds many options of its own; a line that does not name ro
    means rw.
    """
    values = dict(option.split("=", 1) for option in live if "=" in option)
    named = dict.fromkeys(wanted)
    found = []
    for option in named if {"ro", "rw"} & named.keys() else [*named, "rw"]:
        name, equals, value = option.partition("=")
        if _NOT_LIVE.fullmatch(option):
            continue
        if equals:
            shown = values.get({"nfsvers": "vers"}.get(name, name))
            if (
                shown is not None
                and shown != value
                and not (name in ("vers", "nfsvers") and shown.startswith(value + "."))
            ):
                found.append(f"{name}={shown} instead of {value}")
        elif option in _SHOWN_FLAGS and option not in live:
            opposite = _OPPOSITE.get(option)
            found.append(f"{opposite} instead of {option}" if opposite in live else f"no {option}")
    return found


def nfs_source(server: str, export: str) -> str:
    """What is mounted, as the kernel and fstab name it: SERVER:/EXPORT, an IPv6 address in brackets."""
    return f"[{server}]:{export}" if ":" in server else f"{server}:{export}"


def soft_trouble(options: Iterable[str]) -> str:
    """What is wrong with an NFS mount's options for a NAS that may be off; empty when nothing is."""
    named = set(options)
    if "hard" not in named and {"soft", "softerr"} & named:
        return ""
    return "must have soft and not hard: a hard mount hangs the hypervisor when the NAS is switched off"


def _unescape(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), field)
