"""/etc/fstab is the owner's: replaced at once, with all that hangs on it, and never over somebody else's edit."""

from __future__ import annotations

import asyncio

import pytest

from homebackup.model.steps import Write
from homebackup.resources.nfs_mount import NfsMount
from homebackup.world.errors import Changed, Trouble
from homebackup.world.live_site import LiveSite
from tests.acceptance.host import ORIGINAL, Host
from tests.acceptance.kept import LINE, KeptMount

FSTAB = "/etc/fstab"


def about(host: Host) -> list[str]:
    return host.ssh(f"stat -c '%a %u %g' {FSTAB}; getfacl --omit-header --numeric {FSTAB}").split()


async def test_mode_owner_and_acl_of_the_file_stay(host: Host, mount: KeptMount) -> None:
    host.ssh(f"chown 1000:100 {FSTAB}; chmod 640 {FSTAB}; setfacl -m u:33:r {FSTAB}")
    before = about(host)
    assert "user:33:r--" in before
    await mount.up()
    assert about(host) == before
    assert host.read(FSTAB) == ORIGINAL + b"\n" + LINE


async def test_the_bytes_before_are_kept_and_nothing_else_lies_beside(host: Host, mount: KeptMount) -> None:
    await mount.up()
    assert host.ssh("ls /etc/fstab*").split() == [FSTAB, f"{FSTAB}.homebackup-previous"]
    assert host.read(f"{FSTAB}.homebackup-previous") == ORIGINAL


async def test_a_linked_fstab_stays_a_link(host: Host, mount: KeptMount) -> None:
    host.ssh(f"mkdir -p /srv/etc && mv {FSTAB} /srv/etc/fstab && ln -s /srv/etc/fstab {FSTAB}")
    await mount.up()
    assert host.ssh(f"readlink {FSTAB}").strip() == "/srv/etc/fstab"
    assert host.read("/srv/etc/fstab") == ORIGINAL + b"\n" + LINE


async def test_readers_see_the_old_file_or_the_new_one_and_nothing_between(host: Host, mount: KeptMount) -> None:
    watch = f"while :; do sha256sum < {FSTAB}; done > /run/seen"
    with host.running(watch):
        await mount.up()
    assert len(set(host.ssh("sort -u /run/seen; rm /run/seen").splitlines())) <= 2


async def test_an_edit_in_the_middle_is_not_overwritten(host: Host, mount: KeptMount) -> None:
    edited = ORIGINAL + b"\n# edited meanwhile\n"
    host.write(FSTAB, edited)
    with pytest.raises(Changed):
        await mount.site.perform(Write(FSTAB, ORIGINAL, ORIGINAL + b"\n" + LINE, "fstab"))
    assert host.read(FSTAB) == edited
    assert host.ssh("ls /etc/fstab*").split() == [FSTAB]


async def test_two_mounts_made_at_once_leave_both_lines(host: Host, site: LiveSite, mount: KeptMount) -> None:
    mount.declare(immutable=False)
    other = KeptMount(site, target="/mnt/second", export="/volume1/other", immutable=False)
    try:
        for _ in range(3):  # a loser stops or tries again; nothing is lost either way
            for ended in await asyncio.gather(mount.up(), other.up(), return_exceptions=True):
                assert ended is None or isinstance(ended, Trouble), ended
        assert await mount.drift() == {}
        assert await other.drift() == {}
        assert host.read(FSTAB).startswith(ORIGINAL)
    finally:
        await other.destroy()
        host.ssh("rmdir /mnt/second")
    assert host.read(FSTAB) == ORIGINAL + b"\n" + LINE


async def test_an_export_that_does_not_exist_leaves_everything_as_it_was(host: Host, mount: KeptMount) -> None:
    await mount.up()
    before, live = host.read(FSTAB), host.live()
    mount.declare(export="/volume1/nothing")
    with pytest.raises(Trouble, match="taken back"):
        await mount.up()
    assert (host.read(FSTAB), host.live()) == (before, live)


async def test_an_option_that_nobody_knows_is_not_left_in_the_file(host: Host, mount: KeptMount) -> None:
    wrong = NfsMount(**vars(mount.wanted) | {"options": ("soft", "timeo=abc")})
    with pytest.raises(Trouble):
        await mount.lifecycle.create(wrong, preview=False)
    assert host.live() == []
    assert host.read(FSTAB) == ORIGINAL


async def test_the_line_is_on_the_disk_when_the_write_has_ended(host: Host, mount: KeptMount) -> None:
    """What a power cut at this moment leaves is what lies on the disk, read past every cache."""
    await mount.up()
    inode = host.ssh(f"stat -c %i {FSTAB}").strip()
    assert host.ssh(f"debugfs -R 'cat <{inode}>' /dev/ubda 2>/dev/null").encode().endswith(LINE)
    assert host.ssh("debugfs -R 'stat /etc/fstab' /dev/ubda 2>/dev/null").splitlines()[0].split()[1] == inode
