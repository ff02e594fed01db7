"""`homebackup run` when the way to the node, the node's answers or our rights are not what they should be."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from homebackup.commands import run
from homebackup.commands.backing_up import Way
from homebackup.commands.run import manual
from homebackup.world import running
from homebackup.world.errors import Refused
from tests.commands.begun_tasks import LIMIT, archives, at, begun, made, tasks
from tests.commands.living_site import DECLARED, settle
from tests.commands.stack import PlayedStack
from tests.commands.test_preflight import AUDITOR, token
from tests.running_lab import Lab

LOG = {"on": "ssh", "command": "*/log*", "when": "before", "effect": "drop"}


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab as the stack's site, as after a `pulumi up`, at noon."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED
    settle(lab, wait=False)
    at(lab, "12:00")
    monkeypatch.setattr(running, "EVERY", 0.1)


def left_behind(lab: Lab) -> str:
    return lab.run("ls -d /run/homebackup.* 2>/dev/null || true")


async def until_begun(stack: PlayedStack) -> None:
    deadline = time.monotonic() + LIMIT
    while not any(entry.event == "begin" for entry in stack.journal()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_an_interruption_while_it_begins_waits_for_the_task_and_stops_it(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.control("/pace", {"factor": 3.0})
    before = archives(lab)
    run = asyncio.create_task(manual(stack, "p0", Way()))
    await until_begun(stack)
    run.cancel()
    assert await run == 130
    (newest, *_) = tasks(lab)
    assert newest["status"] != "RUNNING"
    assert f"{newest['upid']} was stopped, 0 of 2 guests backed up" in capsys.readouterr().out
    assert (made(lab, before), left_behind(lab)) == ([], "")


async def test_an_interruption_between_two_tiers_says_what_was_not_begun(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clear = run._clear

    async def interrupted(*given: Any) -> None:
        if given[2].tier == "p1":
            raise asyncio.CancelledError
        await clear(*given)

    monkeypatch.setattr(run, "_clear", interrupted)
    with pytest.raises(asyncio.CancelledError):
        await manual(stack, None, Way())
    said = capsys.readouterr()
    assert "tier p0: 2 of 2 guests backed up" in said.out
    assert said.err == "interrupted before another task was begun\nnot begun: p1, p2\n"


async def test_an_interruption_before_it_begins_begins_nothing(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = len(tasks(lab))
    run = asyncio.create_task(manual(stack, "p0", Way()))
    await asyncio.sleep(0)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert len(tasks(lab)) == ran


async def test_an_interruption_between_two_tiers_names_what_is_left(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.control("/pace", {"factor": 3.0})
    ran = len(tasks(lab))
    run = asyncio.create_task(manual(stack, None, Way(leave=True)))
    upid = await begun(lab, ran)
    run.cancel()
    assert await run == 130
    said = capsys.readouterr()
    assert f"tier p0: it goes on on the node as {upid}" in said.out
    assert "not begun: p1, p2" in said.err
    lab.run(f"pvesh delete /nodes/pve/tasks/{upid}")


async def test_a_lost_connection_is_taken_up_again(stack: PlayedStack, lab: Lab) -> None:
    before = archives(lab)
    lab.control("/faults", {**LOG, "times": 2})
    assert await manual(stack, "p0", Way()) == 0
    assert made(lab, before) == [100, 102]


async def test_a_node_that_falls_silent_leaves_the_task_running(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PATIENCE", 0.3)
    before, ran = archives(lab), len(tasks(lab))
    lab.control("/faults", {**LOG, "times": 1000})
    assert await manual(stack, "p0", Way()) == 3
    (newest, *_) = tasks(lab)
    said = capsys.readouterr().err
    assert f"unknown: task {newest['upid']}: " in said
    assert "the task goes on there; look with homebackup status when the node answers again" in said
    assert len(tasks(lab)) == ran + 1
    assert made(lab, before) == [100, 102]


async def test_a_call_that_is_refused_is_a_sentence_and_leaves_nothing(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = len(tasks(lab))
    lab.control("/faults", {"on": "ssh", "command": "*setsid*", "when": "before", "effect": "fail", "exit": 1})
    assert await manual(stack, "p0", Way()) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert (len(tasks(lab)), left_behind(lab)) == (ran, "")
    (end,) = [entry for entry in stack.journal() if entry.event == "end"]
    assert end.outcome == "failed"


@pytest.mark.parametrize("way", [{}, {"api": "https"}], ids=["ssh", "https"])
async def test_a_setting_that_the_call_does_not_take_is_told(
    way: dict[str, str], stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.stored |= way
    lab.run("sed -i 's/^\\(.*notes-template\\).*/\\1 {{nobody}}/' /etc/pve/jobs.cfg")
    ran = len(tasks(lab))
    assert await manual(stack, "p0", Way()) == 1
    assert "variable 'nobody'" in capsys.readouterr().err
    assert (len(tasks(lab)), left_behind(lab)) == (ran, "")


@pytest.mark.parametrize("way", [{}, {"api": "https"}], ids=["ssh", "https"])
async def test_nothing_to_back_up_is_no_success(
    way: dict[str, str], stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.stored |= way
    lab.run("pvesh create /pools --poolid empty; pvesh set /cluster/backup/backup-home-p0-daily --pool empty")
    assert await manual(stack, "p0", Way()) == 1
    assert "tier p0: nothing to back up" in capsys.readouterr().out


async def test_a_task_that_fails_as_a_whole_fails_each_guest(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run("pvesh set /cluster/backup/backup-home-p0-daily --script /gone")
    assert await manual(stack, "p0", Way()) == 2
    said = capsys.readouterr().out
    assert "guest 100 (home-assistant): failed, Error: The hook script '/gone' does not exist." in said
    assert "tier p0: 0 of 2 guests backed up" in said


@pytest.mark.parametrize("tmpdir", [True, False])
async def test_a_token_runs_what_only_root_need_not_set(tmpdir: bool, stack: PlayedStack, lab: Lab) -> None:
    user = AUDITOR.partition("!")[0]
    stack.stored |= token(lab, f"pveum acl modify / --users {user} --roles HomeBackup")
    if tmpdir:
        with pytest.raises(Refused, match="has tmpdir, which only root@pam itself may set"):
            await manual(stack, "p0", Way())
        return
    lab.run("pvesh set /cluster/backup/backup-home-p0-daily --delete tmpdir")
    before = archives(lab)
    assert await manual(stack, "p0", Way()) == 0
    assert made(lab, before) == [100, 102]
    newest: dict[str, Any] = tasks(lab)[0]
    assert AUDITOR in newest["upid"]
