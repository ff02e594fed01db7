"""A task of Hyper Backup on the lab's NAS: taken over, held against its folders, made where allowed, forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.declare import changes, check
from homebackup.resources import RESOURCES
from homebackup.world.errors import Failed, Refused, Trouble, Unreachable
from homebackup.world.live_site import LiveSite
from tests.lifecycle.conftest import Bench, connection, declared
from tests.running_lab import Lab

TASK = RESOURCES["HyperBackupTask"]
THERE: dict[str, Any] = {"name": "nas-offsite", "folders": ["/backups"]}
MADE: dict[str, Any] = {"name": "second", "folders": ["/backups"], "allow_create": True, "target_share": "offsite"}
READING = ("list", "get", "status", "get_candidate_dir", "query", "login", "logout")


@pytest.fixture
async def bench(lab: Lab) -> AsyncIterator[Bench]:
    site, by_hand = (LiveSite(connection(lab, "https ticket")) for _ in range(2))
    lab.control("/requests", method="DELETE")
    yield Bench(lab, site, by_hand)
    await site.close()
    await by_hand.close()


def life(bench: Bench, name: str) -> Lifecycle:
    return bench.of("HyperBackupTask", name)


async def make(bench: Bench, values: dict[str, Any], *, preview: bool = False) -> Any:
    return await life(bench, values["name"]).create(declared("HyperBackupTask", values), preview=preview)


def written(bench: Bench) -> list[str]:
    asked = (one["command"] for one in bench.lab.control("/requests", method="GET") if one["kind"] == "dsm")
    return [command for command in asked if command.partition(" ")[2] not in READING]


def tasks(bench: Bench) -> list[dict[str, Any]]:
    return list(bench.lab.control("/dsm")["tasks"])


@pytest.mark.parametrize("folders", [["/backups"], ["/backups/proxmox_backups", "/photo"]])
async def test_a_task_that_covers_its_folders_is_taken_over(bench: Bench, folders: list[str]) -> None:
    made = await make(bench, THERE | {"folders": folders})
    assert made.takes == "all of its folders"
    assert await life(bench, "nas-offsite").read(vars(made)) == made
    assert written(bench) == []


async def test_a_task_that_is_imported_has_the_folders_that_it_takes(bench: Bench) -> None:
    seen = await life(bench, "nas-offsite").read({})
    assert seen.folders == frozenset({"/backups", "/photo"})


async def test_a_folder_that_somebody_takes_out_is_drift_that_only_its_owner_can_mend(bench: Bench) -> None:
    made = await make(bench, THERE)
    source = {"file_list": [{"folderPath": "/photo"}], "app_list": []}
    bench.lab.control("/dsm", {"tasks": [tasks(bench)[0] | {"source": source}]})
    seen = await life(bench, "nas-offsite").read(vars(made))
    assert seen.takes == "/photo, without /backups"
    assert list(changes(TASK, vars(made), vars(seen))) == ["takes"]
    with pytest.raises(Refused, match="add what is missing to its folders in DSM, Hyper Backup"):
        await life(bench, "nas-offsite").update(vars(seen), declared("HyperBackupTask", THERE), preview=False)
    assert written(bench) == []


async def test_a_folder_that_is_wanted_later_is_held_against_the_task(bench: Bench) -> None:
    made = await make(bench, THERE)
    more = declared("HyperBackupTask", THERE | {"folders": ["/backups", "/music"]})
    assert list(changes(TASK, vars(made), vars(more))) == ["folders"]
    with pytest.raises(Refused, match=r"takes along /backups, /photo, without /music"):
        await life(bench, "nas-offsite").update(vars(made), more, preview=False)


async def test_a_task_that_is_missing_is_not_made_unless_allowed(bench: Bench) -> None:
    await make(bench, THERE | {"name": "nowhere"}, preview=True)
    assert any(said.startswith("refused: Hyper Backup has no task nowhere") for said in bench.said)
    with pytest.raises(Refused, match="make it in DSM, Hyper Backup, under this name"):
        await make(bench, THERE | {"name": "nowhere"})
    assert written(bench) == []


async def test_a_task_is_made_where_that_is_allowed(bench: Bench) -> None:
    made = await make(bench, MADE)
    assert written(bench) == ["SYNO.Backup.Repository create", "SYNO.Backup.Task create"]
    task = tasks(bench)[1]
    assert (task["name"], task["source"]["file_list"]) == ("second", [{"folderPath": "/backups"}])
    assert task["repo_id"] == 2
    assert await life(bench, "second").read(vars(made)) == made


async def test_a_preview_shows_both_requests_and_makes_none(bench: Bench) -> None:
    await make(bench, MADE, preview=True)
    (will_do,) = [said for said in bench.said if said.startswith("pulumi up will do:")]
    assert "dsm SYNO.Backup.Repository create" in will_do
    assert '"repo_id": "[the repo_id answered before]"' in will_do
    assert written(bench) == []


async def test_what_was_left_half_made_is_finished_by_the_next_run(bench: Bench) -> None:
    bench.lab.control("/dsm", {"fails": {"SYNO.Backup.Task create": 4499}})
    with pytest.raises(Failed, match="Hyper Backup answered code 4499"):
        await make(bench, MADE)
    await make(bench, MADE)
    assert written(bench).count("SYNO.Backup.Repository create") == 1
    assert tasks(bench)[1]["repo_id"] == 2


async def test_deleting_it_forgets_it_and_removes_nothing(bench: Bench) -> None:
    made, before = await make(bench, THERE), tasks(bench)
    await life(bench, "nas-offsite").delete(vars(made))
    assert (tasks(bench), written(bench)) == (before, [])


async def test_a_nas_that_is_off_leaves_what_was_known(bench: Bench) -> None:
    made = await make(bench, THERE)
    bench.lab.control("/nas", {"power": "off"})
    assert await life(bench, "nas-offsite").read(vars(made)) == made
    with pytest.raises(Unreachable):
        await make(bench, THERE)


async def test_a_nas_without_hyper_backup_is_told(bench: Bench) -> None:
    bench.lab.control("/dsm", {"fails": {"SYNO.Backup.Task list": 102}})
    with pytest.raises(Trouble, match="install the package that has it"):
        await make(bench, THERE)


@pytest.mark.parametrize("folders", [[], ["backups"], ["/"], ["/backups/../photo"]])
def test_what_is_no_folder_is_refused(folders: list[str]) -> None:
    assert "folders" in check(TASK, THERE | {"folders": folders})[1]
