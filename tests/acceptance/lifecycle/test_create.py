"""The mission's mount made, left alone, changed and removed, as the kernel and systemd see it."""

from __future__ import annotations

from tests.acceptance.host import ORIGINAL, Host
from tests.acceptance.kept import LINE, TARGET, KeptMount
from tests.acceptance.nas import OTHER, Nas

UNIT = r"mnt-nas\x2dbackups.mount"
TIMER = r"homebackup-heal-mnt-nas\x2dbackups.timer"


async def test_create_mounts_by_the_missions_line_and_nothing_else_of_fstab_changes(
    host: Host, nas: Nas, mount: KeptMount
) -> None:
    assert host.live() == []
    await mount.up()
    assert host.read("/etc/fstab") == ORIGINAL + b"\n" + LINE
    source, target, kind, *_ = host.live()[0].split(" ")
    assert (source, target, kind) == ("10.0.0.150:/volume1/backups/proxmox_backups", TARGET, "nfs4")
    assert {"rw", "soft", "timeo=150", "retrans=3", "proto=tcp", "addr=10.0.0.150"} <= host.options()
    host.ssh(f"echo kept > {TARGET}/file")
    assert (nas.backups / "file").read_text() == "kept\n"


async def test_create_leaves_a_unit_that_systemd_agrees_with(host: Host, mounted: KeptMount) -> None:
    shown = host.ssh(f"systemctl show '{UNIT}' -p ActiveState,FragmentPath,NeedDaemonReload,Requires,What,RequiredBy")
    seen = dict(line.split("=", 1) for line in shown.splitlines())
    assert (seen["ActiveState"], seen["NeedDaemonReload"]) == ("active", "no")
    assert seen["What"] == "10.0.0.150:/volume1/backups/proxmox_backups"
    assert "network-online.target" in seen["Requires"].split()
    assert seen["RequiredBy"] == "remote-fs.target"


async def test_create_makes_the_directory_underneath_immutable(host: Host, mounted: KeptMount) -> None:
    assert "i" in host.beneath('lsattr -d "$dir"').split()[0]


async def test_after_create_a_look_finds_no_change(mounted: KeptMount) -> None:
    assert await mounted.drift() == {}
    assert await mounted.preview() == []


async def test_the_heal_timer_is_made_seen_and_removed(host: Host, mounted: KeptMount) -> None:
    mounted.declare(heal=True)
    await mounted.up()
    assert host.ssh(f"systemctl is-active '{TIMER}'; systemctl is-enabled '{TIMER}'").split() == ["active", "enabled"]
    assert host.ssh(f"systemd-analyze verify '/etc/systemd/system/{TIMER}'") == ""
    host.ssh(f"systemctl stop '{TIMER}'")
    assert await mounted.drift() == {"healer": "stopped"}
    await mounted.up()
    host.ssh(f"echo >> '/etc/systemd/system/{TIMER}'")
    assert await mounted.drift() == {"healer": "changed by hand"}
    await mounted.up()
    assert await mounted.drift() == {}
    mounted.declare(heal=False)
    await mounted.up()
    assert host.ssh("ls /etc/systemd/system | grep homebackup || true") == ""
    assert host.run(f"systemctl is-active '{TIMER}'").out.strip() == "inactive"
    assert await mounted.drift() == {}


async def test_changed_options_are_live_and_not_only_in_the_file(host: Host, mounted: KeptMount) -> None:
    mounted.declare(options=["soft", "timeo=50", "retrans=2", "noatime", "nofail"])
    await mounted.up()
    assert {"soft", "timeo=50", "retrans=2", "noatime"} <= host.options()
    assert len(host.live()) == 1
    assert b"nfs soft,timeo=50,retrans=2,noatime,nofail 0 0" in host.read("/etc/fstab")
    assert await mounted.drift() == {}


async def test_another_order_of_the_options_is_no_change(host: Host, mounted: KeptMount) -> None:
    mounted.declare(options=["retrans=3", "timeo=150", "x-systemd.requires=network-online.target", "soft", "defaults"])
    assert await mounted.drift() == {}
    assert host.read("/etc/fstab").endswith(LINE)


async def test_another_export_is_mounted_in_place_of_the_first(host: Host, nas: Nas, mounted: KeptMount) -> None:
    mounted.declare(export=OTHER)
    await mounted.up()
    assert [line.split(" ")[0] for line in host.live()] == [f"10.0.0.150:{OTHER}"]
    host.ssh(f"touch {TARGET}/here")
    assert (nas.volumes[OTHER] / "here").exists()
    assert await mounted.drift() == {}


async def test_an_equal_line_and_mount_are_taken_over(host: Host, mount: KeptMount) -> None:
    host.ssh(f"mkdir -p {TARGET}; cat >> /etc/fstab; systemctl daemon-reload; mount {TARGET}", stdin=b"\n" + LINE)
    before, mounted = host.read("/etc/fstab"), host.live()
    await mount.lifecycle.create(mount.wanted, preview=False)
    assert mount.said == [f"NFS mount {TARGET}: exists already and is equal; taken over"]
    assert (host.read("/etc/fstab"), host.live()) == (before, mounted)
    assert "i" in host.beneath('lsattr -d "$dir"').split()[0]


async def test_an_import_finds_what_is_there(host: Host, mount: KeptMount) -> None:
    host.ssh(f"mkdir -p {TARGET}; cat >> /etc/fstab; systemctl daemon-reload; mount {TARGET}", stdin=b"\n" + LINE)
    assert mount.state == {}
    mount.declare(immutable=False)
    assert await mount.drift() == {}


async def test_delete_takes_everything_back_and_no_file_of_the_nas(host: Host, nas: Nas, mount: KeptMount) -> None:
    mount.declare(heal=True)
    await mount.up()
    host.ssh(f"mkdir -p {TARGET}/dump; echo archive > {TARGET}/dump/vzdump.vma.zst")
    await mount.destroy()
    assert host.live() == []
    assert host.read("/etc/fstab") == ORIGINAL
    assert host.ssh("ls /etc/systemd/system | grep homebackup || true") == ""
    assert "i" not in host.ssh(f"lsattr -d {TARGET}").split()[0]
    assert (nas.backups / "dump/vzdump.vma.zst").read_text() == "archive\n"
    await mount.destroy()
