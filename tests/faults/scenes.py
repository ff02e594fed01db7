"""The operations to break: what was there, what the program wants, and what of each file is ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homebackup.model.declare import check
from homebackup.resources import RESOURCES

TARGET = "/mnt/nas-backups"
EXPORT = "/volume1/backups/proxmox_backups"
OTHER = "/volume1/backups/homeassistant_backups"
NAS = "10.0.0.150"
OPTIONS = ["defaults", "soft", "timeo=150", "retrans=3", "x-systemd.requires=network-online.target"]
FOREIGN_FSTAB = (
    b"# <file system> <mount point> <type> <options> <dump> <pass>\r\n"
    b"/dev/pve/root / ext4 errors=remount-ro 0 1\n"
    b"\n \t \n"
    b"#10.0.0.150:/old\t/mnt/nas-backups nfs  soft 0 0\n"
    b"UUID=7C1B-2E4F   /boot/efi\tvfat defaults 0 1   # \xe9t\xe9\n"
    b"half a line\n"
    b"tmpfs /srv/ram tmpfs size=64m,noauto 0 0\r\n"
    b"/dev/pve/swap none swap sw 0 0"
)
"""What the owner wrote by hand: other line ends, blanks, Latin-1, a comment with our mount point, no last line feed."""
FOREIGN_VZDUMP = b"# vzdump default settings\r\n#tmpdir: DIR\n\nlockwait :  30\nexclude-path: /tmp/\xff\nsize: 500"
FOREIGN_STORAGE = """
dir: usb
\tpath /srv/usb
\tcontent backup
\tnodes elsewhere
"""


@dataclass(frozen=True)
class Scene:
    """One operation on one resource: `old` was declared and made before, None for a create; `new` None is a delete."""

    title: str
    kind: str
    way: str
    """How the API is reached: `https`, `token` or `ssh`; the host always is by ssh."""
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    script: str = ""
    """What somebody did at the console meanwhile."""
    steps: int = 1
    """How many steps the plan has, so that a plan that shrinks is seen."""

    @property
    def cls(self) -> Any:
        """The resource's class."""
        return RESOURCES[self.kind]

    @property
    def name(self) -> str:
        """The resource's name."""
        declared = self.new or self.old or {}
        return str(declared.get(self.cls.key.name, self.cls.key.default))

    def declared(self, values: Mapping[str, Any]) -> Any:
        """The resource that a program declares with these values."""
        inputs, wrong = check(self.cls, values)
        assert not wrong, wrong
        return self.cls(**inputs)


def mount(**changed: Any) -> dict[str, Any]:
    """The home site's mount, with some values changed."""
    return {"target": TARGET, "server": NAS, "export": EXPORT, "options": OPTIONS} | changed


def storage(**changed: Any) -> dict[str, Any]:
    """A storage on a directory of its own."""
    return {"storage": "nas-backups", "path": "/srv/backups", "content": ["backup"]} | changed


def job(**changed: Any) -> dict[str, Any]:
    """A backup job."""
    said = {"job": "backup-one", "schedule": "03:00", "vmid": [100, 102], "storage": "local", "comment": "été; 100 %"}
    return said | changed


def _mounts() -> list[Scene]:
    slow = [o for o in OPTIONS if not o.startswith("timeo")] + ["timeo=300"]

    def scene(title: str, old: Any, new: Any, steps: int, script: str = "") -> Scene:
        return Scene(f"mount {title}", "NfsMount", "https", old, new, script, steps)

    return [
        scene("created", None, mount(), 5),
        scene("created with its timer", None, mount(heal=True), 10),
        scene("created on a directory that is there", None, mount(immutable=False), 3, f"mkdir {TARGET}"),
        scene(
            "created where it was mounted by hand",
            None,
            mount(),
            3,
            f"mkdir {TARGET}; mount -t nfs -o soft,timeo=150,retrans=3 {NAS}:{EXPORT} {TARGET}",
        ),
        scene("with other options", mount(), mount(options=slow), 3),
        scene("from another export", mount(heal=True), mount(heal=True, export=OTHER), 3),
        scene("without its line", mount(), mount(), 2, f"sed -i '\\|{NAS}:|d' /etc/fstab"),
        scene("gone", mount(), mount(), 2, f"umount {TARGET}"),
        scene("gone, its directory open", mount(), mount(), 3, f"umount {TARGET}; chattr -i {TARGET}"),
        scene("mounted twice", mount(), mount(), 3, f"mount -t nfs -o soft {NAS}:{OTHER} {TARGET}"),
        scene("with a timer now", mount(), mount(heal=True), 5),
        scene("without its timer", mount(heal=True), mount(), 5),
        scene(
            "whose timer was changed",
            mount(heal=True),
            mount(heal=True),
            4,
            "echo '# mine' >> /etc/systemd/system/homebackup-heal-mnt-nas\\\\x2dbackups.timer",
        ),
        scene("deleted", mount(), None, 4),
        scene("deleted with its timer", mount(heal=True), None, 9),
        scene("deleted while not mounted", mount(), None, 3, f"umount {TARGET}"),
    ]


def _defaults() -> list[Scene]:
    one, other = {"tmpdir": "/var/tmp", "ionice": 7}, {"tmpdir": "/srv", "mode": "stop"}

    def scene(title: str, old: Any, new: Any, script: str = "") -> Scene:
        return Scene(f"defaults {title}", "VzdumpDefaults", "https", old, new, script)

    return [
        scene("created", None, one),
        scene("created in no file", None, one, "rm /etc/vzdump.conf"),
        scene("updated", one, other),
        scene("deleted", one, None),
    ]


def _sections(way: str) -> list[Scene]:
    kept = {"prune_backups": {"keep-last": 3}}
    return [
        Scene(f"storage created over {way}", "DirStorage", way, None, storage()),
        Scene(f"storage updated over {way}", "DirStorage", way, storage(**kept), storage(content=["backup", "iso"])),
        Scene(f"storage deleted over {way}", "DirStorage", way, storage(**kept), None),
        Scene(f"job created over {way}", "VzdumpJob", way, None, job()),
        Scene(f"job updated over {way}", "VzdumpJob", way, job(**kept), job(schedule="sun 05:00", enabled=False)),
        Scene(
            f"job changed by hand over {way}",
            "VzdumpJob",
            way,
            job(**kept),
            job(**kept),
            "pvesh set /cluster/backup/backup-one --enabled 0",
        ),
        Scene(f"job deleted over {way}", "VzdumpJob", way, job(**kept), None),
    ]


def scenes() -> list[Scene]:
    """Every operation, on every way."""
    return [*_mounts(), *_defaults(), *(scene for way in ("https", "token", "ssh") for scene in _sections(way))]
