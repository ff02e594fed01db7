"""The mount table of the simulated node: what is mounted where, and how the kernel writes it down."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

OCTAL = str.maketrans({" ": "\\040", "\t": "\\011", "\n": "\\012", "\\": "\\134", "#": "\\043"})


@dataclass
class Mount:
    """One mounted filesystem; several on one target are stacked, the last one is seen."""

    source: str
    target: str
    """Canonical directory on the node."""
    fstype: str
    options: list[str]
    """Live options as the kernel shows them, `rw` or `ro` first."""
    id: int = 0
    device: str = ""
    """MAJOR:MINOR; given by the table when empty."""
    folder: Path | None = None
    """The real folder that holds its files; None for a view that only the kernel's texts show."""
    parent: int = 1
    users: list[int] = field(default_factory=list)
    """Processes that keep it busy."""

    def holds(self, name: str) -> bool:
        """Whether the canonical path `name` is its target or lies below it."""
        target = self.target
        return target == "/" or (name.startswith(target) and name[len(target) : len(target) + 1] in ("", "/"))

    @property
    def read_only(self) -> bool:
        """Whether writing is refused with EROFS."""
        return "ro" in self.options

    @property
    def nfs(self) -> bool:
        """Whether a server is asked for what lies in it."""
        return self.fstype in ("nfs", "nfs4")

    def option(self, name: str) -> str | None:
        """The value of option `name`; "" for a flag that is there, None for one that is not."""
        for option in self.options:
            key, _, value = option.partition("=")
            if key == name:
                return value
        return None

    def proc_mounts(self) -> str:
        """Its line of /proc/mounts."""
        source, target = self.source.translate(OCTAL), self.target.translate(OCTAL)
        return f"{source} {target} {self.fstype} {','.join(self.options)} 0 0\n"

    def mountinfo(self) -> str:
        """Its line of /proc/self/mountinfo, where the options of the mount and of the filesystem stand apart."""
        own = [o for o in self.options if o in ("rw", "ro", "relatime", "noatime", "nosuid", "nodev", "noexec")]
        rest = [o for o in self.options if o not in own] or []
        return (
            f"{self.id} {self.parent} {self.device} / "
            f"{self.target.translate(OCTAL)} {','.join(own)} shared:{self.id} - "
            f"{self.fstype} {self.source.translate(OCTAL)} {','.join([own[0] if own else 'rw', *rest])}\n"
        )


def system_mounts(root: Path) -> list[Mount]:
    """What every Proxmox VE node has mounted after boot, the root filesystem first."""
    return [
        Mount("/dev/mapper/pve-root", "/", "ext4", ["rw", "relatime", "errors=remount-ro"], 26, "252:1", root, 1),
        Mount("sysfs", "/sys", "sysfs", ["rw", "nosuid", "nodev", "noexec", "relatime"], 22, "0:21", None, 26),
        Mount("proc", "/proc", "proc", ["rw", "relatime"], 23, "0:22", None, 26),
        Mount(
            "udev",
            "/dev",
            "devtmpfs",
            ["rw", "nosuid", "relatime", "size=14002104k", "mode=755", "inode64"],
            24,
            "0:5",
            None,
            26,
        ),
        Mount(
            "tmpfs",
            "/run",
            "tmpfs",
            ["rw", "nosuid", "nodev", "noexec", "relatime", "size=2807468k", "mode=755"],
            25,
            "0:24",
            None,
            26,
        ),
        Mount("/dev/nvme0n1p2", "/boot/efi", "vfat", ["rw", "relatime", "fmask=0022"], 59, "259:2", None, 26),
        Mount(
            "/dev/fuse",
            "/etc/pve",
            "fuse",
            ["rw", "nosuid", "nodev", "relatime", "user_id=0", "group_id=0", "default_permissions", "allow_other"],
            60,
            "0:41",
            None,
            26,
        ),
    ]


class MountTable:
    """What is mounted now, in the order it was mounted; the root filesystem always is."""

    def __init__(self, root: Path, scratch: Path) -> None:
        """The table after boot, for a root in `root`; temporary filesystems get folders below `scratch`."""
        self.root, self.scratch = root, scratch
        self._next = 100
        self.mounts = system_mounts(root)
        self._inherited: list[Mount] = []

    def above(self, name: str) -> Mount:
        """The mount that holds the canonical path `name`: the longest target, of stacked ones the last."""
        found = self.mounts[0]
        for mount in self.mounts:
            if mount.folder is not None and mount.holds(name) and len(mount.target) >= len(found.target):
                found = mount
        return found

    def at(self, name: str) -> Mount | None:
        """The last mount on the canonical path `name`, or None."""
        return next((m for m in reversed(self.mounts) if m.target == name), None)

    def add(self, mount: Mount) -> Mount:
        """Append a mount with a canonical target; it gets an id, a device and an empty folder unless it brings one."""
        mount.parent = self.above(mount.target).id
        mount.id, self._next = self._next, self._next + 1
        mount.device = mount.device or f"0:{mount.id - 50}"
        if mount.folder is None:
            mount.folder = self.scratch / str(mount.id)
            mount.folder.mkdir(parents=True)
        self.mounts.append(mount)
        return mount

    def remove(self, mount: Mount) -> None:
        """Take a mount away; a temporary filesystem's files go with it."""
        self.mounts.remove(mount)
        if mount.folder and mount.folder.parent == self.scratch:
            shutil.rmtree(mount.folder)

    def apart(self) -> "MountTable":
        """A copy for a namespace of its own: what is mounted in either does not show in the other."""
        copy = MountTable(self.root, self.scratch / f"apart-{self._next}")
        copy._next, self._next = self._next, self._next + 1
        copy.mounts = list(self.mounts)
        copy._inherited = list(self.mounts)
        return copy

    def end(self) -> None:
        """Take away what was mounted in a namespace of its own."""
        for mount in [mount for mount in self.mounts if mount not in self._inherited]:
            self.remove(mount)

    def clear(self) -> None:
        """Back to what is mounted after boot."""
        for mount in [m for m in self.mounts if m.id >= 100]:
            self.remove(mount)
