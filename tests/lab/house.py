"""A simulated host without API and servers, for tests of what runs on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.clock import Clock
from lab.nas import Nas
from lab.node.layout import lay_out
from lab.node.machine import Machine
from lab.node.root import Root

EXPORT = "/volume1/backups/proxmox_backups"
SOURCE = f"10.0.0.150:{EXPORT}"
TARGET = "/mnt/nas-backups"
UNIT = r"mnt-nas\x2dbackups.mount"
OPTIONS = "defaults,soft,timeo=150,retrans=3,x-systemd.requires=network-online.target"
LINE = f"{SOURCE} {TARGET} nfs {OPTIONS} 0 0\n"
LIVE = (
    "rw,relatime,vers=4.2,rsize=131072,wsize=131072,namlen=255,soft,proto=tcp,timeo=150,retrans=3,sec=sys,"
    "clientaddr=10.0.0.50,local_lock=none,addr=10.0.0.150"
)


@dataclass
class Ran:
    """What a script did."""

    code: int
    out: str
    err: str


class House:
    """A machine with a NAS."""

    def __init__(self, folder: Path, fstab: str, patience: float) -> None:
        self.nas = Nas(folder / "nas", exports=[EXPORT, "/volume1/other"])
        self.root = Root(folder, clock=Clock("Europe/Vienna"), nas=self.nas)
        self.machine = Machine(self.root, patience=patience)
        lay_out(self.root, "pve", self.machine.commands, {"/etc/fstab": fstab})

    async def run(self, script: str, stdin: bytes = b"") -> Ran:
        """Run a script as ssh would."""
        code, out, err = await self.machine.shell(script, stdin=stdin)
        return Ran(code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))

    async def out(self, script: str) -> str:
        """The output of a script that must succeed."""
        ran = await self.run(script)
        assert (ran.code, ran.err) == (0, ""), (script, ran)
        return ran.out.rstrip("\n")


@asynccontextmanager
async def house(folder: Path, fstab: str = LINE, *, patience: float = 0.001, on: bool = True) -> AsyncIterator[House]:
    """A booted house."""
    made = House(folder, fstab, patience)
    made.nas.on = on
    if TARGET in fstab:
        made.root.mkdir(TARGET, True)
    await made.machine.boot()
    try:
        yield made
    finally:
        await made.machine.halt()
