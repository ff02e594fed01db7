"""With the mount gone, nothing that a backup writes lands on the host's own disk."""

from __future__ import annotations

import pytest

from tests.acceptance.host import Host
from tests.acceptance.kept import TARGET, KeptMount
from tests.acceptance.nas import Nas

MEBIBYTE = 1 << 20
AS_VZDUMP_DOES = {
    "touch": f"touch {TARGET}/file",
    "make the folder": f"mkdir -p {TARGET}/dump",
    "write an archive": f"dd if=/dev/zero of={TARGET}/archive.dat bs=1M count=64 conv=fsync",
    "write and rename": f"echo x > {TARGET}/x.tmp && mv {TARGET}/x.tmp {TARGET}/x",
}


async def test_while_nothing_is_mounted_every_write_fails_and_the_disk_does_not_grow(
    host: Host, mounted: KeptMount
) -> None:
    host.ssh(f"umount {TARGET}")
    before = host.used()
    for what, command in AS_VZDUMP_DOES.items():
        said = host.run(command)
        assert said.exit != 0, what
        assert "Operation not permitted" in said.err, what
    assert host.ssh(f"find {TARGET} -mindepth 1") == ""
    assert host.used() - before < MEBIBYTE  # the journal's own lines


async def test_without_the_guard_the_same_write_fills_the_disk(host: Host, mounted: KeptMount) -> None:
    mounted.declare(immutable=False)
    await mounted.up()
    host.ssh(f"umount {TARGET}")
    before = host.used()
    host.ssh(AS_VZDUMP_DOES["write an archive"])
    assert host.used() - before > 60 * MEBIBYTE
    host.ssh(f"rm {TARGET}/archive.dat")


async def test_a_mount_on_the_guarded_directory_is_written_to_as_ever(host: Host, nas: Nas, mounted: KeptMount) -> None:
    for command in AS_VZDUMP_DOES.values():
        host.ssh(command)
    assert (nas.backups / "archive.dat").stat().st_size == 64 * MEBIBYTE


async def test_a_writer_whose_mount_is_torn_away_writes_nothing_beneath(host: Host, mounted: KeptMount) -> None:
    writer = f"while :; do mkdir -p {TARGET}/dump; dd if=/dev/zero of={TARGET}/dump/part bs=1M count=4; done"
    with host.running(writer):
        host.ssh(f"umount -l {TARGET}")
        assert host.live() == []
        assert host.run(AS_VZDUMP_DOES["touch"]).exit != 0
    assert host.ssh(f"find {TARGET} -mindepth 1") == ""


@pytest.mark.parametrize("declared", [True, False])
async def test_the_guard_is_kept_as_declared_while_mounted(host: Host, mounted: KeptMount, declared: bool) -> None:
    mounted.declare(immutable=not declared)
    await mounted.up()
    mounted.declare(immutable=declared)
    assert await mounted.drift() == {"immutable": not declared}
    await mounted.up()
    assert await mounted.drift() == {}
    assert len(host.live()) == 1
