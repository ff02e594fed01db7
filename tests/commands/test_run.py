"""`homebackup run` on the lab: a tier, a guest, everything; what refuses it, what fails in it, and who stops it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from homebackup.commands.backing_up import Way
from homebackup.commands.run import manual
from homebackup.world import running
from homebackup.world.errors import Refused
from tests.commands.begun_tasks import archives, at, begun, made, tasks
from tests.commands.living_site import DECLARED, DUMP, settle
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab

UNMOUNTED = "umount /mnt/nas-backups; ls -A /mnt/nas-backups"


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab as the stack's site, as after a `pulumi up`, at noon."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED
    settle(lab, wait=False)
    at(lab, "12:00")
    monkeypatch.setattr(running, "EVERY", 0.1)


@pytest.mark.parametrize("way", [{}, {"api": "https"}], ids=["ssh", "https"])
async def test_a_whole_tier(
    way: dict[str, str], stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.stored |= way
    before = archives(lab)
    assert await manual(stack, "p0", Way()) == 0
    assert made(lab, before) == [100, 102]
    out = capsys.readouterr().out
    (upid,) = [task["upid"] for task in tasks(lab)][:1]
    assert f"tier p0: task {upid} has begun" in out
    assert "guest 100 (home-assistant): backed up" in out
    assert "tier p0: 2 of 2 guests backed up" in out
    (notes,) = {lab.run(f"cat {DUMP}/{name}.notes") for name in set(archives(lab)) - set(before) if "-100-" in name}
    assert notes.strip() == "home-assistant of pve"
    assert lab.run("ls /run | grep homebackup || true") == ""
    entries = stack.journal()
    assert [entry.event for entry in entries] == ["begin", "end", "verdict"]
    assert entries[0].by == "homebackup run"
    assert entries[0].step.startswith("POST /nodes/pve/vzdump ")
    assert (entries[1].outcome, entries[2].said) == ("done", "2 of 2 guests backed up")


@pytest.mark.parametrize("what", ["103", "download-home"])
async def test_one_guest_with_its_jobs_settings(what: str, stack: PlayedStack, lab: Lab) -> None:
    lab.run("pvesh set /cluster/backup/backup-home-p1-daily --vmid 103,105 --bwlimit 5000")
    before = archives(lab)
    assert await manual(stack, what, Way()) == 0
    assert made(lab, before) == [103]
    (step,) = [entry.step for entry in stack.journal() if entry.event == "begin"]
    for setting in ("tmpdir=/var/tmp", "bwlimit=5000", "prune-backups=keep-last=3", "vmid=103", "storage=nas-backups"):
        assert f" {setting}" in step
    assert "schedule" not in step


async def test_everything_one_tier_after_the_other(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    before = archives(lab)
    assert await manual(stack, None, Way(quiet=True)) == 0
    assert made(lab, before) == [100, 101, 102, 103, 105]
    said = json.loads(capsys.readouterr().out)
    assert [(one["tier"], one["how"], one["status"]) for one in said["runs"]] == [
        (tier, "ended", "OK") for tier in ("p0", "p1", "p2")
    ]
    assert [guest["ok"] for one in said["runs"] for guest in one["guests"]] == [True] * 5
    assert said["unknown"] == []


@pytest.mark.parametrize(("tier", "broken", "fine", "code"), [("p0", 102, 100, 2), ("p2", 105, 101, 1)])
async def test_one_failing_guest_of_two(
    tier: str, broken: int, fine: int, code: int, stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run(f"rm -rf /var/lib/local-lvm/images/{broken} /var/lib/local-lvm/{broken}")
    if broken == 105:
        lab.run("pct set 105 --delete tags 2>/dev/null; rm /etc/pve/lxc/105.conf")
    before = archives(lab)
    assert await manual(stack, tier, Way()) == code
    assert made(lab, before) == [fine]
    out = capsys.readouterr().out
    assert f"guest {broken} ({DECLARED['guests'][str(broken)]['name']}): failed, " in out
    assert f"tier {tier}: 1 of 2 guests backed up" in out
    assert tasks(lab)[0]["status"] == "job errors"


async def test_a_window_refuses_and_anyway_overrules_it(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    at(lab, "09:30")
    before, ran = archives(lab), len(tasks(lab))
    assert await manual(stack, "p0", Way()) == 1
    said = capsys.readouterr().err
    assert "tier p0: it is 09:30 on the node, inside offsite sync (09:00 to 10:00); run it at 10:00 or later" in said
    assert (made(lab, before), len(tasks(lab))) == ([], ran)
    assert await manual(stack, "p0", Way(), anyway=True) == 0
    assert made(lab, before) == [100, 102]


@pytest.mark.parametrize("anyway", [False, True])
async def test_an_unmounted_storage_refuses_and_nothing_is_written(
    anyway: bool, stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run("pvesh set /storage/nas-backups --is_mountpoint 0")
    assert lab.run(UNMOUNTED) == ""
    ran = len(tasks(lab))
    assert await manual(stack, "p0", Way(), anyway=anyway) == 1
    assert "nothing is mounted at /mnt/nas-backups, so archives would fill the root disk" in capsys.readouterr().err
    assert lab.run("find /mnt/nas-backups -type f") == ""
    assert len(tasks(lab)) == ran
    assert stack.journal() == []


async def test_another_export_under_the_storage_refuses(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    other = "10.0.0.150:/volume1/backups/homeassistant_backups"
    lab.run(f"umount /mnt/nas-backups; mount -t nfs -o soft {other} /mnt/nas-backups")
    assert await manual(stack, "p0", Way()) == 1
    said = capsys.readouterr().err
    assert f"{other} (nfs" in said
    assert "instead of 10.0.0.150:/volume1/backups/proxmox_backups" in said
    assert "vzdump" not in lab.run("find /mnt/nas-backups")


async def test_a_storage_elsewhere_refuses(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.run("pvesh set /cluster/backup/backup-home-p0-daily --storage local")
    with pytest.raises(Refused, match="backup-home-p0-daily writes to storage local instead of storage nas-backups"):
        await manual(stack, "p0", Way())
    lab.run("pvesh delete /storage/nas-backups; mkdir -p /srv/x")
    lab.run("pvesh create /storage --storage nas-backups --type dir --path /srv/x --content backup")
    assert await manual(stack, "p1", Way()) == 1
    assert "storage nas-backups is at /srv/x instead of /mnt/nas-backups" in capsys.readouterr().err


async def test_a_nas_that_is_off_is_unknown(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.control("/patience", {"scale": 0.01})
    lab.control("/nas", {"power": "off"})
    ran = len(tasks(lab))
    assert await manual(stack, None, Way()) == 3
    said = capsys.readouterr().err
    assert "unknown: tier p0: the NAS 10.0.0.150 does not answer; switch it on and run this again" in said
    assert "not begun: p1, p2" in said
    assert len(tasks(lab)) == ran


async def test_a_nas_that_goes_away_in_the_middle(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.control("/pace", {"factor": 0.5})
    lab.control("/patience", {"scale": 0.01})
    before, ran = archives(lab), len(tasks(lab))
    run = asyncio.create_task(manual(stack, None, Way()))
    await begun(lab, ran)
    await asyncio.to_thread(lab.control, "/nas", {"power": "off"})
    assert await run == 2
    said = capsys.readouterr()
    assert "tier p0: 0 of 2 guests backed up" in said.out
    assert "unknown: tier p1: the NAS 10.0.0.150 does not answer" in said.err
    assert "not begun: p2" in said.err
    lab.control("/nas", {"power": "on"})
    assert made(lab, before) == []


async def test_another_vzdump_refuses_with_its_upid(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.control("/pace", {"factor": 1.0})
    ran = len(tasks(lab))
    assert await manual(stack, "p1", Way(detach=True)) == 0
    upid = await begun(lab, ran)
    said = capsys.readouterr().out
    assert f"it goes on on the node as {upid}; look with homebackup status, or stop it with pvesh delete" in said
    assert await manual(stack, "p0", Way()) == 1
    assert f"node pve: the vzdump task {upid} still runs there" in capsys.readouterr().err
    assert len(tasks(lab)) == ran + 1


@pytest.mark.parametrize("words", [[], ["p0", "--all"], ["--all", "--detach"]], ids=" ".join)
def test_what_makes_no_sense_is_a_usage_error(words: list[str], tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "homebackup.commands", "run", *words], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 64
    assert "Usage" in ran.stderr
