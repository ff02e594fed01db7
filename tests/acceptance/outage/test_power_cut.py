"""The NAS loses its power: nothing hangs, nothing is said to have changed, and everything comes back by itself."""

from __future__ import annotations

import time

import pytest

from homebackup.world.errors import Unreachable
from homebackup.world.live_site import LiveSite
from tests.acceptance.figures import Figures
from tests.acceptance.host import ORIGINAL, Host
from tests.acceptance.kept import MISSION, TARGET, KeptMount
from tests.acceptance.nas import ADDRESS, Nas
from tests.acceptance.waiting import until

BOUND = 10.0
"""Seconds in which every look has to end."""
RECOVERY = 120.0
"""Seconds in which a mount answers again when its NAS is back."""


async def looked(site: LiveSite, figures: Figures, what: str) -> None:
    """Look at the host, and hold the look to its bound."""
    began = time.monotonic()
    facts = await site.look([(ADDRESS, TARGET)], fresh=True)
    seconds = time.monotonic() - began
    figures.took(f"look with the NAS cut, {what}", seconds)
    assert facts.answers == {ADDRESS: False}
    assert seconds < BOUND


async def test_cut_while_mounted_and_idle(
    host: Host, nas: Nas, site: LiveSite, mounted: KeptMount, figures: Figures
) -> None:
    fstab = host.read("/etc/fstab")
    nas.off()
    for what in ("mounted, just now", "mounted, a little later"):
        await looked(site, figures, what)
    assert await mounted.drift() == {}
    mounted.declare(options=["soft", "timeo=50"])
    await mounted.refresh()
    assert any(text.startswith("unknown: the NAS 10.0.0.150 does not answer") for text in await mounted.preview())
    with pytest.raises(Unreachable, match="does not answer"):
        await mounted.up()
    assert host.read("/etc/fstab") == fstab
    nas.on()
    began = time.monotonic()
    until("the mount answers", lambda: host.run(f"timeout 10 touch {TARGET}/back").exit == 0, RECOVERY)
    figures.took("mount usable again after the NAS is back", time.monotonic() - began)
    mounted.declare()
    assert await mounted.drift() == {}


async def test_cut_while_writing(host: Host, nas: Nas, site: LiveSite, mounted: KeptMount, figures: Figures) -> None:
    write = f"dd if=/dev/zero of={TARGET}/archive.dat bs=1M count=100000 conv=fsync"
    with host.running(write):
        until("something is written", (nas.backups / "archive.dat").exists, 30)
        nas.off()
        for what in ("writing, just now", "writing, a little later"):
            await looked(site, figures, what)
        assert await mounted.drift() == {}
    nas.on()
    until("the mount answers", lambda: host.run(f"timeout 10 rm -f {TARGET}/archive.dat").exit == 0, RECOVERY)
    assert await mounted.drift() == {}


async def test_cut_while_nothing_is_mounted(
    host: Host, nas: Nas, site: LiveSite, mounted: KeptMount, figures: Figures
) -> None:
    host.ssh(f"umount {TARGET}")
    nas.off()
    await looked(site, figures, "not mounted")
    assert await mounted.drift() == {}
    nas.on()
    assert await mounted.drift() == {"live": "not mounted"}
    await mounted.up()
    assert await mounted.drift() == {}


async def test_cut_while_mounted_hard_by_hand(
    host: Host, nas: Nas, site: LiveSite, mounted: KeptMount, figures: Figures
) -> None:
    host.ssh(f"umount {TARGET} && mount -t nfs -o hard {ADDRESS}:{MISSION['export']} {TARGET}")
    nas.off()
    await looked(site, figures, "mounted hard")
    seen = await mounted.drift()
    assert seen.keys() == {"live"}
    assert "hard instead of soft" in seen["live"]
    nas.on()
    until("the mount answers", lambda: host.run(f"timeout 10 stat -f {TARGET}").exit == 0, RECOVERY)
    await mounted.up()
    assert await mounted.drift() == {}


async def test_create_waits_for_the_nas_and_touches_nothing(host: Host, nas: Nas, mount: KeptMount) -> None:
    nas.off()
    began = time.monotonic()
    with pytest.raises(Unreachable, match=r"the NAS 10\.0\.0\.150 does not answer"):
        await mount.up()
    assert time.monotonic() - began < BOUND
    assert host.read("/etc/fstab") == ORIGINAL
    assert host.run(f"test -e {TARGET}").exit == 1
    nas.on()
    await mount.up()
    assert await mount.drift() == {}


async def test_delete_works_without_the_nas(host: Host, nas: Nas, mounted: KeptMount, figures: Figures) -> None:
    nas.off()
    began = time.monotonic()
    await mounted.destroy()
    figures.took("delete with the NAS cut", time.monotonic() - began)
    assert host.live() == []
    assert host.read("/etc/fstab") == ORIGINAL
    assert "i" not in host.ssh(f"lsattr -d {TARGET}").split()[0]
