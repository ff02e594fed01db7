"""Backup jobs of the lab beyond what was recorded: many of them, broken ones, what the scheduler is told."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from lab.box import Box
from lab.pve.api import Answer
from lab.pve.call import ROOT, Actor

TOKEN = Actor("root@pam!iac")
MINIMAL: dict[str, Any] = {"schedule": "02:00", "vmid": "100"}


async def call(box: Box, method: str, path: str, actor: Actor = TOKEN, **params: Any) -> Answer:
    return await box.api.call(actor, method, path, {key.replace("_", "-"): value for key, value in params.items()})


async def test_a_job_whose_start_cannot_be_read_stops_every_later_write(box: Box) -> None:
    assert (await call(box, "POST", "/cluster/backup", id="bad", starttime="03:75", vmid="100")).status == 200
    listed = await call(box, "GET", "/cluster/backup")
    assert [job["id"] for job in listed.data] == ["backup-daily-local", "backup-nas", "backup-ct"]
    for method, path, params in (
        ("POST", "/cluster/backup", {"id": "next", **MINIMAL}),
        ("PUT", "/cluster/backup/backup-nas", {"enabled": "1"}),
        ("DELETE", "/cluster/backup/backup-nas", {}),
    ):
        refused = await box.api.call(TOKEN, method, path, dict(params))
        assert (refused.status, refused.message) == (500, "unknown section type ''\n")
    text = box.root.text("/etc/pve/jobs.cfg").replace("03:75", "03:15")
    box.root.write("/etc/pve/jobs.cfg", text.encode())
    assert (await call(box, "DELETE", "/cluster/backup/bad")).status == 200


async def test_a_thousand_jobs_are_no_burden(box: Box) -> None:
    text = box.root.text("/etc/pve/jobs.cfg")
    text += "".join(f"vzdump: job-{i}\n\tschedule 02:{i % 60:02}\n\tvmid 100\n\n" for i in range(1000))
    box.root.write("/etc/pve/jobs.cfg", text.encode())
    assert len((await call(box, "GET", "/cluster/backup")).data) == 1003
    began = time.process_time()
    assert len((await call(box, "GET", "/cluster/backup")).data) == 1003
    for i in range(10):
        assert (await call(box, "POST", "/cluster/backup", id=f"more-{i}", **MINIMAL)).status == 200
    assert time.process_time() - began < 2
    found = await call(box, "GET", "/cluster/backup/more-9")
    assert found.data == {"id": "more-9", "type": "vzdump", "enabled": 1, **MINIMAL}


@pytest.mark.parametrize("text", ["two\nlines", "tab\there", "bell\a"])
async def test_control_characters_never_reach_the_file(box: Box, text: str) -> None:
    before = box.root.read("/etc/pve/jobs.cfg")
    refused = await call(box, "POST", "/cluster/backup", comment=text, **MINIMAL)
    assert (refused.status, refused.reason) == (500, "property contains a line feed")
    assert box.root.read("/etc/pve/jobs.cfg") == before


async def test_jsons_null_is_no_value(box: Box) -> None:
    refused = await call(box, "PUT", "/cluster/backup/backup-nas", comment=None)
    assert (refused.status, refused.reason) == (500, "got undefined value for option 'comment'")


async def test_the_scheduler_learns_of_a_new_schedule_and_of_a_switch(box: Box) -> None:
    def state() -> dict[str, Any]:
        return dict(json.loads(box.root.read("/var/lib/pve-manager/jobs/vzdump-j1.json")))

    await call(box, "POST", "/cluster/backup", id="j1", **MINIMAL)
    made = state()
    assert made["config"] == {"enabled": 1, "schedule": "02:00"}
    await call(box, "PUT", "/cluster/backup/j1", comment="said")
    assert state() == made
    await call(box, "PUT", "/cluster/backup/j1", schedule="03:00")
    assert state()["config"] == {"enabled": 1, "schedule": "03:00"}
    assert state()["updated"] >= made["time"]
    await call(box, "DELETE", "/cluster/backup/j1")
    assert not box.root.exists("/var/lib/pve-manager/jobs/vzdump-j1.json")


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ({"vmid": "100"}, {"exclude": "101"}, {"all": 1, "exclude": "101"}),
        ({"all": "1"}, {"vmid": "100"}, {"vmid": "100"}),
        ({"pool": "prod"}, {"all": "1"}, {"all": 1}),
        ({"all": "1", "exclude": "101"}, {"pool": "prod"}, {"pool": "prod"}),
        ({"all": "1", "exclude": "101"}, {"delete": "exclude"}, {"all": 1}),
        ({"vmid": "100"}, {"maxfiles": "2"}, {"vmid": "100", "prune-backups": {"keep-last": "2"}}),
        (
            {"vmid": "100", "prune-backups": "keep-daily=7"},
            {"prune-backups": "keep-last=0"},
            {"vmid": "100", "prune-backups": {"keep-all": 1}},
        ),
    ],
)
async def test_a_job_selects_its_guests_in_one_way(
    box: Box, before: dict[str, Any], change: dict[str, Any], after: dict[str, Any]
) -> None:
    await box.api.call(ROOT, "POST", "/cluster/backup", {"id": "j1", "schedule": "02:00", **before})
    assert (await box.api.call(ROOT, "PUT", "/cluster/backup/j1", change)).status == 200
    found = (await call(box, "GET", "/cluster/backup/j1")).data
    assert found == {"id": "j1", "type": "vzdump", "enabled": 1, "schedule": "02:00", **after}


async def test_lists_and_property_strings_lie_readable_in_the_file(box: Box) -> None:
    odd: dict[str, Any] = {"exclude_path": ["/a", "/b c"], "fleecing": "1,storage=vmdata"}
    assert (await call(box, "POST", "/cluster/backup", **odd, **MINIMAL)).status == 200
    text = box.root.text("/etc/pve/jobs.cfg")
    assert "\texclude-path /a\n\texclude-path /b c\n\tfleecing enabled=1,storage=vmdata\n" in text
