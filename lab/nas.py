"""The NAS in a box: exported folders that can go away, fill up and come back, and whom it lets in."""

import asyncio
import copy
import ipaddress
import shutil
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

TERABYTE = 10**12
NODE = "10.0.0.50"
"""The address of the one host in the lab."""
ADMIN, GUEST = 1024, 1025
"""Users of the NAS whom others may be mapped to; the first may do everything there."""
MAPPED = {
    "admin": (ADMIN, None),
    "root_admin": (ADMIN, None),
    "guest": (GUEST, None),
    "root_guest": (GUEST, None),
    "all_admin": (ADMIN, ADMIN),
    "all_guest": (GUEST, GUEST),
}
"""What a rule's word makes of root and of everybody else; None leaves a user as he is."""


class Nas:
    """A file server at one address, whose exports are folders under the lab's state."""

    def __init__(
        self,
        folder: Path,
        *,
        address: str = "10.0.0.150",
        exports: list[str] | None = None,
        rules: Mapping[str, list[dict[str, Any]]] | None = None,
    ) -> None:
        """A NAS that is on; each name in `exports` becomes a folder of the same path under `folder`.

        `rules` are those of NFS by shared folder, in DSM's spelling; without any, everybody is let in.
        """
        self.folder = folder
        self.address = address
        self._on = asyncio.Event()
        self._on.set()
        self.full = False
        self.total = 20 * TERABYTE
        """Bytes the volume holds."""
        self.occupied = 9 * TERABYTE
        """Bytes taken by what the lab does not show."""
        self.exports: dict[str, Path] = {name: folder / name.strip("/") for name in exports or []}
        for path in self.exports.values():
            path.mkdir(parents=True, exist_ok=True)
        self._rules = rules
        self._open()

    def _open(self) -> None:
        self.rules: dict[str, list[dict[str, Any]]] = copy.deepcopy(dict(self._rules or {}))
        self.nfs: dict[str, Any] = {"enable_nfs": True, "enable_nfs_v4": True, "enable_nfs_v4_1": True}
        """The settings of the NFS service."""
        self.ahead = 0.0
        """Seconds by which its clock is ahead of the node's."""
        self.strangers = True
        """Whether users whom the NAS does not know, such as a container's, may write where all may."""

    @property
    def on(self) -> bool:
        """Whether it is switched on."""
        return self._on.is_set()

    @on.setter
    def on(self, power: bool) -> None:
        (self._on.set if power else self._on.clear)()

    async def answers(self, seconds: float) -> bool:
        """Wait until it is on, at most so long; whether it is."""
        try:
            await asyncio.wait_for(self._on.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def keeps(self, real: Path) -> bool:
        """Whether a file lies on the NAS."""
        return real.is_relative_to(self.folder)

    def takes(self, real: Path, uid: int) -> int:
        """Whom a user of the node counts as for a file, which may be the node's own."""
        rule = self._rule(real) if self.keeps(real) else None
        root, others = MAPPED.get(str(rule["root_squash"]) if rule else "", (None, None))
        taken = root if uid == 0 else others
        return uid if taken is None else taken

    def writable(self, real: Path, uid: int) -> bool:
        """Whether the rules let a user of the node write a file of the NAS at all."""
        rule = self._rule(real)
        if rule and rule["privilege"] == "ro":
            return False
        return self.strangers or self.takes(real, uid) in (0, ADMIN, GUEST)

    def _rule(self, real: Path) -> dict[str, Any] | None:
        """The first rule that lets the node have the export in which a file lies."""
        export = next((name for name, path in self.exports.items() if real.is_relative_to(path)), "")
        return next((rule for rule in self._of(export) if _names(str(rule["client"]), NODE)), None)

    def clear(self) -> None:
        """Empty every export, switch the NAS on, make room, and let in whom it did at first."""
        for path in self.exports.values():
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
        self.on, self.full = True, False
        self._open()

    def clients(self, export: str) -> list[str]:
        """Whom the rules of an export's shared folder name, `/VOLUME/SHARE/…`; nobody while the service is off."""
        if self._rules is None:
            return ["*"]
        return [str(rule["client"]) for rule in self._of(export)] if self.nfs["enable_nfs"] else []

    def _of(self, export: str) -> list[dict[str, Any]]:
        return self.rules.get(export.split("/")[2], []) if export.count("/") > 1 else []

    def holds(self, source: str, client: str = NODE) -> Path | None:
        """The folder behind an NFS source `ADDRESS:/export[/below]`, None when the client may not have it."""
        address, colon, name = source.rpartition(":")
        if not colon or address != self.address or ".." in name.split("/"):
            return None
        for export, path in self.exports.items():
            if name == export or name.startswith(export + "/"):
                if not any(_names(rule, client) for rule in self.clients(export)):
                    return None
                below = path
                for part in name[len(export) :].strip("/").split("/"):
                    below = below / part
                    if below.is_symlink() or not below.is_dir():
                        return None  # a client may have put a symlink there that leads out of the export
                return below
        return None


def _names(rule: str, client: str) -> bool:
    """Whether the client of a rule, an address, a network or a pattern, means this address."""
    try:
        return ipaddress.ip_address(client) in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        return fnmatchcase(client, rule)
