"""The NFS mount on the lab's host: what is done by hand is seen as exactly that, and repaired."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.model.declare import changes
from homebackup.resources import RESOURCES
from tests.lifecycle.conftest import Bench, declared

TARGET = "/mnt/nas-backups"
EXPORT = "10.0.0.150:/volume1/backups/proxmox_backups"
OPTIONS = ["defaults", "soft", "timeo=150", "retrans=3", "x-systemd.requires=network-online.target"]
LINE = f"{EXPORT} {TARGET} nfs {','.join(OPTIONS)} 0 0"
HOME = {
    "target": TARGET,
    "server": "10.0.0.150",
    "export": "/volume1/backups/proxmox_backups",
    "options": OPTIONS,
    "heal": True,
}
MOUNT = RESOURCES["NfsMount"]
TIMER = r"homebackup-heal-mnt-nas\\x2dbackups.timer"

BY_HAND: dict[str, tuple[str, dict[str, str]]] = {
    "line removed": ("sed -i '/nas-backups/d' /etc/fstab", {"boot": "missing"}),
    "line commented out": ("sed -i 's|^10.0.0.150|# 10.0.0.150|' /etc/fstab", {"boot": "commented out"}),
    "line doubled": (f"echo '{LINE}' >> /etc/fstab", {"boot": "2 lines"}),
    "dump field": (
        "sed -i 's|target 0 0|target 0 2|' /etc/fstab",
        {"boot": "one line that ends in 0 2 instead of 0 0"},
    ),
    "line hard": (
        "sed -i 's|soft|hard|' /etc/fstab",
        {
            "options": "defaults,hard,timeo=150,retrans=3,x-systemd.requires=network-online.target",
            "live": "mounted with soft instead of hard",
        },
    ),
    "unmounted": (f"umount {TARGET}", {"live": "not mounted"}),
    "mounted hard": (
        f"umount {TARGET} && mount -t nfs -o hard,timeo=150,retrans=3 {EXPORT} {TARGET}",
        {"live": "mounted with hard instead of soft"},
    ),
    "other export": (
        f"umount {TARGET} && mount -t nfs -o soft 10.0.0.150:/volume1/backups/homeassistant_backups {TARGET}",
        {"live": "mounted from 10.0.0.150:/volume1/backups/homeassistant_backups"},
    ),
    "stacked": (f"mount -t tmpfs none {TARGET}", {"live": "covered by tmpfs none"}),
    "timer stopped": (f"systemctl stop '{TIMER}'".replace(r"\\", "\\"), {"healer": "stopped"}),
    "timer disabled while it runs": (
        f"systemctl disable '{TIMER}'".replace(r"\\", "\\"),
        {"healer": "not started at boot"},
    ),
    "options reordered": (
        "sed -i 's|defaults,soft,timeo=150|timeo=150,soft,defaults|' /etc/fstab",
        {},
    ),
}


@pytest.fixture
async def mounted(bench: Bench) -> Any:
    """The home site's mount, made; its directory is guarded and its timer runs."""
    return await bench.of("NfsMount", TARGET).create(declared("NfsMount", HOME), preview=False)


def differing(seen: Any, wanted: Any) -> dict[str, str]:
    """What is seen of each field that is not as wanted, as text."""
    return {
        f.name: f.spell(getattr(seen, f.name))
        if not isinstance(getattr(seen, f.name), tuple)
        else ",".join(getattr(seen, f.name))
        for f in MOUNT.fields
        if f.name in changes(MOUNT, vars(seen), vars(wanted))
    }


async def test_made_as_declared(bench: Bench, mounted: Any) -> None:
    assert differing(mounted, declared("NfsMount", HOME)) == {}
    assert bench.lab.run("cat /etc/fstab").splitlines().count(LINE) == 1
    assert ",soft," in bench.lab.run(f"grep ' {TARGET} ' /proc/mounts")
    imported = await bench.of("NfsMount", TARGET).read({}, fresh=True)
    assert differing(imported, mounted) == {}


@pytest.mark.parametrize("what", BY_HAND)
async def test_drift_is_seen_alone_and_repaired(bench: Bench, mounted: Any, what: str) -> None:
    act, expected = BY_HAND[what]
    bench.lab.run(act)
    lifecycle = bench.of("NfsMount", TARGET)
    seen = await lifecycle.read(vars(mounted), fresh=True)
    assert differing(seen, mounted) == expected
    if expected:
        repaired = await lifecycle.update(vars(seen), mounted, preview=False)
        assert differing(repaired, mounted) == {}
        assert bench.lab.run("cat /etc/fstab").splitlines().count(LINE) == 1


async def test_removed_by_hand_is_absent_and_made_again(bench: Bench, mounted: Any) -> None:
    bench.lab.run(f"umount {TARGET} && sed -i '/nas-backups/d' /etc/fstab")
    lifecycle = bench.of("NfsMount", TARGET)
    assert await lifecycle.read(vars(mounted), fresh=True) is None
    again = await lifecycle.update(vars(mounted), mounted, preview=False)
    assert differing(again, mounted) == {}


async def test_a_nas_that_is_off_is_no_drift(bench: Bench, mounted: Any) -> None:
    bench.lab.control("/nas", {"power": "off"})
    lifecycle = bench.of("NfsMount", TARGET)
    assert differing(await lifecycle.read(vars(mounted), fresh=True), mounted) == {}
    bench.lab.control("/reboot")
    assert bench.lab.run("cat /proc/mounts").count(TARGET) == 0
    assert differing(await lifecycle.read(vars(mounted), fresh=True), mounted) == {}


async def test_deleted_leaves_every_other_byte(bench: Bench) -> None:
    look = "cat /etc/fstab; stat -c '%a %u %g' /etc/fstab; ls /etc/systemd/system"
    before = bench.lab.run(look)
    lifecycle = bench.of("NfsMount", TARGET)
    made = await lifecycle.create(declared("NfsMount", HOME), preview=False)
    await lifecycle.delete(vars(made))
    await lifecycle.delete(vars(made))
    assert await lifecycle.read(vars(made), fresh=True) is None
    assert bench.lab.run(look) == before
    bench.lab.run(f"touch {TARGET}/now-an-ordinary-directory")


async def test_a_replaced_file_is_as_young_as_the_change(bench: Bench) -> None:
    bench.lab.run("touch -d @1000000000 /etc/fstab; chmod 640 /etc/fstab")
    await bench.of("NfsMount", TARGET).create(declared("NfsMount", HOME), preview=False)
    mode, changed = bench.lab.run("stat -c '%a %Y' /etc/fstab").split()
    assert (mode, int(changed) > 1_000_000_000) == ("640", True)
