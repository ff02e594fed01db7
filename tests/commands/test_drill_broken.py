"""A `homebackup drill` that must not begin, is stopped or is killed: a sentence, and nothing left or else touched."""

from __future__ import annotations

import asyncio
import re
import subprocess
from typing import Any

import pytest

from homebackup.commands import spare
from homebackup.commands.drill import Drills
from homebackup.commands.restoring import Restoring
from homebackup.model.backups import guest_config
from homebackup.world import beside
from homebackup.world.errors import Busy, Refused, Unreachable
from tests.commands.begun_tasks import at, until
from tests.commands.stack import PlayedStack
from tests.commands.test_drill import cut, kept, reached
from tests.commands.test_restore import GUESTS, WAYS, guests, left
from tests.commands.test_restore_broken import first
from tests.commands.test_run_interrupted import homebackup, project
from tests.running_lab import Lab

ACTIVE = "pvesh get /nodes/pve/tasks --source active --output-format json | grep RUNNING || echo none"
POWER = "qm status 9100 2>&1 || true"

__all__ = ["reached"]


async def test_vmids_in_use_are_passed_over_and_nothing_there_is_touched(stack: PlayedStack, lab: Lab) -> None:
    lab.run("qm create 9100 --name drill-mine --memory 512; qm create 9101 --tags homebackup-drill --memory 512")
    before = left(lab)
    assert await Drills().of(stack, "102") == 0
    assert kept(stack)[0].spare == 9102
    for vmid in range(9102, 9110):
        lab.run(f"qm create {vmid} --memory 512")
    with pytest.raises(Refused, match="all VMIDs from 9100 to 9109 are in use; reserve others, or remove guests"):
        await Drills().of(stack, "102")
    for vmid in range(9102, 9110):
        lab.run(f"qm destroy {vmid}")
    assert left(lab) == before


