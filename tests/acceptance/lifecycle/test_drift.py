"""Whatever somebody does to the mount by hand is seen as it is, and repaired."""

from __future__ import annotations

import pytest

from tests.acceptance.host import ORIGINAL, Host
from tests.acceptance.kept import LINE, TARGET, KeptMount

SOURCE = "10.0.0.150:/volume1/backups/proxmox_backups"
REMOUNTED = f"umount {TARGET} && mount -t nfs"
"""A live mount that is not what the line says, as `mount -o remount` cannot make one."""

BY_HAND = {
    "the line removed": ("sed -i '\\|^10.0.0.150|d' /etc/fstab", {"boot": "missing"}),
    "the line commented out": ("sed -i 's|^10.0.0.150|# &|' /etc/fstab", {"boot": "commented out"}),
    "the line doubled": (
        "line=$(tail -n 1 /etc/fstab); printf '\\n%s\\n' \"$line\" >> /etc/fstab",
        {"boot": "2 lines"},
    ),
    "options changed in the line": (
        "sed -i 's|timeo=150|timeo=600|' /etc/fstab",
        {
            "options": ("defaults", "soft", "timeo=600", "retrans=3", "x-systemd.requires=network-online.target"),
            "live": "mounted with timeo=150 instead of 600",
        },
    ),
    "mounted hard": (
        f"{REMOUNTED} -o hard,timeo=150,retrans=3 {SOURCE} {TARGET}",
        {"live": "mounted with hard instead of soft"},
    ),
    "mounted with other times": (
        f"{REMOUNTED} -o soft,timeo=33,retrans=3 {SOURCE} {TARGET}",
        {"live": "mounted with timeo=33 instead of 150"},
    ),
    "mounted read-only by remount": (f"mount -o remount,ro {TARGET}", {"live": "mounted with ro instead of rw"}),
    "unmounted": (f"umount {TARGET}", {"live": "not mounted"}),
    "a tmpfs on top": (f"mount -t tmpfs scratch {TARGET}", {"live": "covered by tmpfs scratch"}),
    "a tmpfs instead": (
        f"umount {TARGET} && mount -t tmpfs scratch {TARGET}",
        {"live": "not mounted, but tmpfs scratch is"},
    ),
    "a second export on top": (
        f"mount -t nfs -o soft 10.0.0.150:/volume1/other {TARGET}",
        {"live": "mounted 2 times, one on top of the other"},
    ),
    "another export": (
        f"{REMOUNTED} -o soft,timeo=150,retrans=3 10.0.0.150:/volume1/other {TARGET}",
        {"live": "mounted from 10.0.0.150:/volume1/other"},
    ),
    "the directory made mutable": (
        "unshare -m sh -c 'mount --bind /mnt /media; chattr -i /media/nas-backups'",
        {"immutable": False},
    ),
}


@pytest.mark.parametrize("what", BY_HAND)
async def test_drift_is_seen_and_repaired(host: Host, mounted: KeptMount, what: str) -> None:
    command, seen = BY_HAND[what]
    host.ssh(command)
    assert await mounted.drift() == seen
    assert any(text.startswith("pulumi up will do:") for text in await mounted.preview())
    await mounted.up()
    assert await mounted.drift() == {}
    assert {"rw", "soft", "timeo=150", "retrans=3"} <= host.options()
    assert [line.split(" ")[0] for line in host.live()] == [SOURCE]
    assert host.read("/etc/fstab").replace(b"\n# " + LINE, b"").rstrip(b"\n") == ORIGINAL + b"\n" + LINE


async def test_line_and_mount_both_gone_are_made_again(host: Host, mounted: KeptMount) -> None:
    host.ssh(f"umount {TARGET}; cat > /etc/fstab; systemctl daemon-reload", stdin=ORIGINAL)
    assert await mounted.drift() == {"": None}
    await mounted.up()
    assert await mounted.drift() == {}
    assert host.read("/etc/fstab") == ORIGINAL + b"\n" + LINE


async def test_a_mount_without_daemon_reload_after_an_edit_is_still_repaired(host: Host, mounted: KeptMount) -> None:
    host.ssh("sed -i 's|soft,|hard,|' /etc/fstab")
    assert "live" in await mounted.drift()
    await mounted.up()
    assert await mounted.drift() == {}
    assert host.ssh(r"systemctl show 'mnt-nas\x2dbackups.mount' -P NeedDaemonReload").strip() == "no"
