"""`homebackup app run` of a task of Hyper Backup on the lab's NAS: begun, followed, and what it ends with."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from typing import Any

import pytest

from homebackup.commands import app, taking_off_site
from homebackup.commands.taking_off_site import make
from homebackup.world.errors import Busy, Failed, Missing, Unreachable
from homebackup.world.stack import Stack
from tests.commands import begun_tasks
from tests.commands.living_site import DECLARED, settle
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab

NAME = "nas-offsite"
BACK_UP = "vzdump 100 --storage nas-backups"
BACKUP = "SYNO.Backup.Task backup"


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab as the stack's site, with a task of Hyper Backup, looked at often."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, deepcopy(DECLARED)
    stack.declared["nas"]["dsm"] = {"hyper-backup": {NAME: {"folders": ["/backups"]}}}
    monkeypatch.setattr(taking_off_site, "EVERY", 0.05)


def change(lab: Lab, **changes: Any) -> None:
    lab.control("/dsm", {"tasks": [lab.control("/dsm")["tasks"][0] | changes]})


def begun(lab: Lab) -> int:
    return sum(one.get("command") == BACKUP for one in lab.control("/requests", method="GET"))


async def until_begun(lab: Lab) -> None:
    async with asyncio.timeout(20):
        while not begun(lab):  # noqa: ASYNC110 -- the lab's journal tells nobody of a change
            await asyncio.sleep(0.05)


async def test_a_task_is_begun_and_followed_to_its_end(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    change(lab, seconds=600)
    making = asyncio.create_task(make(await Stack.of(stack), NAME))
    await until_begun(lab)
    lab.control("/clock", {"advance": 601})
    assert await making == 0
    assert "ended well after" in capsys.readouterr().out
    assert len(lab.control("/dsm")["tasks"][0]["versions"]) == 2
    assert [entry.outcome for entry in stack.journal()] == ["", "done"]


async def test_a_task_that_runs_already_is_not_begun_again(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.control("/requests", method="DELETE")
    now = lab.control("/state", method="GET")["now"]
    change(lab, until=now + 1)
    assert await make(await Stack.of(stack), NAME) == 0
    assert "runs already" in capsys.readouterr().out
    assert begun(lab) == 0


async def test_a_run_that_fails_is_a_sentence(stack: PlayedStack, lab: Lab) -> None:
    change(lab, ends="failed", last_bkp_error_code=4410)
    with pytest.raises(Failed, match=r"it ended with failed \(code 4410\); see its log in DSM"):
        await make(await Stack.of(stack), NAME)


async def test_it_waits_for_no_backup_and_begins_in_none(stack: PlayedStack, lab: Lab) -> None:
    settle(lab, wait=False)
    lab.control("/requests", method="DELETE")
    lab.control("/pace", {"factor": 0.3})
    writing = asyncio.create_task(asyncio.to_thread(lab.run, BACK_UP))
    await begun_tasks.begun(lab, 0)
    with pytest.raises(Busy):
        await make(await Stack.of(stack), NAME)
    assert begun(lab) == 0
    await writing


async def test_a_task_that_is_not_there_is_told(stack: PlayedStack, lab: Lab) -> None:
    lab.control("/dsm", {"tasks": []})
    with pytest.raises(Missing, match="the NAS has none"):
        await make(await Stack.of(stack), NAME)


async def test_a_nas_that_stays_silent_is_given_up(
    stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_off_site, "PATIENCE", 0.2)
    change(lab, seconds=600)
    making = asyncio.create_task(make(await Stack.of(stack), NAME))
    await until_begun(lab)
    lab.control("/nas", {"power": "off"})
    with pytest.raises(Unreachable):
        await making


async def test_app_run_takes_the_name_of_a_task(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    async def no_dump(declared: Stack, name: str) -> int:
        raise AssertionError(name)

    assert await app._of(stack, NAME, no_dump, no_dump, make) == 0
    assert f"Hyper Backup task {NAME} ended well" in capsys.readouterr().out
    with pytest.raises(Missing, match=f"it has home-assistant, immich, {NAME}, vaultwarden"):
        await app._of(stack, "nobody", no_dump, no_dump, make)
    with pytest.raises(Missing, match="it has home-assistant, immich, vaultwarden"):
        await app._of(stack, NAME, no_dump)
