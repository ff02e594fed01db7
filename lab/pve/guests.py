"""The guests of the node: found by their configuration files, running or not."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.pve import guest_config
from lab.pve.errors import Died
from lab.pve.guest_config import FOLDERS, Kind, Volume

if TYPE_CHECKING:
    from lab.pve.api import Api

_FILE = re.compile(r"([1-9][0-9]{2,8})\.conf")


@dataclass(frozen=True)
class Guest:
    """One guest as its file says; `config` holds the current values as text."""

    vmid: int
    kind: Kind
    config: dict[str, str]

    @property
    def name(self) -> str:
        """Its name, or what Proxmox shows where it has none."""
        named = self.config.get("name" if self.kind == "qemu" else "hostname")
        return named or (f"VM {self.vmid}" if self.kind == "qemu" else f"CT{self.vmid}")

    @property
    def volumes(self) -> list[Volume]:
        """Its drives or mount points, sorted by key."""
        return list(guest_config.volumes(self.kind, self.config))

    @property
    def protected(self) -> bool:
        """Whether it may not be removed."""
        return self.config.get("protection") == "1"

    @property
    def unprivileged(self) -> bool:
        """Whether it is a container whose users are mapped."""
        return self.config.get("unprivileged") == "1"


def file_of(kind: Kind, vmid: int) -> str:
    """The path of a guest's configuration file."""
    return f"/etc/pve/{FOLDERS[kind]}/{vmid}.conf"


def every(api: "Api") -> list[Guest]:
    """All guests of the node by VMID."""
    found: list[Guest] = []
    kinds: tuple[Kind, ...] = ("qemu", "lxc")
    for kind in kinds:
        folder = f"/etc/pve/{FOLDERS[kind]}"
        names = api.root.listdir(folder) if api.root.isdir(folder) else []
        found += [_guest(api, kind, int(match[1])) for name in names if (match := _FILE.fullmatch(name))]
    return sorted(found, key=lambda guest: guest.vmid)


def _guest(api: "Api", kind: Kind, vmid: int) -> Guest:
    return Guest(vmid, kind, dict(api.files.parsed(file_of(kind, vmid), guest_config.parse)))


def find(api: "Api", vmid: int, kind: Kind | None = None) -> Guest | None:
    """The guest with that VMID (and kind), None where there is none."""
    kinds: tuple[Kind, ...] = (kind,) if kind else ("qemu", "lxc")
    for each in kinds:
        if api.root.exists(file_of(each, vmid)):
            return _guest(api, each, vmid)
    return None


def need(api: "Api", kind: Kind, vmid: int) -> Guest:
    """The guest; raises Died in Proxmox's words where its file does not exist."""
    guest = find(api, vmid, kind)
    if guest is None:
        raise Died(f"Configuration file 'nodes/{api.node}/{FOLDERS[kind]}/{vmid}.conf' does not exist")
    return guest


def write(api: "Api", kind: Kind, vmid: int, config: Mapping[str, Any]) -> None:
    """Write the guest's file anew."""
    api.files.write(file_of(kind, vmid), guest_config.written(config))


def remove(api: "Api", guest: Guest) -> None:
    """Remove the guest's file; it stops being a guest."""
    api.files.remove(file_of(guest.kind, guest.vmid))
    api.running.pop(guest.vmid, None)


def is_running(api: "Api", vmid: int) -> bool:
    """Whether the guest runs."""
    return vmid in api.running


def pid(api: "Api", vmid: int) -> int:
    """The process id of a running guest; guests get theirs in the order in which they were started."""
    known: dict[int, int] = api.state.setdefault("pids", {})
    for running in api.running:
        known.setdefault(running, 119 + len(known))
    return known[vmid]
