"""Mounts of the simulated host, beside what was measured on a real one (Debian 12, kernel 6.1, real NFS)."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from tests.lab.house import LINE, LIVE, SOURCE, TARGET, UNIT, house


async def test_the_line_mounts_at_boot_and_shows_the_measured_options(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        assert f"{SOURCE} {TARGET} nfs4 {LIVE} 0 0" in (await one.out("cat /proc/mounts")).splitlines()
        found = json.loads(await one.out(f"findmnt --json {TARGET}"))
        assert found == {"filesystems": [{"target": TARGET, "source": SOURCE, "fstype": "nfs4", "options": LIVE}]}
        assert f" {TARGET} rw,relatime shared:" in await one.out("cat /proc/self/mountinfo")
        assert f" - nfs4 {SOURCE} rw,vers=4.2," in await one.out("cat /proc/self/mountinfo")


async def test_fstab_is_shown_verbatim(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        found = json.loads(await one.out(f"findmnt --fstab --json {TARGET}"))["filesystems"]
        assert [(f["fstype"], f["options"]) for f in found] == [("nfs", LINE.split()[3])]
        assert (await one.run("findmnt --fstab --json /mnt/other")).code == 1
        assert (await one.run("findmnt --json --mountpoint /mnt")).code == 1


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ("defaults", "hard,proto=tcp,timeo=600,retrans=2"),
        ("soft,timeo=50,retrans=1", "soft,proto=tcp,timeo=50,retrans=1"),
        ("hard,timeo=300", "hard,proto=tcp,timeo=300,retrans=2"),
        ("ro,noatime,vers=4.1,rsize=65536,nconnect=4", "ro,noatime,vers=4.1,rsize=65536"),
        ("_netdev,nofail,x-systemd.automount,soft", "rw,relatime,vers=4.2"),
    ],
)
async def test_live_options_are_normalised(options: str, shown: str, tmp_path: Path) -> None:
    async with house(tmp_path, "") as one:
        await one.out(f"mkdir /m; mount -t nfs -o {options} {SOURCE} /m")
        live = await one.out("findmnt -n -o OPTIONS /m")
        assert shown in live
        assert not {"defaults", "nofail", "_netdev"} & set(live.split(","))


REFUSED = {
    "wrong export": (
        "mount -t nfs 10.0.0.150:/volume1/nope /m",
        32,
        "mount.nfs: access denied by server while mounting",
    ),
    "unknown option": (
        f"mount -t nfs -o defualts {SOURCE} /m",
        32,
        "mount.nfs: an incorrect mount option was specified",
    ),
    "bad number": (f"mount -t nfs -o timeo=abc {SOURCE} /m", 32, "mount.nfs: an incorrect mount option was specified"),
    "missing target": (f"mount -t nfs {SOURCE} /nope", 32, "mount.nfs: mount point /nope does not exist"),
    "not in fstab": ("mount /m", 1, "mount: /m: can't find in /etc/fstab."),
    "not mounted": ("umount /m", 32, "umount: /m: not mounted."),
    "remount timeo": (f"mount -o remount,timeo=30 {TARGET}", 32, "mount.nfs: an incorrect mount option was specified"),
    "remount hard": (f"mount -o remount,hard {TARGET}", 32, "mount.nfs: an incorrect mount option was specified"),
    "plain remount": (f"mount -o remount {TARGET}", 32, "mount.nfs: an incorrect mount option was specified"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_mount_refuses(name: str, tmp_path: Path) -> None:
    script, code, said = REFUSED[name]
    async with house(tmp_path) as one:
        ran = await one.run(f"mkdir /m; {script}")
        assert (ran.code, said in ran.err) == (code, True)
        assert await one.out(f"findmnt -n -o OPTIONS {TARGET}") == LIVE


@pytest.mark.parametrize(
    "script",
    [
        f"mount {TARGET}",
        "mount -a",
        f"mount -t nfs -o soft,timeo=30 {SOURCE} {TARGET}",
        f"mount -t nfs -o hard {SOURCE} {TARGET}",
    ],
)
async def test_mounting_what_is_mounted_succeeds_and_changes_nothing(script: str, tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.out("sed -i s/timeo=150/timeo=50/ /etc/fstab")
        assert await one.out(script) == ""
        assert await one.out(f"findmnt -n -o OPTIONS {TARGET}") == LIVE
        assert await one.out(f"grep -c ' {TARGET} ' /proc/mounts") == "1"


async def test_remounting_read_only_works(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.out(f"mount -o remount,ro {TARGET}")
        assert "Read-only file system" in (await one.run(f"touch {TARGET}/x")).err
        await one.out(f"mount -o remount,rw {TARGET}; touch {TARGET}/x")


async def test_only_a_restart_of_the_unit_applies_new_options(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        unit = f"'{UNIT}'"
        assert await one.out(f"systemctl show {unit} -p NeedDaemonReload") == "NeedDaemonReload=no"
        await one.out("sed -i s/timeo=150/timeo=50/ /etc/fstab")
        assert await one.out(f"systemctl show {unit} -p NeedDaemonReload") == "NeedDaemonReload=yes"
        assert "timeo=150" in (await one.run(f"systemctl cat {unit}")).out
        await one.run(f"systemctl restart {unit}")
        assert "timeo=150" in await one.out(f"findmnt -n -o OPTIONS {TARGET}")
        await one.out(f"systemctl daemon-reload && systemctl restart {unit}")
        assert "timeo=50" in await one.out(f"findmnt -n -o OPTIONS {TARGET}")


async def test_a_busy_mount_stays(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ran = await one.run(
            f"cd {TARGET}; umount {TARGET}; echo $?; systemctl restart '{UNIT}'; echo $?; fuser -m {TARGET}"
        )
        assert ran.out.split()[:2] == ["16", "1"]
        assert f"umount.nfs4: {TARGET}: device is busy" in ran.err
        ran = await one.run(f"exec 5> {TARGET}/open; umount {TARGET}; echo $?; umount -l {TARGET}; echo $?")
        assert ran.out.split() == ["16", "0"]
        assert (await one.run(f"mountpoint -q {TARGET}")).code == 32


async def test_stacked_mounts_come_off_one_by_one(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.out(f"echo nas > {TARGET}/f; mount -t tmpfs tmpfs {TARGET}; echo tmp > {TARGET}/f")
        assert (
            await one.out(f"cat {TARGET}/f; findmnt -n -o FSTYPE {TARGET}; umount {TARGET}; cat {TARGET}/f")
            == "tmp\ntmpfs\nnas"
        )


async def test_a_line_removed_leaves_the_mount_alone_and_a_line_added_waits_for_remote_fs(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.out(": > /etc/fstab; systemctl daemon-reload")
        assert await one.out(f"systemctl is-active '{UNIT}'") == "active"
        assert await one.out(f"systemctl show '{UNIT}' -p SourcePath --value") == "/proc/self/mountinfo"
        await one.out(f"umount {TARGET}; echo '{LINE.strip()}' > /etc/fstab; systemctl daemon-reload")
        assert (await one.run(f"systemctl is-active '{UNIT}'")).code == 3
        await one.out("systemctl restart remote-fs.target")
        assert await one.out(f"systemctl is-active '{UNIT}'") == "active"


async def test_the_generated_unit(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        text = await one.out(f"systemctl cat '{UNIT}'")
        for line in (
            "SourcePath=/etc/fstab",
            "Requires=network-online.target",
            "Before=remote-fs.target",
            f"Where={TARGET}",
            "Type=nfs",
        ):
            assert line in text.splitlines()
        shown = await one.out(f"systemctl show '{UNIT}' -p TimeoutUSec,RequiredBy,ActiveState,SubState,Result")
        assert sorted(shown.splitlines()) == [
            "ActiveState=active",
            "RequiredBy=remote-fs.target",
            "Result=success",
            "SubState=mounted",
            "TimeoutUSec=1min 30s",
        ]
        assert await one.out(f"systemd-escape -p --suffix=mount {TARGET}") == UNIT
        assert await one.out(f"systemctl is-enabled '{UNIT}'") == "generated"


NEVER_BLOCKS = [
    "grep nas /proc/self/mountinfo",
    "mount",
    f"findmnt --json {TARGET}",
    f"findmnt --json --mountpoint {TARGET}",
    "df -l",
    "ls /mnt",
    f"systemctl is-active '{UNIT}'",
    f"systemctl show '{UNIT}' -p ActiveState",
    f"stat -c %n {TARGET}",
    f"findmnt -n -T {TARGET}",
]


@pytest.mark.parametrize("script", NEVER_BLOCKS)
async def test_what_asks_no_server_never_waits(script: str, tmp_path: Path) -> None:
    async with house(tmp_path, patience=1.0) as one:
        one.nas.on = False
        ran = await asyncio.wait_for(one.run(script), 10)
        assert ran.code == 0


WAITS = {
    f"stat -f -c %T {TARGET}": (62.4, 1, "Input/output error"),
    f"ls {TARGET}": (62.4, 2, "Input/output error"),
    f"df {TARGET}": (187.2, 1, "Input/output error"),
    f"touch {TARGET}/x": (249.6, 1, "Input/output error"),
    f"mountpoint {TARGET}": (62.4, 1, ""),
    f"test -d {TARGET}": (62.4, 1, ""),
    f"umount {TARGET}": (120.5, 0, ""),
    "ls -l /mnt": (62.4, 1, "Input/output error"),
    "findmnt --verify": (212.2, 1, ""),
}


@pytest.mark.parametrize("script", WAITS)
async def test_what_asks_a_silent_server_waits_as_long_as_measured(script: str, tmp_path: Path) -> None:
    seconds, code, said = WAITS[script]
    async with house(tmp_path, patience=0.004) as one:
        one.nas.on = False
        begun = time.monotonic()
        ran = await one.run(script)
        assert (ran.code, said in ran.err) == (code, True)
        assert time.monotonic() - begun >= seconds * 0.004 * 0.9


@pytest.mark.parametrize(
    "script", [f"stat -f {TARGET}", f"touch {TARGET}/x", f"ls {TARGET}", f"dd if=/dev/zero of={TARGET}/x count=1"]
)
async def test_what_waits_can_be_killed(script: str, tmp_path: Path) -> None:
    async with house(tmp_path, patience=1.0) as one:
        one.nas.on = False
        ran = await asyncio.wait_for(one.run(f"timeout 0.2 {script}"), 10)
        assert ran.code == 124


async def test_a_hard_mount_waits_for_ever_and_goes_on_when_the_server_returns(tmp_path: Path) -> None:
    async with house(tmp_path, LINE.replace("soft", "hard")) as one:
        one.nas.on = False
        assert (await one.run(f"timeout 0.3 stat -f {TARGET}")).code == 124
        waiting = asyncio.create_task(one.run(f"touch {TARGET}/late"))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        one.nas.on = True
        assert (await asyncio.wait_for(waiting, 10)).code == 0
        assert await one.out(f"ls {TARGET}") == "late"


async def test_an_outage_recovers_without_a_remount(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.nas.on = False
        assert (await one.run(f"touch {TARGET}/x")).code == 1
        one.nas.on = True
        assert await one.out(f"touch {TARGET}/x; ls {TARGET}") == "x"


async def test_probing_the_port(tmp_path: Path) -> None:
    probe = "timeout 3 bash -c 'exec 3<>/dev/tcp/10.0.0.150/2049'"
    async with house(tmp_path) as one:
        assert await one.out(probe) == ""
        one.nas.on = False
        ran = await one.run("exec 3<>/dev/tcp/10.0.0.150/2049")
        assert "No route to host" in ran.err
        one.machine.patience = 1.0
        assert (await one.run(probe.replace("timeout 3", "timeout 0.2"))).code == 124


async def test_mounting_from_a_server_that_is_off(tmp_path: Path) -> None:
    async with house(tmp_path, on=False) as one:
        ran = await one.run(f"mount -o retry=0 {TARGET}")
        assert (ran.code, ran.err) == (32, "mount.nfs: No route to host\n")
        ran = await one.run(f"mount {TARGET}")
        assert (ran.code, ran.err) == (32, "mount.nfs: mount system call failed\n")
