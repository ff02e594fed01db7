"""`homebackup calendar` on the lab: what is shown, which files are written, and what stays untouched."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from ical.calendar_stream import IcsCalendarStream

from homebackup.commands import calendar
from homebackup.commands.calendar import NAME
from homebackup.world.errors import Refused
from tests.commands.living_site import DECLARED, settle
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site, which keeps no inventory."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, {**DECLARED, "inventory": None}


async def run(
    stack: PlayedStack, *, declared: bool = False, exit_code: bool = True, days: int = 7, **named: Path
) -> int:
    return await calendar._calendar(stack, days, named, declared=declared, exit_code=exit_code)


def written(stack: PlayedStack) -> Any:
    return yaml.safe_load((stack.folder / NAME).read_text())


async def test_the_jobs_as_found_and_how_long_they_take(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    await run(stack)
    out = capsys.readouterr().out
    assert "usually" in out
    assert "never measured" not in out
    assert "Europe/Vienna" in out
    document = written(stack)
    assert document["timezone"] == "Europe/Vienna"
    assert {job["job"] for job in document["jobs"]} >= {tier["job"] for tier in DECLARED["tiers"].values()}
    states = {job["job"]: job["state"] for job in document["jobs"]}
    assert states["backup-home-p0-daily"] == "as declared"
    assert states["backup-home-p2-weekly"] == "differs"
    assert "backup-home-p2-weekly) is not as declared: retention is keep-last=3 instead of keep-last=2" in " ".join(
        out.split()
    )


async def test_a_second_run_changes_no_byte(
    stack: PlayedStack, lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab, wait=False)
    files = {"ics": tmp_path / "days.ics", "svg": tmp_path / "days.svg"}
    await run(stack, **files)
    first = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in [stack.folder / NAME, *files.values()]}
    capsys.readouterr()
    await run(stack, **files)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in first} == first
    assert capsys.readouterr().out.count(": as it was") == 3
    events = IcsCalendarStream.calendar_from_ics(files["ics"].read_text()).events
    assert {event.summary for event in events} >= {"Backup p0", "Backup p1", "Backup p2", "shop vzdump", "offsite sync"}
    assert ElementTree.parse(files["svg"]).getroot().tag.endswith("svg")


async def test_before_anything_is_made_the_jobs_are_shown_as_declared(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(stack) == 1
    assert "is declared, but not there; pulumi up makes it" in " ".join(capsys.readouterr().out.split())
    assert {job["state"] for job in written(stack)["jobs"] if job.get("tier")} == {"missing"}


async def test_a_job_made_by_hand_is_noted_and_nothing_is_wrong_with_it(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab, wait=False)
    lab.run("pvesh set /cluster/backup/backup-home-p2-weekly --prune-backups keep-last=2")
    lab.run("pvesh create /cluster/backup --id by-hand --schedule 12:00 --vmid 100 --enabled 0")
    assert await run(stack) == 0
    assert "by-hand (12:00, disabled) is there, but not declared" in " ".join(capsys.readouterr().out.split())


async def test_as_declared_nobody_is_asked(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.forget()
    assert await run(stack, declared=True) == 0
    assert lab.requests() == []
    assert "UTC" in capsys.readouterr().out
    assert {job["state"] for job in written(stack)["jobs"]} == {"not looked at"}
    assert "timezone" not in written(stack)


async def test_jobs_that_cannot_be_seen_leave_the_file_alone(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    await run(stack)
    before = (stack.folder / NAME).read_bytes()
    stack.stored |= {"host": "127.0.0.1", "sshPort": "1", "apiPort": "1"}
    assert await run(stack) == 3
    captured = capsys.readouterr()
    assert "could not be seen, so backup.calendar.yaml stays as it is" in captured.err
    assert "p0 03:00" in captured.out
    assert (stack.folder / NAME).read_bytes() == before


async def test_somebody_elses_calendar_is_not_overwritten(stack: PlayedStack, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("jobs: []\n")
    with pytest.raises(Refused, match="homebackup did not write it"):
        await run(stack, declared=True, yaml=mine)
    assert mine.read_text() == "jobs: []\n"


async def test_the_calendar_lies_beside_the_inventory(stack: PlayedStack) -> None:
    stack.declared["inventory"] = {"file": "ops/bindings/backup.inventory.yaml", "host": "proxmox-home"}
    await run(stack, declared=True)
    assert (stack.folder / "ops" / "bindings" / NAME).is_file()


async def test_the_exit_code_tells_of_conflicts_only_when_asked(
    stack: PlayedStack, capsys: pytest.CaptureFixture[str]
) -> None:
    tiers = {**DECLARED["tiers"], "p1": {**DECLARED["tiers"]["p1"], "schedule": "02:30"}}
    stack.declared["tiers"] = tiers
    assert await run(stack, declared=True, exit_code=False) == 0
    assert await run(stack, declared=True) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "inside shop vzdump (02:00 to 03:00), 7 times in these days; start it at 03:00 or later" in said


async def test_as_many_days_as_are_asked_for(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> None:
    await run(stack, declared=True, days=2)
    out = capsys.readouterr().out
    first, last = out.splitlines()[0].split(", ")[1].split(" to ")
    assert (datetime.fromisoformat(last) - datetime.fromisoformat(first)).days == 1


NEIGHBOUR = {**DECLARED, "name": "shop", "inventory": None}
NEIGHBOUR["tiers"] = {"all": {"job": "nightly", "guests": list(DECLARED["guests"]), "schedule": "03:00"}}


async def test_another_site_on_the_same_nas(
    stack: PlayedStack, lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its jobs are in the picture and judged against ours, and the file stays that of our jobs."""
    settle(lab)
    (tmp_path / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": {"shops:site": NEIGHBOUR}}))
    stack.declared = {**stack.declared, "neighbours": [str(tmp_path / "Pulumi.prod.yaml")]}
    await run(stack, svg=tmp_path / "days.svg")
    out = " ".join(capsys.readouterr().out.split())
    assert "shop all (shop/nightly): 03:00" in out
    assert "writes to the same NAS 10.0.0.150" in out
    assert "shop/nightly" in (tmp_path / "days.svg").read_text()
    assert "nightly" not in (stack.folder / NAME).read_text()


async def test_another_site_whose_stack_is_not_there(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.declared = {**stack.declared, "neighbours": ["../shop/Pulumi.prod.yaml"]}
    await run(stack, declared=True, exit_code=False)
    said = capsys.readouterr()
    assert "unknown: neighbour" in said.err
    assert "the file is not there; name the file of the other site's stack" in " ".join(said.err.split())
    assert "backup-home-p0-daily" in said.out
