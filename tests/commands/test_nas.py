"""The NAS's own management in the verbs on the lab: what a preflight and a status tell of it."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from homebackup.commands import preflight, status
from tests.commands.living_site import DECLARED, settle
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab

DSM = {"exports": {"backups": {"10.0.0.50": {}}}, "hyper-backup": {"nas-offsite": {"folders": ["/backups"]}}}
OF_THE_NAS = ("dsm", "share", "volume", "snapshots", "nfs-service", "off-site")


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site, whose NAS is kept too."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, deepcopy(DECLARED)
    stack.declared["nas"]["dsm"] = DSM


async def findings(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    await preflight._preflight(stack, permissions=False, as_json=True)
    found = json.loads(capsys.readouterr().out)["findings"]
    return {one["id"]: one for one in found if one["id"] in OF_THE_NAS}


async def off_site(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    await status._status(stack, as_json=True, exit_code=False)
    apps = json.loads(capsys.readouterr().out)["verdicts"]
    return next((one["state"], one["said"]) for one in apps if one["name"] == "off-site nas-offsite")


async def test_a_preflight_tells_what_the_nas_has(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> None:
    found = await findings(stack, capsys)
    assert {id_: one["level"] for id_, one in found.items()} == dict.fromkeys(OF_THE_NAS, "well") | {
        "snapshots": "note"
    }
    assert "is not enforced: there is none" in found["snapshots"]["said"]


async def test_a_preflight_tells_what_the_nas_lacks(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = lab.control("/dsm")["tasks"]
    lab.control("/dsm", {"shares": {}, "nfs": {"enable_nfs": False}, "tasks": [tasks[0] | {"is_online": False}]})
    found = await findings(stack, capsys)
    assert {id_ for id_, one in found.items() if one["level"] == "trouble"} == {"share", "nfs-service", "off-site"}


async def test_locked_snapshots_are_told_as_what_the_nas_says(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    shares = lab.control("/dsm")["shares"]
    shares["backups"] |= {"snapshots": [{"time": "GMT+01-2026.11.21-04.30.00"}], "worm_days": 7}
    lab.control("/dsm", {"shares": shares})
    found = (await findings(stack, capsys))["snapshots"]
    assert (found["level"], found["said"]) == ("well", "1 are kept, and DSM says that none can be deleted for 7 days")


async def test_a_task_that_meets_the_backups_is_told(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = lab.control("/dsm")["tasks"]
    lab.control("/dsm", {"tasks": [tasks[0] | {"daily": "03:10"}]})
    found = (await findings(stack, capsys))["off-site"]
    assert (found["level"], "it runs next at 03:10, while p0" in found["said"]) == ("warning", True)


async def test_a_wrong_password_is_one_finding_and_one_login(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.stored["dsmPassword"] = "wrong"
    found = await findings(stack, capsys)
    assert "it does not take this account with this password" in found["dsm"]["said"]
    requests = lab.control("/requests", method="GET")
    assert sum(one.get("command") == "SYNO.API.Auth login" for one in requests) == 1


async def test_a_status_says_how_the_step_off_the_site_stands(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab, wait=False)
    assert await off_site(stack, capsys) == ("OK", "taken off the site 20 h ago")
    lab.control("/clock", {"advance": 9 * 86400})
    assert (await off_site(stack, capsys))[0] == "STALE"
    lab.control("/dsm", {"tasks": []})
    assert await off_site(stack, capsys) == ("UNPROTECTED", "Hyper Backup has no task nas-offsite")
    lab.control("/dsm", {"bad": 9})
    assert await off_site(stack, capsys) == ("UNKNOWN", "DSM of 127.0.0.1: it blocks this machine's address")
