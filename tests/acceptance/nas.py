"""The NAS: a userspace NFS server at 10.0.0.150 that can be switched off at the wall."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from tests.acceptance.network import Network
from tests.acceptance.processes import Started
from tests.acceptance.waiting import until

ADDRESS = "10.0.0.150"
EXPORT = "/volume1/backups/proxmox_backups"
OTHER = "/volume1/other"
SQUASHED = "/volume1/squashed"
"""An export where the host's root is nobody."""
PORT = 2049
_CONFIG = """\
NFS_CORE_PARAM { NFS_Protocols = 4; NFS_Port = 2049; Bind_addr = 10.0.0.150;
                 Enable_NLM = false; Enable_RQUOTA = false; }
NFSv4 { Graceless = true; RecoveryBackend = fs; Minor_Versions = 0, 1, 2; }
LOG { Default_Log_Level = EVENT; }
"""
_EXPORT = """\
EXPORT { Export_Id = %d; Filesystem_Id = 1.%d; Path = %s; Pseudo = %s; Access_Type = RW;
         Squash = %s; SecType = sys; Protocols = 4; Transports = TCP; FSAL { Name = VFS; } }
"""


class Nas:
    """The NAS and what it keeps: `volumes` maps each export to the folder whose files it serves."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network, self.folder = network, folder
        self.volumes = {EXPORT: folder / "backups", OTHER: folder / "other", SQUASHED: folder / "squashed"}
        text = _CONFIG
        for number, (export, volume) in enumerate(self.volumes.items(), start=1):
            volume.mkdir(parents=True)
            squash = "Root_Squash" if export == SQUASHED else "No_Root_Squash"
            text += _EXPORT % (number, number, volume, export, squash)
        (folder / "ganesha.conf").write_text(text)
        self._server: Started | None = None

    @property
    def backups(self) -> Path:
        """The files of the mission's export."""
        return self.volumes[EXPORT]

    def on(self) -> None:
        """Switch it on and wait until it serves; nothing to do when it is."""
        if self._server is None or not self._server.runs:
            log = self.folder / "ganesha.log"
            command = ["ganesha.nfsd", "-F", "-f", str(self.folder / "ganesha.conf"), "-L", str(log)]
            inside = ["ip", "netns", "exec", self.network.nas, *command, "-p", str(self.folder / "ganesha.pid")]
            self._server = Started(inside, log, self.folder)
        self.network.plug(connected=True)
        until("the NAS serves", self.serves, 20)

    def off(self) -> None:
        """Cut its power: the server is dead and its address answers nothing."""
        self.network.plug(connected=False)
        if self._server is not None:
            self._server.kill()

    def empty(self) -> None:
        """Remove every file of its volumes."""
        for volume in self.volumes.values():
            for entry in volume.iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def serves(self) -> bool:
        """Whether it accepts connections on its NFS port."""
        try:
            with socket.create_connection((ADDRESS, PORT), timeout=1):
                return True
        except OSError:
            return False
