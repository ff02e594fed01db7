"""The configuration file of a guest: text with `key: value` lines, and the values typed as the API shows them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

Kind = Literal["qemu", "lxc"]
FOLDERS: dict[str, str] = {"qemu": "qemu-server", "lxc": "lxc"}
LABELS: dict[str, str] = {"qemu": "VM", "lxc": "CT"}
"""How Proxmox calls the kinds in its texts."""

_INTEGERS = {
    "qemu": re.compile(
        "acpi|autostart|balloon|ciupgrade|cores|cpuunits|freeze|keephugepages|kvm|localtime|migrate_speed|numa|onboot"
        "|protection|reboot|shares|smp|sockets|tablet|tdf|template|vcpus"
    ),
    "lxc": re.compile("console|cores|cpuunits|debug|memory|onboot|protection|swap|template|tty|unprivileged"),
}
_NUMBERS = {"cpulimit", "migrate_downtime"}
_DRIVE = {
    "qemu": re.compile(r"(?:ide|sata|scsi|virtio|efidisk|tpmstate)\d+"),
    "lxc": re.compile(r"rootfs|mp\d+"),
}
_UNUSED = re.compile(r"unused\d+")
_LINE = re.compile(r"([a-zA-Z][a-zA-Z0-9_\-.]*\d*)\s*[:=]\s*(.+?)\s*")


@dataclass(frozen=True)
class Volume:
    """A drive or mount point of a guest: its key, its volume id (or path, or `none`) and the options behind it."""

    key: str
    volid: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def is_cdrom(self) -> bool:
        """Whether it is a medium, of which no backup is made."""
        return self.options.get("media") == "cdrom"

    @property
    def size(self) -> int:
        """Bytes by the `size` option; 0 where there is none."""
        return size_bytes(self.options.get("size", "0"))


def size_bytes(text: str) -> int:
    """Bytes of a size such as `8M`, `32G`, `540672`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", text)
    return int(float(match[1]) * 1024 ** " KMGT".index(match[2] or " ")) if match else 0


def parse(text: str) -> dict[str, str]:
    """The current values by key, in file order; comment lines become `description`; snapshots are left out."""
    values: dict[str, str] = {}
    comment: list[str] = []
    for line in text.split("\n"):
        if line.startswith("["):
            break
        if line.startswith("#"):
            comment.append(unquote(line[1:]))
        elif match := _LINE.fullmatch(line):
            values[match[1]] = match[2]
    return {"description": "".join(f"{c}\n" for c in comment), **values} if comment else values


def written(values: Mapping[str, Any]) -> str:
    """The text of a configuration file: the description as comment lines, then the keys in order."""
    lines = [f"#{line.replace('%', '%25')}\n" for line in str(values.get("description", "")).rstrip("\n").split("\n")]
    if not values.get("description"):
        lines = []
    return "".join([*lines, *(f"{key}: {values[key]}\n" for key in sorted(values) if key != "description")])


def typed(kind: Kind, values: Mapping[str, str]) -> dict[str, Any]:
    """The values as the API answers them: integers where the property is one, lines of LXC's own in a list."""
    answer: dict[str, Any] = {}
    for key, value in values.items():
        if kind == "lxc" and key.startswith("lxc."):
            answer.setdefault("lxc", []).append([key, value])
            continue
        number = _INTEGERS[kind].fullmatch(key) and re.fullmatch(r"-?\d+", value)
        answer[key] = int(value) if number else float(value) if key in _NUMBERS else value
    return answer


def volume(key: str, text: str) -> Volume:
    """The parts of a drive's property string."""
    first, *rest = text.split(",")
    options = dict(part.partition("=")[::2] for part in rest)
    name, equals, value = first.partition("=")
    if equals and name in ("file", "volume"):
        first = value
    return Volume(key, first, options)


def volumes(kind: Kind, values: Mapping[str, str], *, unused: bool = False) -> Iterator[Volume]:
    """Drives (qemu) or root file system and mount points (lxc), sorted by key; with `unused`, forgotten volumes too."""
    for key in sorted(values, key=lambda k: (k != "rootfs", k)):
        if _DRIVE[kind].fullmatch(key) or (unused and _UNUSED.fullmatch(key)):
            yield volume(key, values[key])


def is_drive(kind: Kind, key: str) -> bool:
    """Whether the property is a drive or mount point."""
    return bool(_DRIVE[kind].fullmatch(key))
