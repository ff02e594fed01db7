"""The NAS in a box: exported folders that can go away, fill up and come back."""

import asyncio
import shutil
from pathlib import Path

TERABYTE = 10**12


class Nas:
    """A file server at one address, whose exports are folders under the lab's state."""

    def __init__(self, folder: Path, *, address: str = "10.0.0.150", exports: list[str] | None = None) -> None:
        """A NAS that is on; each name in `exports` becomes a folder of the same path under `folder`."""
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

    def clear(self) -> None:
        """Empty every export, switch the NAS on and make room."""
        for path in self.exports.values():
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
        self.on, self.full = True, False

    def holds(self, source: str) -> Path | None:
        """The folder behind an NFS source `ADDRESS:/export[/below]`, or None when this NAS does not export it."""
        address, colon, name = source.rpartition(":")
        if not colon or address != self.address or ".." in name.split("/"):
            return None
        for export, path in self.exports.items():
            if name == export or name.startswith(export + "/"):
                below = path
                for part in name[len(export) :].strip("/").split("/"):
                    below = below / part
                    if below.is_symlink() or not below.is_dir():
                        return None  # a client may have put a symlink there that leads out of the export
                return below
        return None
