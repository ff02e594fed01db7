"""`homebackup drill` on the lab: guests that live again for a moment, and what is never touched."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer

from homebackup.assess.coverage import coverage
from homebackup.assess.guest import verdicts
from homebackup.assess.verdict import Verdict
from homebackup.commands import drill as drill_verb
from homebackup.commands import spare
from homebackup.commands.drill import Drills
from homebackup.commands.ending import Ended
from homebackup.commands.status import looked
from homebackup.model.backups.drill import Drilled
from homebackup.model.receipts import markdown, receipts
from homebackup.world import drilled, running
from homebackup.world.errors import Missing, Refused
from homebackup.world.stack import Stack
from tests.commands.begun_tasks import at
from tests.commands.living_site import DECLARED, DUMP, settle
from tests.commands.stack import PlayedStack
from tests.commands.test_restore import GUESTS, WAYS, left
from tests.commands.test_restore_broken import first
from tests.commands.test_restore_plan import config, newest
from tests.running_lab import Lab

ACTIVE = "pvesh get /nodes/pve/tasks --source active --output-format json | grep RUNNING || echo none"
POWER = "qm status 9100 2>&1 || true"
SITE: Any = DECLARED | {"drill": {"vmids": "9100-9109", "storage": "local-lvm"}}


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab as the stack's site at noon, with archives of some days, and nobody who waits long."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, SITE
    monkeypatch.setattr(running, "EVERY", 0.1)
    monkeypatch.setattr(spare, "EVERY", 0.1)
    monkeypatch.setattr(spare, "STEADY", 0.5)
    lab.run("qm set 102 --agent 1")
    settle(lab)
    at(lab, "12:00")


def kept(stack: PlayedStack) -> list[Drilled]:
    return drilled.results(drilled.place(stack.folder))


def written(lab: Lab) -> list[str]:
    """Every request that changed something, over https and over ssh."""
    asked = [
        f"{entry.get('method', '')} {entry.get('path', '')} {entry.get('command', '')}" for entry in lab.requests()
    ]
    return [one for one in asked if re.search(r"^(POST|PUT|DELETE) |pvesh (create|set|delete)|pct|qm ", one)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", GUESTS)
async def test_a_guest_lives_again_for_a_moment(
    kind: str, way: str, stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    vmid, _, name, _ = GUESTS[kind]
    stack.stored |= WAYS[way]
    before = left(lab)
    lab.forget()
    assert await Drills().of(stack, name) == 0
    archive = newest(lab, vmid)
    said = capsys.readouterr().out
    assert f"{vmid} {name}: restoring {archive} as 9100 for a drill; Ctrl-C stops it" in said
    how = "its guest agent answered" if kind == "vm" else "it ran a command"
    assert f"{vmid} {name}: good, {archive} was restored as 9100 and {how} 0 s after it was started; " in said
    (result,) = kept(stack)
    size = int(lab.run(f"stat -c %s {DUMP}/{archive}"))
    assert (result.vmid, result.spare, result.archive, result.bytes, result.ok) == (vmid, 9100, archive, size, True)
    assert 0 <= result.seconds < 60
    asked = written(lab)
    assert left(lab) == before
    assert any("9100" in one for one in asked)
    assert [one for one in asked if re.search(r"(qemu|lxc)/(?!9100)\d|qm \w+ (?!9100)|pct \w+ (?!9100)\d", one)] == []
    (receipt,) = receipts(stack.journal())
    told = markdown(receipt, None)
    assert f"name=drill-{vmid}-{name}" in told
    assert "link_down=1" in told
    assert "tags=homebackup-drill" in told
    assert told.index("onboot=0") < told.index("/9100/status/start") < told.index("/9100/status/stop")
    assert "destroy-unreferenced-disks=0 purge=0" in told


async def test_what_it_would_use_of_the_host_is_taken_away_before_it_starts(
    stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.run(
        "qm set 102 --hostpci0 0000:01:00.0 --usb0 host=1-2 --serial0 socket --serial1 /dev/ttyUSB0 --protection 1"
        " --onboot 1 && vzdump 102 --storage nas-backups --compress zstd"
        "; qm set 102 --delete hostpci0,usb0,serial1,protection"
    )
    lab.run("pct set 105 --dev0 /dev/dri/renderD128 --mp0 /srv/data,mp=/data")
    lab.run("vzdump 105 --storage nas-backups --compress zstd; pct set 105 --delete mp0,dev0")
    before, seen = left(lab), []
    start = spare.Spare.start

    async def looked_at(self: spare.Spare) -> str:
        seen.append(config(lab, "qm" if "VM" in self.subject else "pct", 9100))
        return await start(self)

    monkeypatch.setattr(spare.Spare, "start", looked_at)
    assert [await Drills().of(stack, vmid) for vmid in ("102", "105")] == [0, 0]
    machine, container = seen
    for found in seen:
        assert found["net0"].endswith(",link_down=1")
        assert (found["onboot"], found["tags"]) == ("0", "homebackup-drill")
    assert {"hostpci0", "usb0", "serial1"} & machine.keys() == set()
    assert (machine["serial0"], machine["name"]) == ("socket", "drill-102-vaultwarden")
    assert {"dev0", "mp0"} & container.keys() == set()
    assert container["hostname"] == "drill-105-pihole-home"
    assert left(lab) == before


def cut(lab: Lab, vmid: int) -> str:
    file = f"{DUMP}/{newest(lab, vmid)}"
    lab.run(f"cp {file} /root/whole; truncate -s $(( $(stat -c %s {file}) - 9 )) {file}")
    return file


@pytest.mark.parametrize("kind", GUESTS)
async def test_a_truncated_archive_fails_and_the_status_says_so(
    kind: str, stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    vmid, _, name, _ = GUESTS[kind]
    bad = newest(lab, vmid)
    cut(lab, vmid)
    assert await Drills().of(stack, name) == (2 if kind == "vm" else 1)
    said = capsys.readouterr().out
    assert f"{vmid} {name}: failed, {bad} did not pass the drill: its end is missing: it was cut short" in said
    failed, *passed = kept(stack)
    assert (failed.archive, failed.spare, failed.ok) == (bad, 0, False)
    verdict = await judged(stack, vmid)
    assert (verdict.state, verdict.drill) == ("BROKEN", "ok" if passed else "failed")
    assert [one.archive for one in passed if one.ok and one.spare == 9100] == (
        [verdict.archive] if kind == "vm" else []
    )
    assert (f"{vmid} {name}: good, vzdump-" in said) is (kind == "vm")


async def judged(stack: PlayedStack, vmid: int) -> Verdict:
    declared = await Stack.of(stack)
    facts = await looked(declared)
    return next(one for one in verdicts(declared.site, facts, coverage(declared.site, facts)) if one.vmid == vmid)


@pytest.mark.parametrize("kind", GUESTS)
async def test_one_that_only_the_restore_finds_broken_fails(
    kind: str, stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    vmid, _, name, _ = GUESTS[kind]
    before, bad = left(lab), newest(lab, vmid)
    first(monkeypatch, lambda: cut(lab, vmid))
    assert await Drills().of(stack, name) == (2 if kind == "vm" else 1)
    (result,) = kept(stack)
    assert (result.archive, result.spare, result.ok) == (bad, 9100, False)
    assert result.said.startswith("Proxmox VE did not restore it: ")
    assert left(lab) == before
    lab.run(f"cp /root/whole {DUMP}/{bad}")
    verdict = await judged(stack, vmid)
    assert (verdict.state, verdict.drill) == ("BROKEN", "failed")
    assert re.match(f"its newest archive {re.escape(bad)} did not pass the drill of .*: Proxmox VE", verdict.said)
    assert await Drills().of(stack, name) == 0
    verdict = await judged(stack, vmid)
    assert (verdict.state, verdict.drill, verdict.archive) == ("OK", "ok", bad)
    assert verdict.said.endswith(", restored in a drill a minute ago")


async def test_a_guest_that_does_not_answer_fails(
    stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.stored |= WAYS["https"]
    monkeypatch.setattr(spare, "ANSWERING", 1.0)
    before = left(lab)
    silent = {"on": "api", "method": "POST", "path": "*/agent/ping", "effect": "status", "status": 500, "times": -1}
    lab.control("/faults", {**silent, "message": "QEMU guest agent is not running"})
    assert await Drills().of(stack, "102") == 2
    assert kept(stack)[0].said == "it did not answer within 1 s"
    assert left(lab) == before


async def test_one_that_does_not_stay_up_fails(stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    start = spare.Spare.start

    async def then_dies(self: spare.Spare) -> str:
        status = await start(self)
        lab.run("qm stop 9100")
        return status

    before = left(lab)
    monkeypatch.setattr(spare.Spare, "start", then_dies)
    assert await Drills().of(stack, "102") == 2
    assert kept(stack)[0].said == "it stopped again 0 s after it was started"
    assert left(lab) == before


async def test_a_machine_without_an_agent_has_to_stay_up(stack: PlayedStack, lab: Lab) -> None:
    assert await Drills().of(stack, "100") == 0
    assert re.match("it still ran [01] s after it was started, and has no guest agent", kept(stack)[0].said)


async def test_turns_and_all(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    turns = []
    for _ in range(6):
        assert await Drills().of(stack) == 0
        turns.append(kept(stack)[-1].vmid)
    assert turns == [100, 102, 101, 103, 105, 100]
    assert await Drills(everything=True).of(stack) == 0
    assert sorted(one.vmid for one in kept(stack)[6:]) == [100, 101, 102, 103, 105]


async def test_what_cannot_be_drilled_is_said(stack: PlayedStack, lab: Lab) -> None:
    with pytest.raises(Missing, match="the site has none of that VMID or name"):
        await Drills().of(stack, "'; touch /pwned; '")
    stack.declared = {key: value for key, value in SITE.items() if key != "drill"}
    with pytest.raises(Refused, match="site home: it reserves no spare guests for drills; write drill"):
        await Drills().of(stack, "102")
    stack.declared = SITE
    lab.run(f"rm {DUMP}/*-102-*")
    with pytest.raises(Missing, match="guest 102 vaultwarden: there is no archive of it"):
        await Drills().of(stack, "102")
    lab.run(f"rm {DUMP}/*")
    with pytest.raises(Missing, match="site home: there is no archive of any guest"):
        await Drills().of(stack)


def test_the_verb_ends_with_its_code(
    stack: PlayedStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(drill_verb, "PulumiCli", lambda folder, name: stack)
    for options, code in (({"guest": "105"}, 0), ({"turn": True}, 0), ({"clean": True}, 0), ({"guest": "x"}, 1)):
        with pytest.raises(Ended) as ended:
            drill_verb.verb(**options)
        assert ended.value.code == code
    with pytest.raises(typer.BadParameter, match="name a guest, or use one of --all, --next and --clean"):
        drill_verb.verb()


@pytest.mark.parametrize("everything", [False, True], ids=["next", "all"])
async def test_a_guest_that_cannot_be_drilled_keeps_no_other_from_its_turn(
    everything: bool, stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run("qm set 100 --memory 15000 && vzdump 100 --storage nas-backups --compress zstd")
    before = left(lab)
    assert await Drills(everything=everything).of(stack) == (1 if everything else 0)
    assert "VM 9100: it has 14.6 GiB of memory, and " in capsys.readouterr().err
    assert [one.vmid for one in kept(stack)] == ([102, 101, 103, 105] if everything else [102])
    assert left(lab) == before
