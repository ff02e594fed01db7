"""systemd of the simulated host: boots, services, timers by a clock that can be moved."""

import asyncio
from pathlib import Path

import pytest

from lab.node.systemd.escape import escape_path, unescape_path
from lab.node.systemd.running import words
from lab.node.systemd.unit import seconds
from tests.lab.house import LINE, TARGET, UNIT, House, house

SERVICE = """cat > /etc/systemd/system/heal.service <<'E'
[Unit]
Description=Mount the NAS when it answers
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'findmnt --mountpoint {target} >/dev/null || mount {target}; echo ran >> /var/log/heal'
E
cat > /etc/systemd/system/heal.timer <<'E'
[Timer]
{when}
[Install]
WantedBy=timers.target
E
systemctl daemon-reload
systemctl enable --now heal.timer 2>/dev/null
"""


async def runs(one: House) -> int:
    return (await one.run("cat /var/log/heal")).out.count("ran")


async def advance(one: House, by: float) -> None:
    one.machine.clock.set(one.machine.clock.now() + by)
    await one.machine.clock.settled()


async def test_boot_with_the_nas_off_is_degraded_and_not_retried(tmp_path: Path) -> None:
    async with house(tmp_path, on=False) as one:
        assert (await one.run(f"systemctl is-active '{UNIT}'")).out == "activating\n"
        await asyncio.sleep(0.3)
        assert (await one.run(f"systemctl is-active '{UNIT}'")).out == "failed\n"
        assert "Mounting timed out" in await one.out(f"journalctl -u '{UNIT}' --no-pager -o cat")
        assert (await one.run("systemctl is-system-running")).out == "degraded\n"
        one.nas.on = True
        await asyncio.sleep(0.1)
        assert (await one.run(f"systemctl is-active '{UNIT}'")).out == "failed\n"
        await one.out(f"mount {TARGET}")
        assert await one.out(f"systemctl is-active '{UNIT}'") == "active"


async def test_nofail_keeps_the_boot_whole(tmp_path: Path) -> None:
    async with house(tmp_path, LINE.replace("defaults", "defaults,nofail"), on=False) as one:
        await asyncio.sleep(0.3)
        assert "Before=remote-fs.target" not in await one.out(f"systemctl cat '{UNIT}'")
        assert await one.out("systemctl is-active remote-fs.target") == "active"


