"""A mount in use is never torn away: the error names who uses it, and everything stays as it was."""

from __future__ import annotations

import re

import pytest

from homebackup.world.errors import Trouble
from tests.acceptance.host import Host
from tests.acceptance.kept import TARGET, KeptMount

TASK = "task UPID:pve:000012AB:0034C5D6:67A1B2C3:vzdump:100:root@pam:"
"""What the worker of a running vzdump calls itself."""
USES = {
    "an open file": (f"exec sleep 600 > {TARGET}/held", "sleep"),
    "a working directory": (f"cd {TARGET} && exec sleep 600", "sleep"),
    "a vzdump": (f"exec bash -c 'exec -a \"{TASK}\" sleep 600' > {TARGET}/vzdump-qemu-100.vma.dat", TASK),
}


@pytest.mark.parametrize("use", USES)
async def test_changed_options_wait_until_nobody_uses_the_mount(host: Host, mounted: KeptMount, use: str) -> None:
    fstab, live = host.read("/etc/fstab"), host.live()
    mounted.declare(options=["soft", "timeo=50"])
    script, name = USES[use]
    with host.running(script) as pid:
        with pytest.raises(Trouble, match=re.escape(name) + rf"( 600)? \(PID {pid}\)"):
            await mounted.up()
        assert (host.read("/etc/fstab"), host.live()) == (fstab, live)
        assert host.run(f"kill -0 {pid}").exit == 0
    await mounted.up()
    assert "timeo=50" in host.options()
    assert await mounted.drift() == {}


async def test_a_mount_in_use_is_not_deleted(host: Host, mounted: KeptMount) -> None:
    fstab, live = host.read("/etc/fstab"), host.live()
    with host.running(USES["an open file"][0]) as pid:
        with pytest.raises(Trouble, match=f"sleep .PID {pid}."):
            await mounted.destroy()
        assert (host.read("/etc/fstab"), host.live()) == (fstab, live)
        assert await mounted.drift() == {}
    await mounted.destroy()
    assert host.live() == []


async def test_a_mount_inside_the_mount_is_not_taken_away_with_it(host: Host, mounted: KeptMount) -> None:
    live = host.live()
    host.ssh(f"mkdir {TARGET}/inner && mount -t tmpfs inner {TARGET}/inner")
    mounted.declare(options=["soft", "timeo=50"])
    with pytest.raises(Trouble, match=f"the mount {TARGET}/inner"):
        await mounted.up()
    assert host.live() == live
    assert f"{TARGET}/inner" in host.ssh("cat /proc/mounts")
    host.ssh(f"umount {TARGET}/inner")


async def test_a_use_that_only_the_kernel_knows_leaves_line_and_mount_as_they_were(
    host: Host, mounted: KeptMount
) -> None:
    fstab, live = host.read("/etc/fstab"), host.live()
    loop = host.ssh(f"truncate -s 1M {TARGET}/image && losetup --find --show {TARGET}/image").strip()
    mounted.declare(options=["soft", "timeo=50"])
    with pytest.raises(Trouble, match="what had been done was taken back"):
        await mounted.up()
    assert (host.read("/etc/fstab"), host.live()) == (fstab, live)
    host.ssh(f"losetup --detach {loop}")
    await mounted.up()
    assert "timeo=50" in host.options()


async def test_what_does_not_need_a_remount_is_changed_while_in_use(host: Host, mounted: KeptMount) -> None:
    mounted.declare(heal=True, options=[*mounted.wanted.options, "nofail"])
    with host.running(USES["an open file"][0]):
        await mounted.up()
        assert await mounted.drift() == {}
    assert b"nofail" in host.read("/etc/fstab")
