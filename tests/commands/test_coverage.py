"""`homebackup coverage` on the lab: who is backed up, who is not and why, and what lies about."""

from __future__ import annotations

import json
from typing import Any

import pytest

from homebackup.commands import coverage
from tests.commands.living_site import DECLARED, DUMP, settle
from tests.commands.stack import PlayedStack
from tests.commands.test_preflight import token
from tests.running_lab import Lab

NEW = "qm create 110 --name new-vm --memory 512 --scsi0 local-lvm:1"
GONE = "vzdump-qemu-999-2026_11_01-03_00_00"


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site, as after a `pulumi up`."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED
    settle(lab, wait=False)


async def read(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = await coverage._coverage(stack, as_json=True, exit_code=True)
    return code, json.loads(capsys.readouterr().out)


def covers(report: dict[str, Any]) -> dict[int, tuple[str, str]]:
    return {cover["vmid"]: (cover["state"], cover["said"]) for cover in report["guests"]}


async def test_everybody_is_covered(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = await read(stack, capsys)
    assert (code, report["unknown"], report["leftovers"]) == (0, [], [])
    assert covers(report) == dict.fromkeys((100, 101, 102, 103, 105), ("covered", ""))


@pytest.mark.parametrize("way", [{}, {"api": "https", "sshPort": "1"}])
async def test_a_new_guest_is_told_at_once(
    way: dict[str, str], stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.stored |= way
    lab.run(NEW)
    code, report = await read(stack, capsys)
    assert code == 1
    assert covers(report)[110] == (
        "uncovered",
        "only disabled jobs have it: backup-8e2d9b13-01fe; nobody declared it",
    )
    lab.run("pvesh create /cluster/backup --id everybody --schedule 05:00 --all 1 --storage local")
    code, report = await read(stack, capsys)
    assert code == 0
    assert covers(report)[110] == ("covered", "nobody declared it; job everybody takes it along")
    lab.run("qm destroy 110")
    code, report = await read(stack, capsys)
    assert 110 not in covers(report)


async def test_a_guest_in_a_disabled_job_is_not_covered_though_proxmox_says_so(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run("pvesh set /cluster/backup/backup-home-p0-daily --enabled 0")
    assert json.loads(lab.run("pvesh get /cluster/backup-info/not-backed-up --output-format json")) == []
    code, report = await read(stack, capsys)
    assert code == 2
    assert covers(report)[100][0] == "uncovered"
    assert "its job backup-home-p0-daily is disabled" in covers(report)[100][1]


async def test_a_pool_says_who_is_in_it(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.run(NEW)
    lab.run("pvesh create /pools --poolid home; pvesh set /pools/home --vms 110")
    lab.run("pvesh create /cluster/backup --id of-pool --schedule 05:00 --pool home --storage local")
    _, report = await read(stack, capsys)
    assert covers(report)[110][0] == "covered"
    assert covers(report)[100][0] == "covered"
    assert [cover["jobs"] for cover in report["guests"] if cover["vmid"] == 110] == [["of-pool"]]


async def test_disks_that_are_left_out(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.run("qm set 100 --scsi1 local-lvm:1,backup=0")
    lab.run("qm set 102 --scsi0 local-lvm:102/vm-102-disk-0.raw,size=8M,backup=0")
    lab.run("pct set 103 --mp0 local-lvm:1,mp=/data")
    code, report = await read(stack, capsys)
    assert code == 2
    assert covers(report)[100] == ("partly", "not all of its disks are backed up: scsi1 (backup=no)")
    assert covers(report)[102] == ("uncovered", "none of its disks is backed up: scsi0 (backup=no)")
    assert covers(report)[103] == ("partly", "not all of its disks are backed up: mp0 (disabled)")
    exemptions = {"100/scsi1": "a cache", "102/scsi0": "a test", "103/mp0": "downloads", "103/mp7": "there is none"}
    stack.declared = {**DECLARED, "exemptions": exemptions}
    code, report = await read(stack, capsys)
    assert code == 0
    assert [covers(report)[vmid] for vmid in (100, 102, 103)] == [
        ("covered", "without scsi1: a cache"),
        ("covered", "without scsi0: a test"),
        ("covered", "without mp0: downloads"),
    ]


async def test_exempt_and_deferred_guests_have_a_reason(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run(NEW)
    stack.declared = {**DECLARED, "exemptions": {"110": "only a playground"}}
    code, report = await read(stack, capsys)
    assert code == 0
    assert covers(report)[110] == ("exempt", "only a playground")


async def test_what_lies_about_is_listed_with_bytes(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run(
        f"""cd {DUMP}
        truncate -s 5000 {GONE}.vma.zst; touch {GONE}.vma.zst.protected
        truncate -s 3000 vzdump-qemu-100-2026_11_01-03_00_00.vma.dat
        truncate -s 100 vzdump-qemu-100-2026_11_02-03_00_00.log
        mkdir vzdump-lxc-103-2026_11_01-03_15_00.tmp
        truncate -s 700 vzdump-lxc-103-2026_11_01-03_15_00.tmp/data
        touch -d 2026-11-01 vzdump-* vzdump-*/*; touch -d 2026-11-01 "$(printf 'a\\nb')" """
    )
    code, report = await read(stack, capsys)
    assert code == 0
    found = {waste["name"]: (waste["why"], waste["vmid"], waste["protected"]) for waste in report["leftovers"]}
    assert found == {
        f"{GONE}.vma.zst": ("deleted guest", 999, True),
        "vzdump-qemu-100-2026_11_01-03_00_00.vma.dat": ("unfinished", 100, False),
        "vzdump-qemu-100-2026_11_02-03_00_00.log": ("log without archive", 100, False),
        "vzdump-lxc-103-2026_11_01-03_15_00.tmp": ("temporary", 103, False),
        "a\nb": ("name of its own", None, False),
    }
    sizes = {waste["why"]: waste["size"] for waste in report["leftovers"]}
    assert (sizes["deleted guest"], sizes["unfinished"]) == (5000, 3000)
    assert sizes["temporary"] >= 700
    await coverage._coverage(stack, as_json=False, exit_code=False)
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert "Left over: 5 files that serve nobody" in text
    assert "a\ufffdb" in text


async def test_a_missing_privilege_is_named(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    rights = token(lab, "pveum acl modify /nodes --users auditor@pve --roles PVEAuditor")
    stack.stored |= rights | {"sshPort": "1"}
    code, report = await read(stack, capsys)
    assert code == 3
    assert {state for state, _ in covers(report).values()} == {"unknown"}
    lab.run("pveum role add Jobs --privs Sys.Audit; pveum acl modify / --users auditor@pve --roles Jobs")
    code, report = await read(stack, capsys)
    assert code == 3
    assert any("VM.Audit on /vms is missing" in said for said in report["unknown"])