async def test_what_an_earlier_drill_left_is_removed_and_nothing_else(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = left(lab)

    async def killed(self: spare.Spare, known: object = ()) -> bool:
        return False

    with monkeypatch.context() as gone:
        gone.setattr(spare.Spare, "remove", killed)
        assert await Drills().of(stack, "102") == 0
        assert await Drills().of(stack, "105") == 0
    assert {"9100", "9101"} <= guests(lab)
    assert "running" in lab.run("qm status 9100")
    lab.run("qm create 9102 --name drill-mine --memory 512; qm create 9200 --name drill-x --tags homebackup-drill")
    capsys.readouterr()
    assert await Drills(clean=True).of(stack) == 0
    said = "removed, left behind by an earlier drill: VM 9100 drill-102-vaultwarden, CT 9101 drill-105-pihole-home\n"
    assert capsys.readouterr().out == said
    assert {"9102", "9200"} <= guests(lab)
    lab.run("qm destroy 9102; qm destroy 9200")
    assert left(lab) == before
    assert await Drills(clean=True).of(stack) == 0
    assert capsys.readouterr().out == ""


async def test_no_drill_begins_while_something_else_needs_the_nas(stack: PlayedStack, lab: Lab) -> None:
    before = left(lab)
    for time, said in (
        ("09:30", r"it is 09:30 on the node, and offsite sync is from 09:00 to 10:00; run it at 10:00 or later"),
        ("08:55", r"it is 08:55 on the node, and offsite sync is from 09:00 to 10:00"),
        (
            "03:06",
            r"it is 03:06 on the node, and the run of p1 \(backup-home-p1-daily\) is from 03:15 to",
        ),
    ):
        at(lab, time)
        with pytest.raises(Refused, match=said):
            await Drills().of(stack, "102")
    at(lab, "12:00")
    lab.control("/pace", {"factor": 5.0})
    lab.run("pvesh create /nodes/pve/vzdump --vmid 103 --storage nas-backups --compress zstd >/dev/null &")
    with pytest.raises(Refused, match=r"the vzdump task UPID:pve:.* still runs on node pve; wait until it has ended"):
        await Drills().of(stack, "102")
    lab.control("/pace", {"factor": 0})
    assert "9100" not in guests(lab)
    assert before.split("[")[-1] == left(lab).split("[")[-1]
    assert kept(stack) == []


async def test_without_a_fifth_more_room_than_it_needs_nothing_is_begun(stack: PlayedStack, lab: Lab) -> None:
    lab.control("/disk", {"free": 9 << 20})
    before = left(lab)
    with pytest.raises(Refused, match=r"VM 9100: it may come to need 9.6 MiB on storage local-lvm, and 9.0 MiB are"):
        await Drills().of(stack, "102")
    assert left(lab) == before
    assert kept(stack) == []
    lab.control("/disk", {"free": 12 << 20})
    assert await Drills().of(stack, "102") == 0


async def test_without_memory_for_it_nothing_is_begun(stack: PlayedStack, lab: Lab) -> None:
    lab.run("qm set 102 --memory 10000 && vzdump 102 --storage nas-backups --compress zstd")
    before = left(lab)
    with pytest.raises(
        Refused, match=r"VM 9100: it has 9.8 GiB of memory, and 10.7 GiB are free on node pve; run this"
    ):
        await Drills().of(stack, "102")
    assert left(lab) == before
    assert kept(stack) == []


async def test_a_nas_that_is_off_is_unknown(stack: PlayedStack, lab: Lab) -> None:
    before = left(lab)
    lab.control("/nas", {"power": "off"})
    for drills, named in ((Drills(), "102"), (Drills(), None), (Drills(everything=True), None)):
        with pytest.raises(Unreachable, match=r"the NAS 10.0.0.150 does not answer"):
            await drills.of(stack, named)
    lab.control("/nas", {"power": "on"})
    assert left(lab) == before
    assert kept(stack) == []


async def test_one_drill_at_a_time(stack: PlayedStack, lab: Lab) -> None:
    lab.control("/pace", {"factor": 20.0})
    before = left(lab)
    async with asyncio.TaskGroup() as both:
        one = both.create_task(Drills().of(stack, "102"))
        await until(lab, ACTIVE, "qmrestore")
        with pytest.raises(Busy, match="another drill of this project runs; wait until it has ended"):
            await Drills().of(stack, "105")
        one.cancel()
    assert left(lab) == before


@pytest.mark.parametrize("kind", GUESTS)
@pytest.mark.parametrize("way", WAYS)
async def test_ctrl_c_in_the_middle_leaves_nothing(
    way: str, kind: str, stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    vmid, _, name, _ = GUESTS[kind]
    stack.stored |= WAYS[way]
    lab.control("/pace", {"factor": 20.0})
    before = left(lab)
    run = asyncio.create_task(Drills().of(stack, name))
    await until(lab, ACTIVE, "qmrestore" if kind == "vm" else "vzrestore")
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert "stopped; what the drill had made was removed\n" in capsys.readouterr().err
    assert left(lab) == before
    assert kept(stack) == []
    lab.control("/pace", {"factor": 0})
    assert await Drills().of(stack, str(vmid)) == 0


async def test_ctrl_c_while_it_waits_for_an_answer_leaves_nothing(
    stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spare, "STEADY", 500.0)
    before = left(lab)
    run = asyncio.create_task(Drills().of(stack, "100"))
    await until(lab, POWER, "running")
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert left(lab) == before


@pytest.mark.parametrize("kind", GUESTS)
async def test_a_nas_that_goes_away_in_the_middle_tells_nothing_of_the_archive(
    kind: str, stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = left(lab)
    lab.control("/pace", {"factor": 0.5})
    begin = beside.begin

    async def then_off(*words: Any) -> str:
        upid = await begin(*words)
        await asyncio.to_thread(lab.control, "/nas", {"power": "off"})
        return upid

    monkeypatch.setattr("homebackup.commands.restoring.begin", then_off)
    said = "did not restore it: .*, and the NAS 10.0.0.150 does not answer; switch it on and run this again; nothing is"
    with pytest.raises(Unreachable, match=said):
        await Drills().of(stack, GUESTS[kind][2])
    lab.control("/nas", {"power": "on"})
    assert left(lab) == before
    assert kept(stack) == []


@pytest.mark.parametrize("at_once", [True, False], ids=["while it restores", "while it waits"])
def test_one_that_is_killed_is_cleared_away_by_the_next(at_once: bool, stack: PlayedStack, lab: Lab) -> None:
    before, environment = left(lab), project(stack, lab)
    lab.control("/pace", {"factor": 1.0 if at_once else 0})
    with subprocess.Popen(homebackup(stack, "drill", "100"), env=environment, stdout=subprocess.PIPE) as process:
        asyncio.run(until(lab, ACTIVE, "qmrestore") if at_once else until(lab, POWER, "running"))
        process.kill()
    assert "9100" in guests(lab)
    asyncio.run(until(lab, ACTIVE, "none"))
    lab.control("/pace", {"factor": 0})
    assert asyncio.run(Drills(clean=True).of(stack)) == 0
    assert re.sub(r"homebackup\.\w+\n", "", left(lab)) == before  # which the node itself removes a minute later


async def test_an_empty_machine_of_a_killed_drill_is_removed(
    stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = left(lab)

    async def killed(self: object, *words: object) -> bool:
        return False

    first(monkeypatch, lambda: cut(lab, 102))
    with monkeypatch.context() as gone:
        gone.setattr(Restoring, "_clear", killed)
        gone.setattr(spare.Spare, "remove", killed)
        assert await Drills().of(stack, "102") == 2
    lab.run("qm create 9101 --memory 512")
    assert {"9100", "9101"} <= guests(lab)
    assert await Drills(clean=True).of(stack) == 0
    assert "9101" in guests(lab)
    lab.run("qm destroy 9101")
    assert left(lab) == before


@pytest.mark.parametrize("kind", GUESTS)
@pytest.mark.parametrize("way", WAYS)
async def test_somebody_elses_guest_that_appears_is_left_alone(
    way: str, kind: str, stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.stored |= WAYS[way]
    first(monkeypatch, lambda: lab.run("qm create 9100 --name drill-mine --memory 512"))
    with pytest.raises(Refused, match="9100 already exists"):
        await Drills().of(stack, GUESTS[kind][2])
    assert "name: drill-mine" in lab.run("qm config 9100")
    assert kept(stack) == []


async def test_a_container_with_lines_of_its_own_is_refused(
    stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.run("echo 'lxc.mount.entry: /srv srv none bind 0 0' >> /etc/pve/lxc/105.conf")
    lab.run("vzdump 105 --storage nas-backups --compress zstd")
    before = left(lab)
    with pytest.raises(Refused, match="CT 9100: its configuration has lines of LXC's own"):
        await Drills().of(stack, "105")
    assert stack.journal() == []
    with monkeypatch.context() as unseen:
        unseen.setattr(guest_config, "properties", lambda config: {})
        with pytest.raises(Refused, match="CT 9100: its configuration has lines of LXC's own"):
            await Drills().of(stack, "105")
    assert "status/start" not in "".join(entry.step for entry in stack.journal())
    assert left(lab) == before
    assert kept(stack) == []
