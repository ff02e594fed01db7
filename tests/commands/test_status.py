"""`homebackup status` on the lab: what the owner reads, the exit codes, and what it asks of the host."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from homebackup.commands import coverage, report, status
from homebackup.model.backups.verification import Verified
from homebackup.world.verified import keep, place
from tests.commands.living_site import DECLARED, DUMP, settle
from tests.commands.stack import PlayedStack
from tests.commands.test_preflight import token
from tests.running_lab import Lab

WAYS = {"ssh": {}, "both": {"api": "https"}, "https": {"api": "https", "sshPort": "1"}}
"""How the site is seen, and the configuration that makes it so; nobody listens on port 1."""


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED


async def read(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = await status._status(stack, as_json=True, exit_code=True)
    return code, json.loads(capsys.readouterr().out)


async def shown(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> str:
    await status._status(stack, as_json=False, exit_code=True)
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    return text


def states(report: dict[str, Any]) -> dict[int, str]:
    return {verdict["vmid"]: verdict["state"] for verdict in report["verdicts"] if verdict["kind"] == "guest"}


def newest(lab: Lab, vmid: int) -> str:
    return lab.run(f"ls {DUMP} | grep -E 'vzdump-[a-z]+-{vmid}-.*(vma|tar).zst$' | tail -n 1").strip()


@pytest.mark.parametrize("way", WAYS)
async def test_all_is_well(way: str, stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    settle(lab)
    stack.stored |= WAYS[way]
    code, report = await read(stack, capsys)
    assert (code, report["worst"], report["way"], report["unknown"]) == (0, "well", way, [])
    assert states(report) == dict.fromkeys((100, 102, 103, 101, 105), "OK")
    first = report["verdicts"][0]
    assert (first["tier"], first["job"], first["critical"]) == ("p0", "backup-home-p0-daily", True)
    assert first["archive"] == newest(lab, 100)
    assert first["notes"] == "home-assistant of pve"
    assert (first["last_run"], first["missed"]) == ("ok", 0)
    assert first["next_run"] - first["newest"] == 86400
    assert report["zone"] == "Europe/Vienna"


async def test_two_round_trips_over_ssh(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    settle(lab)
    await read(stack, capsys)
    asked = lab.requests()
    assert [request["kind"] for request in asked] == ["ssh", "ssh"]


async def test_the_nas_is_off(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    settle(lab)
    lab.control("/nas", {"power": "off"})
    began = time.monotonic()
    code, report = await read(stack, capsys)
    assert time.monotonic() - began < 10
    assert (code, report["worst"]) == (3, "unknown")
    assert set(states(report).values()) == {"UNKNOWN"}
    text = await shown(stack, capsys)
    assert "why: the NAS 10.0.0.150 does not answer" in text
    assert "8 verdicts: 6 UNKNOWN, 2 DEFERRED" in text


@pytest.mark.parametrize("way", ["ssh", "https"])
async def test_what_is_broken_is_found(
    way: str, stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    stack.stored |= WAYS[way]
    lab.run(f"truncate -s 0 {DUMP}/{newest(lab, 100)}")
    lab.run(f"rm {DUMP}/vzdump-qemu-102-*; pvesh set /cluster/backup/backup-home-p1-daily --enabled 0")
    code, report = await read(stack, capsys)
    assert code == 2
    assert await status._status(stack, as_json=True, exit_code=False) == 0
    capsys.readouterr()
    assert states(report) == {100: "BROKEN", 102: "STALE", 103: "UNPROTECTED", 101: "OK", 105: "OK"}
    text = await shown(stack, capsys)
    assert text.index("BROKEN, critical: 100 home-assistant") < text.index("UNPROTECTED: 103 download-home")
    assert "its job backup-home-p1-daily is disabled" in text
    assert "homebackup run 100" in " ".join(text.split())


async def test_a_failed_run_says_why(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    settle(lab)
    lab.run(f"pvesh set /cluster/backup/backup-home-p1-daily --delete tmpdir; chmod 0700 {DUMP}")
    lab.control("/clock", {"advance": 86400})
    code, report = await read(stack, capsys)
    assert code == 1
    (failed,) = [verdict for verdict in report["verdicts"] if verdict["state"] == "FAILED" and not verdict["same"]]
    assert failed["vmid"] == 103
    assert "lxc-usernsexec" in failed["said"]
    assert failed["remedy"].startswith("give its tier tmpdir: /var/tmp and run pulumi up")


async def test_an_outage_is_counted(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    settle(lab)
    lab.control("/nas", {"power": "off"})
    lab.control("/clock", {"advance": 2 * 86400})
    lab.control("/nas", {"power": "on"})
    code, report = await read(stack, capsys)
    assert code == 2
    first = report["verdicts"][0]
    assert (first["state"], first["missed"]) == ("FAILED", 2)
    lab.control("/clock", {"advance": 86400})
    assert (await read(stack, capsys))[0] == 0


async def test_an_auditor_is_told_which_privilege_is_missing(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    rights = token(lab, "pveum acl modify / --users auditor@pve --roles PVEAuditor")
    stack.stored |= rights | {"sshPort": "1"}
    code, report = await read(stack, capsys)
    assert code == 3
    assert set(states(report).values()) == {"UNKNOWN"}
    assert {verdict["said"] for verdict in report["verdicts"] if verdict["kind"] == "guest"} == {
        "the archives in storage nas-backups are hidden, because Datastore.AllocateSpace on /storage/nas-backups"
        " is missing"
    }


async def test_somebody_without_any_privilege(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    settle(lab)
    stack.stored |= token(lab) | {"sshPort": "1"}
    code, report = await read(stack, capsys)
    assert code == 3
    assert all("Sys.Audit" in verdict["said"] for verdict in report["verdicts"] if verdict["kind"] == "guest")


async def test_what_is_not_seen_is_in_the_exit_code_beside_what_is_critical(stack: PlayedStack, lab: Lab) -> None:
    settle(lab)
    lab.run("pvesh set /cluster/backup/backup-home-p0-daily --enabled 0")
    lab.control("/nas", {"power": "off"})
    assert await status._status(stack, as_json=True, exit_code=True) == 2
    for told in (
        status._status(stack, as_json=True, exit_code=False),
        coverage._coverage(stack, as_json=True, exit_code=False),
        report._report(stack, {}, exit_code=False),
    ):
        assert await told == 3


async def test_a_host_that_is_away(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    stack.stored |= {"sshPort": "1"}
    code, report = await read(stack, capsys)
    assert code == 3
    assert set(states(report).values()) == {"UNKNOWN"}
    assert await status._status(stack, as_json=False, exit_code=False) == 3


async def test_hostile_names_do_nothing(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    settle(lab)
    lab.run(
        f"""cd {DUMP}
        touch "$(printf 'a\\nb')" "it's" 'say "hi"' '$(reboot)' '-rf' 'vzdump-qemu-100-2030_01_01-00_00_00.vma.zst'
        touch "$(printf 'vzdump-qemu-100-2026_01_01-00_00_00.vma.zst\\n')" "$(printf '\\033[31mred')" 'ü∂'
        ln -s /etc/shadow vzdump-qemu-100-2026_12_31-00_00_00.vma.zst
        ln -s /etc/shadow {newest(lab, 102)}.notes.2
        mkdir vzdump-qemu-102-2026_11_01-00_00_00.tmp
        echo 12345 > vzdump-qemu-102-2026_11_01-00_00_00.tmp/qemu-server.conf"""
    )
    lab.run(f"rm {DUMP}/{newest(lab, 102)}.notes; ln -s /etc/shadow {DUMP}/{newest(lab, 102)}.notes")
    code, report = await read(stack, capsys)
    assert code == 0
    assert set(states(report).values()) == {"OK"}
    assert report["verdicts"][1]["notes"] == ""
    assert "\033" not in await shown(stack, capsys)


async def test_an_app_is_judged_by_its_files(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    settle(lab)
    code, report = await read(stack, capsys)
    elsewhere = next(verdict for verdict in report["verdicts"] if verdict["name"] == "app home-assistant")
    assert (code, elsewhere["state"], elsewhere["counted"]) == (0, "UNKNOWN", False)
    app = DECLARED["apps"]["home-assistant"] | {"host": "pve", "path": "/var/backups/ha"}
    stack.declared = {**DECLARED, "apps": {"home-assistant": app}}
    steps = {
        "mkdir -p /var/backups/ha": "STALE",
        "truncate -s 9000 /var/backups/ha/Automatic_backup_1.tar; touch -d '-3 days' /var/backups/ha/*": "STALE",
        "truncate -s 9000 /var/backups/ha/Automatic_backup_2.tar; touch -d '-1 day' /var/backups/ha/*_2.tar": "OK",
        "truncate -s 9000 /var/backups/ha/other.tar": "OK",
        "truncate -s 900 /var/backups/ha/Automatic_backup_3.tar; touch -d '-1 hour' /var/backups/ha/*_3.tar": "BROKEN",
        "truncate -s 0 /var/backups/ha/Automatic_backup_3.tar; touch -d '-1 hour' /var/backups/ha/*_3.tar": "BROKEN",
    }
    for step, state in steps.items():
        lab.run(step)
        code, report = await read(stack, capsys)
        assert report["verdicts"][-1]["state"] == state, step
        assert code == (0 if state == "OK" else 2)


async def test_a_job_that_was_just_changed_is_not_late(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    patient = {name: guest | {"stale-after-hours": 999} for name, guest in DECLARED["guests"].items()}
    stack.declared = {**DECLARED, "guests": patient}
    lab.run("pvesh set /cluster/backup/backup-home-p0-daily --enabled 0")
    lab.control("/clock", {"advance": 3 * 86400})
    lab.run("pvesh set /cluster/backup/backup-home-p0-daily --enabled 1")
    lab.run("pvesh set /cluster/backup/backup-home-p1-daily --schedule 11:30")
    lab.run("pvesh delete /cluster/backup/backup-home-p2-weekly")
    lab.run(
        "pvesh create /cluster/backup --id backup-home-p2-weekly --schedule 08:00 --vmid 101,105 --storage nas-backups"
    )
    assert states((await read(stack, capsys))[1]) == dict.fromkeys((100, 102, 103, 101, 105), "OK")
    stack.stored |= WAYS["https"]
    _, report = await read(stack, capsys)
    late = {verdict["vmid"]: verdict["said"] for verdict in report["verdicts"] if verdict["state"] == "LATE"}
    assert set(late) >= {100, 102}, "over https nobody tells that the job was changed, and that is said"
    assert all("unless its job was changed since" in said for said in late.values())
    stack.stored = {"lab": str(lab.ready)}
    lab.control("/nas", {"power": "off"})
    lab.control("/clock", {"advance": 86400})
    lab.control("/nas", {"power": "on"})
    _, report = await read(stack, capsys)
    assert states(report)[100] == "FAILED", "from its next run on it counts"


async def test_what_was_verified_is_told_and_rotten_archives_do_not_count(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    _, report = await read(stack, capsys)
    first, second = report["verdicts"][:2]
    assert (first["verified"], first["depth"]) == (None, "")
    results = [
        Verified("nas-backups", v["archive"], v["size"], None, "deep", state, said, "a", "b", report["now"] - 7200)
        for v, state, said in ((first, "bad", "zstd: checksum error"), (second, "good", ""))
    ]
    await keep(place(stack.folder), results)
    code, report = await read(stack, capsys)
    assert code == 2
    first, second = report["verdicts"][:2]
    assert (first["state"], second["state"]) == ("BROKEN", "OK")
    assert "did not pass the deep check" in first["said"]
    assert (second["verified"], second["depth"]) == (int(results[1].time), "deep")
    assert "read to its end and found good 2 h ago" in second["said"]
    assert "verified: 1 of 5 newest archives, 1 to their end" in await shown(stack, capsys)
    assert [verdict["same"] for verdict in report["verdicts"] if verdict["kind"] == "entry"] == [True] * 6
    place(stack.folder).unlink()
    place(stack.folder).mkdir()
    code, report = await read(stack, capsys)
    assert "cannot be read" in report["unknown"][0]
