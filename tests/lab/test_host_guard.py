"""What the host keeps and refuses: full disks, immutable directories, owners and modes, exports."""

from __future__ import annotations

from pathlib import Path

from tests.lab.house import EXPORT, TARGET, house


async def test_a_full_nas_and_a_full_disk(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.nas.full = True
        assert "No space left on device" in (await one.run(f"echo x > {TARGET}/x")).err
        one.root.spaces.limit(3)
        ran = await one.run("printf hello > /f; cat /f; rm /f; printf abc > /g; cat /g")
        assert ran.out == "helabc"
        assert (await one.run("df -B1 --output=avail / | tail -1")).out.strip() == "0"


async def test_writes_land_under_an_unmounted_mount_point_unless_it_is_immutable(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.out(f"umount {TARGET}; echo x > {TARGET}/below; ls {TARGET}; rm {TARGET}/below; chattr +i {TARGET}")
        assert await one.out(f"lsattr -d {TARGET}") == f"----i---------e------- {TARGET}"
        for script in (
            f"touch {TARGET}/x",
            f"mkdir {TARGET}/d",
            f"chmod 700 {TARGET}",
            f"rmdir {TARGET}",
            f"mv {TARGET} /mnt/b",
            f"echo x > {TARGET}/x",
            f"dd if=/dev/zero of={TARGET}/x count=1",
        ):
            ran = await one.run(script)
            assert (ran.code != 0, "Operation not permitted" in ran.err) == (True, True), script
        await one.out(f"mount {TARGET}; touch {TARGET}/x; mkdir {TARGET}/d")
        assert "Operation not supported" in (await one.run(f"lsattr -d {TARGET}")).err
        await one.out(f"umount {TARGET}")
        assert "Operation not permitted" in (await one.run(f"touch {TARGET}/x")).err
        await one.out(f"chattr -i {TARGET}; touch {TARGET}/x")


async def test_ownership_mode_and_acl_are_remembered(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.out(
            "echo a > /f; chown backup:www-data /f; chmod 4640 /f; setfacl -m u:nobody:r /f; cp -a /f /g; mv /g /h"
        )
        assert await one.out("stat -c '%u %g %a %U:%G' /h") == "34 33 4640 backup:www-data"
        assert "user:nobody:r--" in await one.out("getfacl -p /h")
        assert (await one.out("ls -l /h")).startswith("-rwSr-----+ 1 backup www-data 2 ")


async def test_exports_are_folders_of_the_nas(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.out(f"echo x > {TARGET}/file")
        assert (one.nas.exports[EXPORT] / "file").read_text() == "x\n"
        assert EXPORT in await one.out("showmount -e 10.0.0.150")
        assert "ready and waiting" in await one.out("rpcinfo -T tcp 10.0.0.150 nfs 4")
