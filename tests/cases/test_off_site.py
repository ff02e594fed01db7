"""The verdict on a task of Hyper Backup, by what it tells, and when it would meet a backup that is being written."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from homebackup.assess.jobs import declared as jobs
from homebackup.assess.off_site import meets, off_site
from homebackup.assess.timeline import timeline
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.off_site import OffSiteTask
from homebackup.model.off_site import task as off_site_task
from homebackup.model.seen import Unseen
from tests.cases.played_backups import HOUR, NOON, VIENNA
from tests.cases.told_site import HOME, declared

NAME = "nas-offsite"
TASK = {NAME: {"folders": ["/backups"], "stale-after-hours": 48}}
SITE = declared(nas={**HOME["nas"], "dsm": {"hyper-backup": TASK}})
GOOD = OffSiteTask(
    name=NAME,
    folders=frozenset({"/backups", "/photo"}),
    result="done",
    error=4401,
    newest=NOON - 3.0 * HOUR,
    status="success",
    next="2026/11/23 09:00",
)
VERDICTS: list[tuple[OffSiteTask | Unseen | None, str, str]] = [
    (GOOD, "OK", "taken off the site 3 h ago"),
    (Unseen("the NAS is off", "switch it on"), "UNKNOWN", "the NAS is off"),
    (None, "UNPROTECTED", "Hyper Backup has no task nas-offsite"),
    (replace(GOOD, folders=frozenset({"/photo"})), "UNPROTECTED", "it does not take /backups along"),
    (replace(GOOD, folders=frozenset({"/backups/proxmox_backups"})), "UNPROTECTED", "does not take /backups along"),
    (replace(GOOD, result="failed", error=4410), "FAILED", r"its last run ended with failed \(code 4410\)"),
    (replace(GOOD, error=4410), "FAILED", r"ended with done \(code 4410\)"),
    (replace(GOOD, error=4410, running=True), "OK", "taken off the site"),
    (replace(GOOD, online=False), "FAILED", "its target cannot be reached"),
    (replace(GOOD, newest=None), "STALE", "it has no version yet"),
    (replace(GOOD, newest=None, running=True), "STALE", "its first run is going on"),
    (replace(GOOD, status="broken"), "BROKEN", "its newest version is broken"),
    (replace(GOOD, newest=NOON - 49.0 * HOUR), "STALE", "its newest version is 2 days old, and may be 2 days"),
    (replace(GOOD, newest=NOON - 48.0 * HOUR), "OK", "2 days ago"),
]


@pytest.mark.parametrize(("seen", "state", "said"), VERDICTS)
def test_the_verdict(seen: OffSiteTask | Unseen | None, state: str, said: str) -> None:
    facts = SiteFacts(now=float(NOON), zone=VIENNA.key, way="ssh", off_site={NAME: seen})
    (verdict,) = off_site(SITE, facts)
    assert (verdict.name, verdict.state, verdict.counted) == (f"off-site {NAME}", state, True)
    assert re.search(said, verdict.said), verdict.said


def test_a_site_without_a_task_has_no_verdict() -> None:
    assert (
        off_site(SITE.managing(dsm=False, home_assistant=False), SiteFacts(now=float(NOON), zone=VIENNA.key, way="ssh"))
        == ()
    )


@pytest.mark.parametrize(
    ("begins", "meeting"),
    [
        ("03:00", ["p0 (backup-home-p0-daily)"]),
        ("03:50", ["p0 (backup-home-p0-daily)", "p1 (backup-home-p1-daily)"]),
        ("02:59", []),
        ("05:30", []),
        ("", []),
    ],
)
def test_a_task_that_begins_while_archives_are_written_is_told(begins: str, meeting: list[str]) -> None:
    day = 24 * HOUR
    line = timeline(jobs(SITE), (), {}, VIENNA, NOON - day, NOON + 2 * day)
    tomorrow = datetime.fromtimestamp(NOON + day, VIENNA)
    task = replace(GOOD, next=f"{tomorrow:%Y/%m/%d} {begins}" if begins else "")
    said = [said for said, _ in meets(task, line.around, VIENNA)]
    assert len(said) == len(meeting), said
    assert all(name in told for name, told in zip(meeting, said, strict=True))


def test_numbers_that_are_texts_and_words_that_mean_nothing_are_understood() -> None:
    listed: dict[str, Any] = {
        "name": NAME,
        "source": {"file_list": [{"folderPath": "/backups/"}]},
        "last_bkp_result": "backingup",
        "type": "image:image_remote",
    }
    status = {"status": "backup", "last_bkp_error_code": 4401, "progress": {"processed_size": "2048"}}
    versions = {
        "version_info_list": [
            {"version_id": "1", "status": "success", "complete_time": "1763600000"},
            {"version_id": "2", "status": "success", "complete_time": 1763700000},
            {"version_id": "3", "status": "none", "complete_time": 0},
        ]
    }
    task = off_site_task(listed, status, versions, {"is_online": True})
    assert (task.running, task.newest, task.folders) == (True, 1763700000.0, frozenset({"/backups"}))
    assert off_site_task(listed, None, None, None).online is False
