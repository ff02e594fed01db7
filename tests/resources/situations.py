"""Situations a host can be in: what is found there, and what is done about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from homebackup.model.host_facts import HostFacts
from homebackup.model.mounts import Mount, mounted
from homebackup.model.steps import Blocked, Run, Step, Write
from homebackup.resources.nfs_mount import NfsMount

TARGET, NAS, EXPORT = "/mnt/nas-backups", "10.0.0.150", "/volume1/backups/proxmox_backups"
WANTED = NfsMount(
    target=TARGET,
    server=NAS,
    export=EXPORT,
    options=("defaults", "soft", "timeo=150", "retrans=3", "x-systemd.requires=network-online.target"),
)
LINE = (
    b"10.0.0.150:/volume1/backups/proxmox_backups /mnt/nas-backups nfs "
    b"defaults,soft,timeo=150,retrans=3,x-systemd.requires=network-online.target 0 0\n"
)
HEAD = b"# the owner's file\n/dev/pve/root / ext4 errors=remount-ro 0 1\n"
DECLARED = HEAD + LINE
(LIVE,) = mounted(
    "175 27 0:45 / /mnt/nas-backups rw,relatime shared:92 - nfs4 10.0.0.150:/volume1/backups/proxmox_backups "
    "rw,vers=4.2,rsize=131072,wsize=131072,namlen=255,soft,proto=tcp,timeo=150,retrans=3,sec=sys,"
    "clientaddr=10.0.0.50,local_lock=none,addr=10.0.0.150"
)
HARD = replace(LIVE, options=LIVE.options - {"soft"} | {"hard"})
TMPFS = Mount(TARGET, "tmpfs", "tmpfs", frozenset({"rw"}))
AUTOFS = Mount(TARGET, "systemd-1", "autofs", frozenset({"rw"}))

UNIT = r"mnt-nas\x2dbackups.mount"
MKDIR, GUARD, UNGUARD = (
    Run(words) for words in (("mkdir", "-p", TARGET), ("chattr", "+i", TARGET), ("chattr", "-i", TARGET))
)
BARE = replace(UNGUARD, accept=frozenset({0, 1}))
RELOAD = Run(("systemctl", "daemon-reload"))
RESTART, STOP, START = (Run(("systemctl", verb, UNIT), timeout=130) for verb in ("restart", "stop", "start"))
UMOUNT = Run(("umount", TARGET), timeout=130)
LAZILY = Run(("timeout", "-k", "2", "5", "umount", "-l", TARGET), accept=frozenset({0, 124, 137}))


def edit(before: bytes, after: bytes) -> list[Step]:
    return [Write("/etc/fstab", before, after, "fstab"), RELOAD]


def host(
    fstab: bytes = DECLARED, *mounts: Mount, on: bool = True, directory: str = "immutable", **more: Any
) -> HostFacts:
    """A host with this fstab and these mounts; the directory's state is only seen while nothing is mounted on it.

    A mount that `hangs` does so since then, or since nobody knows when.
    """
    return HostFacts(
        files={"/etc/fstab": fstab, **more.get("files", {})},
        mounts=(Mount("/", "/dev/pve/root", "ext4", frozenset({"rw"})), *mounts),
        answers={NAS: on},
        responds={TARGET: False} if "hangs" in more else {},
        silent={TARGET: more["hangs"]} if more.get("hangs") else {},
        directories={} if any(m.target == TARGET for m in mounts) else {TARGET: directory},
        timers=more.get("timers", {}),
    )


@dataclass
class Case:
    """A host, what differs from what is declared (None: the mount is not there at all), and what is done about it."""

    host: HostFacts
    differs: dict[str, Any] | None
    steps: list[Step]
    undo: list[Step] | None = None
    blocked: Blocked | None = None


OFF = Blocked("the NAS 10.0.0.150 does not answer on its NFS port", "switch it on and run this again")
SINCE = "2026-11-22T03:00:04+0100"
SILENT = f"mount unresponsive since {SINCE}: the NAS 10.0.0.150 answers on its NFS port, but /mnt/nas-backups does not"
STALE = SILENT.replace(f" since {SINCE}", "")
HUNG, FORGOTTEN = (
    Blocked(
        said,
        "see that the NAS still exports /volume1/backups/proxmox_backups to the host; else take the mount away with "
        "umount -l /mnt/nas-backups and run this again",
    )
    for said in (SILENT, STALE)
)
OTHER_SERVER = LINE.replace(b"10.0.0.150", b"10.0.0.151")
OTHER_EXPORT = LINE.replace(b"proxmox_backups ", b"other ")
CASES = {
    "as declared": Case(host(DECLARED, LIVE), {}, []),
    "as declared, behind an automount point": Case(host(DECLARED, AUTOFS, LIVE), {}, []),
    "as declared, options in another order": Case(
        host(HEAD + LINE.replace(b"soft,timeo=150", b"timeo=150,soft"), LIVE), {}, []
    ),
    "as declared, with odd spacing": Case(host(HEAD + LINE.replace(b" ", b"\t "), LIVE), {}, []),
    "as declared, with slashes behind": Case(
        host(
            HEAD + LINE.replace(b"nas-backups ", b"nas-backups/ ").replace(b"proxmox_backups ", b"proxmox_backups/ "),
            LIVE,
        ),
        {},
        [],
    ),
    "as declared, a comment names it too": Case(host(b"#" + LINE + DECLARED, LIVE), {}, []),
    "as declared, without a line feed at the end": Case(host(DECLARED[:-1], LIVE), {}, []),
    "as declared, the NAS off": Case(host(DECLARED, LIVE, on=False), {}, []),
    "not mounted, the NAS off": Case(host(DECLARED, on=False), {}, [RELOAD, RESTART], [], OFF),
    "a fresh host": Case(host(HEAD, directory="missing"), None, [MKDIR, GUARD, *edit(HEAD, DECLARED), RESTART]),
    "a host without fstab": Case(host(b"", directory="missing"), None, [MKDIR, GUARD, *edit(b"", LINE), RESTART]),
    "a fresh host, the NAS off": Case(
        host(HEAD, on=False, directory="missing"), None, [MKDIR, GUARD, *edit(HEAD, DECLARED), RESTART], None, OFF
    ),
    "a directory is there": Case(host(HEAD, directory="plain"), None, [GUARD, *edit(HEAD, DECLARED), RESTART]),
    "a guarded directory is there": Case(host(HEAD), None, [*edit(HEAD, DECLARED), RESTART]),
    "line there, not mounted": Case(host(DECLARED), {"live": "not mounted"}, [RELOAD, RESTART], []),
    "line there, not mounted, no directory": Case(
        host(DECLARED, directory="missing"), {"live": "not mounted"}, [MKDIR, GUARD, RELOAD, RESTART], []
    ),
    "line there, not mounted, unguarded": Case(
        host(DECLARED, directory="plain"), {"live": "not mounted", "immutable": False}, [GUARD, RELOAD, RESTART], []
    ),
    "unguarded, the NAS off": Case(
        host(DECLARED, on=False, directory="plain"), {"immutable": False}, [GUARD, RELOAD, RESTART], [], OFF
    ),
    "line missing, mounted": Case(host(HEAD, LIVE), {"boot": "missing"}, edit(HEAD, DECLARED)),
    "line missing, mounted, the NAS off": Case(host(HEAD, LIVE, on=False), {"boot": "missing"}, edit(HEAD, DECLARED)),
    "line commented out, mounted": Case(
        host(HEAD + b"#" + LINE, LIVE), {"boot": "commented out"}, edit(HEAD + b"#" + LINE, HEAD + b"#" + LINE + LINE)
    ),
    "line commented out, not mounted": Case(
        host(HEAD + b"# " + LINE),
        {"boot": "commented out", "live": "not mounted"},
        [*edit(HEAD + b"# " + LINE, HEAD + b"# " + LINE + LINE), RESTART],
    ),
    "line doubled": Case(host(DECLARED + LINE, LIVE), {"boot": "2 lines"}, edit(DECLARED + LINE, DECLARED)),
    "line three times, with others between": Case(
        host(LINE + HEAD + LINE + HEAD + LINE, LIVE),
        {"boot": "3 lines"},
        edit(LINE + HEAD + LINE + HEAD + LINE, LINE + HEAD + HEAD),
    ),
    "line changed": Case(
        host(HEAD + LINE.replace(b"150,r", b"600,r"), LIVE),
        {
            "options": ("defaults", "soft", "timeo=600", "retrans=3", "x-systemd.requires=network-online.target"),
            "live": "mounted with timeo=150 instead of 600",
        },
        edit(HEAD + LINE.replace(b"150,r", b"600,r"), DECLARED),
    ),
    "line with an option less that the mount does not show": Case(
        host(HEAD + LINE.replace(b"defaults,", b""), LIVE),
        {"options": ("soft", "timeo=150", "retrans=3", "x-systemd.requires=network-online.target")},
        edit(HEAD + LINE.replace(b"defaults,", b""), DECLARED),
    ),
    "line of type nfs4": Case(
        host(HEAD + LINE.replace(b" nfs ", b" nfs4 "), LIVE),
        {"fstype": "nfs4"},
        edit(HEAD + LINE.replace(b" nfs ", b" nfs4 "), DECLARED),
    ),
    "line with a check at boot": Case(
        host(HEAD + LINE.replace(b"0 0", b"0 2"), LIVE),
        {"boot": "one line that ends in 0 2 instead of 0 0"},
        edit(HEAD + LINE.replace(b"0 0", b"0 2"), DECLARED),
    ),
    "line of another server, mounted as declared": Case(
        host(HEAD + OTHER_SERVER, LIVE),
        {"server": "10.0.0.151", "live": f"mounted from {NAS}:{EXPORT}"},
        edit(HEAD + OTHER_SERVER, DECLARED),
    ),
    "line of another server, mounted from it": Case(
        host(HEAD + OTHER_SERVER, replace(LIVE, source=f"10.0.0.151:{EXPORT}")),
        {"server": "10.0.0.151"},
        [*edit(HEAD + OTHER_SERVER, DECLARED), RESTART],
        [*edit(DECLARED, HEAD + OTHER_SERVER), START],
    ),
    "line of another export, mounted from it": Case(
        host(HEAD + OTHER_EXPORT, replace(LIVE, source="10.0.0.150:/volume1/backups/other")),
        {"export": "/volume1/backups/other"},
        [*edit(HEAD + OTHER_EXPORT, DECLARED), RESTART],
        [*edit(DECLARED, HEAD + OTHER_EXPORT), START],
    ),
    "line of a disk": Case(
        host(HEAD + b"/dev/sdb1 /mnt/nas-backups ext4 defaults 0 0\n", LIVE),
        {
            "server": "/dev/sdb1",
            "export": "",
            "fstype": "ext4",
            "options": ("defaults",),
            "live": f"mounted from {NAS}:{EXPORT}",
        },
        edit(HEAD + b"/dev/sdb1 /mnt/nas-backups ext4 defaults 0 0\n", DECLARED),
    ),
    "mounted hard": Case(
        host(DECLARED, HARD), {"live": "mounted with hard instead of soft"}, [RELOAD, RESTART], [START]
    ),
    "mounted hard, the NAS off": Case(
        host(DECLARED, HARD, on=False), {"live": "mounted with hard instead of soft"}, [RELOAD, RESTART], [START], OFF
    ),
    "as declared, the mount hangs": Case(host(DECLARED, LIVE, hangs=SINCE), {}, []),
    "line missing, the mount hangs": Case(host(HEAD, LIVE, hangs=SINCE), {"boot": "missing"}, edit(HEAD, DECLARED)),
    "mounted hard, the mount hangs": Case(
        host(DECLARED, HARD, hangs=SINCE),
        {"live": "mounted with hard instead of soft"},
        [RELOAD, RESTART],
        [START],
        HUNG,
    ),
    "mounted hard, the export is gone": Case(
        host(DECLARED, HARD, hangs=""),
        {"live": "mounted with hard instead of soft"},
        [RELOAD, RESTART],
        [START],
        FORGOTTEN,
    ),
    "mounted read-only": Case(
        host(DECLARED, replace(LIVE, options=LIVE.options - {"rw"} | {"ro"})),
        {"live": "mounted with ro instead of rw"},
        [RELOAD, RESTART],
        [START],
    ),
    "mounted from another server": Case(
        host(DECLARED, replace(LIVE, source=f"10.0.0.151:{EXPORT}")),
        {"live": f"mounted from 10.0.0.151:{EXPORT}"},
        [RELOAD, RESTART],
        [START],
    ),
    "mounted from another export": Case(
        host(DECLARED, replace(LIVE, source=f"{NAS}:/volume1")),
        {"live": f"mounted from {NAS}:/volume1"},
        [RELOAD, RESTART],
        [START],
    ),
    "something on top": Case(
        host(DECLARED, LIVE, TMPFS), {"live": "covered by tmpfs tmpfs"}, [UMOUNT, RELOAD, RESTART], [START]
    ),
    "something on top, line missing": Case(
        host(HEAD, LIVE, TMPFS),
        {"live": "covered by tmpfs tmpfs", "boot": "missing"},
        [*edit(HEAD, DECLARED), UMOUNT, RESTART],
        [*edit(DECLARED, HEAD), START],
    ),
    "something else in its place": Case(
        host(DECLARED, TMPFS), {"live": "not mounted, but tmpfs tmpfs is"}, [RELOAD, RESTART], [START]
    ),
    "mounted twice": Case(
        host(DECLARED, LIVE, LIVE),
        {"live": "mounted 2 times, one on top of the other"},
        [UMOUNT, RELOAD, RESTART],
        [START],
    ),
    "hard, below the right one": Case(
        host(DECLARED, HARD, LIVE),
        {"live": "mounted 2 times, one on top of the other"},
        [UMOUNT, RELOAD, RESTART],
        [START],
    ),
    "mounted elsewhere too": Case(host(DECLARED, LIVE, replace(LIVE, target="/mnt/other")), {}, []),
    "mounted where the name begins alike": Case(
        host(DECLARED, LIVE, replace(LIVE, target="/mnt/nas-backups2")), {}, []
    ),
}