async def test_a_reboot_forgets_mounts_and_processes(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.out(f"mount -t tmpfs tmpfs /srv; touch /srv/gone /etc/stays {TARGET}/kept")
        before = await one.out("cat /proc/sys/kernel/random/boot_id")
        waiting = asyncio.create_task(one.run("sleep 1000"))
        await asyncio.sleep(0.05)
        await one.machine.halt()
        await one.machine.boot()
        assert waiting.done() or await asyncio.wait({waiting}, timeout=5)
        assert await one.out(f"ls /srv; ls /etc/stays {TARGET}") == f"/etc/stays\n\n{TARGET}:\nkept"
        assert await one.out("cat /proc/sys/kernel/random/boot_id") != before


@pytest.mark.parametrize(
    "when", ["OnBootSec=1min\nOnUnitActiveSec=1min", "OnActiveSec=60\nOnUnitActiveSec=60s", "OnCalendar=*:0/1"]
)
async def test_a_timer_runs_as_the_clock_moves(when: str, tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.run(SERVICE.format(target=TARGET, when=when))
        assert await runs(one) == 0
        for turn in (1, 2, 3):
            await advance(one, 61)
            assert await runs(one) == turn
        await advance(one, 3600)
        assert await runs(one) == 4
        assert "heal.timer" in await one.out("systemctl list-timers --no-pager")
        await one.run("systemctl disable --now heal.timer")
        await advance(one, 600)
        assert await runs(one) == 4


async def test_a_timer_mounts_again_after_an_outage_at_boot(tmp_path: Path) -> None:
    async with house(tmp_path, on=False) as one:
        await asyncio.sleep(0.3)
        await one.run(SERVICE.format(target=TARGET, when="OnBootSec=30\nOnUnitInactiveSec=60"))
        await advance(one, 31)
        assert (await one.run(f"findmnt --mountpoint {TARGET}")).code == 1
        one.nas.on = True
        await advance(one, 61)
        assert (await one.run(f"findmnt --mountpoint {TARGET}")).code == 0


async def test_an_enabled_timer_survives_a_reboot(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.run(SERVICE.format(target=TARGET, when="OnBootSec=1min\nOnUnitActiveSec=1min"))
        assert await one.out("systemctl is-enabled heal.timer; systemctl is-active heal.timer") == "enabled\nactive"
        await one.machine.halt()
        await one.machine.boot()
        await advance(one, 61)
        assert await runs(one) == 1


async def test_services_succeed_fail_and_are_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.out(
            "cd /etc/systemd/system; printf '[Service]\\nType=oneshot\\nExecStart=/bin/false\\n' > bad.service;"
            f"printf '[Unit]\\nAssertPathIsMountPoint={TARGET}\\n[Service]\\nType=oneshot\\n' > guard.service;"
            f"echo 'ExecStart=touch {TARGET}/x' >> guard.service;"
            "printf '[Service]\\nType=oneshot\\nExecStart=-/bin/false\\n' > good.service;"
            "echo 'ExecStart=/bin/echo \"two words\" $$x' >> good.service;"
            "systemctl daemon-reload"
        )
        bad = await one.run("systemctl start bad")
        assert (bad.code, "Job for bad.service failed." in bad.err) == (1, True)
        assert await one.out("systemctl show bad -p Result,ExecMainStatus --value") == "exit-code\n1"
        await one.out("systemctl start good guard")
        assert "two words $x" in await one.out("journalctl -u good -o cat")
        await one.out(f"rm {TARGET}/x; umount {TARGET}")
        assert (await one.run("systemctl start guard")).code == 1
        assert await one.out(f"ls {TARGET}") == ""
        missing = await one.run("systemctl start nope")
        assert (missing.code, missing.err) == (5, "Failed to start nope.service: Unit nope.service not found.\n")
        assert (await one.run("systemctl status nope")).code == 4


async def test_a_unit_changed_on_disk_waits_for_a_reload(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.out(
            "printf '[Service]\\nExecStart=/bin/true\\n' > /etc/systemd/system/a.service; systemctl daemon-reload"
        )
        assert await one.out("systemctl show a -p NeedDaemonReload,LoadState --value") == "loaded\nno"
        await one.out("echo '# changed' >> /etc/systemd/system/a.service")
        assert await one.out("systemctl show a -p NeedDaemonReload --value") == "yes"
        await one.out("rm /etc/systemd/system/a.service; systemctl daemon-reload")
        assert await one.out("systemctl show a -p LoadState --value") == "not-found"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/mnt/nas-backups", r"mnt-nas\x2dbackups"),
        ("/", "-"),
        ("/a//b/", "a-b"),
        ("/mnt/ü x", r"mnt-\xc3\xbc\x20x"),
        ("/.a", r"\x2ea"),
    ],
)
def test_escaping(path: str, name: str) -> None:
    assert escape_path(path) == name
    assert unescape_path(name) == "/" + path.strip("/").replace("//", "/")


@pytest.mark.parametrize(
    ("text", "value"), [("1min 30s", 90), ("2h", 7200), ("90", 90), ("500ms", 0.5), ("x", None), ("5 parsecs", None)]
)
def test_time_spans(text: str, value: float | None) -> None:
    assert seconds(text) == value


def test_exec_lines() -> None:
    assert words(r"""/bin/sh -c 'a "b" $$c' "d\"e" f\x20 %%""") == ["/bin/sh", "-c", 'a "b" $c', 'd"e', "f ", "%"]
