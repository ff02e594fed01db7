"""A guest's configuration as an archive holds it: its disks with storage and size, and its networks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_DISK = re.compile(r"(?:scsi|virtio|ide|sata)\d+|efidisk0|tpmstate0|rootfs|mp\d+")
_NETWORK = re.compile(r"net\d+")
_OWN_ADDRESS = re.compile(r"((?:hwaddr|macaddr)=|(?<==))(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)")
_UNITS = {unit: 1 << (10 * power) for power, unit in enumerate(("", "K", "M", "G", "T"))}


@dataclass(frozen=True)
class Disk:
    """A disk or mount point as `scsi0` or `rootfs`; `size` is in bytes, 0 where nothing tells it."""

    name: str
    storage: str
    size: int


def properties(config: str) -> dict[str, str]:
    """The properties of a configuration file, those of its snapshots left out."""
    current = re.split(r"^\[", config, maxsplit=1, flags=re.MULTILINE)[0]
    pairs = (line.partition(":") for line in current.splitlines() if not line.startswith("#"))
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


def disks(config: str) -> tuple[Disk, ...]:
    """The disks that a storage holds; media and directories of the host are none."""
    return tuple(_disks(properties(config)))


def _disks(found: Mapping[str, str]) -> Iterator[Disk]:
    for key, value in sorted(found.items()):
        volume, *options = value.split(",")
        storage, colon, _ = volume.removeprefix("volume=").removeprefix("file=").partition(":")
        if not _DISK.fullmatch(key) or not colon or "/" in storage or "media=cdrom" in options:
            continue
        sizes = (option.removeprefix("size=") for option in options if option.startswith("size="))
        yield Disk(key, storage, _bytes(next(sizes, "")))


def networks(config: str) -> dict[str, str]:
    """The networks by their property, as `net0`."""
    return {key: value for key, value in sorted(properties(config).items()) if _NETWORK.fullmatch(key)}


def unplugged(network: str, *, renewed: bool = False, address: str = "") -> str:
    """A network whose cable is pulled; with another `address`, or `renewed` without any, so that it is given one."""
    parts = [part for part in network.split(",") if not part.startswith("link_down=")]
    if address:
        parts = [_OWN_ADDRESS.sub(lambda own: own[1] + address, part) for part in parts]
    elif renewed:
        parts = [bare for part in parts if (bare := _OWN_ADDRESS.sub("", part).removesuffix("="))]
    return ",".join([*parts, "link_down=1"])


def is_unplugged(network: str) -> bool:
    """Whether its cable is pulled."""
    return "link_down=1" in network.split(",")


def _bytes(text: str) -> int:
    found = _SIZE.fullmatch(text)
    return int(float(found[1]) * _UNITS[found[2]]) if found else 0
