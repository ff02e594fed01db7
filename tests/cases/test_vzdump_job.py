"""What a program may not ask of a vzdump job, each with the reason, and what it is warned of."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.model.declare import UNKNOWN, check, doubtful, doubts
from homebackup.resources import RESOURCES
from homebackup.resources.dir_storage import DirStorage
from homebackup.resources.vzdump_job import VzdumpJob
from tests.cases.bad_input import Bad, refused, texts

LEAST: dict[str, Any] = {"job": "backup-home-p0-daily", "schedule": "03:00", "vmid": [100, 102]}
FULL: dict[str, Any] = {
    **LEAST,
    "node": "pve",
    "storage": "nas-backups",
    "mode": "snapshot",
    "compress": "zstd",
    "prune_backups": {"keep-last": 3},
    "notes_template": "{{guestname}}",
    "comment": "critical guests",
    "tmpdir": "/var/tmp",
    "script": "/root/hook",
    "exclude_path": ["/tmp/*"],
    "fleecing": {"enabled": True, "storage": "local-lvm"},
    "performance": {"max-workers": 4},
    "pbs_change_detection_mode": "data",
    "mailto": "root",
    "mailnotification": "failure",
    "notification_mode": "auto",
    "notification_policy": "always",
    "notification_target": "mail",
}
BAD: Bad = {
    "nothing": (dict.fromkeys(LEAST), {"job": "is required", "schedule": "is required"}),
    "no guests": ({"vmid": None}, {"vmid": "a job without guests protects nobody"}),
    "an empty list of guests": ({"vmid": []}, {"vmid": "a job without guests protects nobody"}),
    "an unknown property": ({"vmids": [100]}, {"vmids": "is not a property of VzdumpJob"}),
    "a property of Proxmox VE that has become another": (
        {"starttime": "03:00"},
        {"starttime": "is not a property of VzdumpJob"},
    ),
    "a name that is none": ({"job": "p0 daily"}, {"job": "'p0 daily' is not a job name"}),
    "a name too long": ({"job": "a" * 51}, {"job": "may only be 50 characters long"}),
    "a VMID that is none": ({"vmid": [99]}, {"vmid": "99 is not a VMID (a whole number from 100 to 999999999)"}),
    "a VMID that is a name": ({"vmid": "immich"}, {"vmid": "'immich' is not a VMID"}),
    "a VMID that is no list": ({"vmid": 100}, {"vmid": "must be a list"}),
    "VMIDs in lists": ({"vmid": [[100]]}, {"vmid": "must be a list of single values"}),
    "an impossible schedule": ({"schedule": "25:61"}, {"schedule": "'25:61' is not a schedule of Proxmox VE"}),
    "a schedule that never comes": ({"schedule": "*-02-30 03:00"}, {"schedule": "never runs: there is no such day"}),
    "a schedule of systemd's": ({"schedule": "mon-fri 03:00"}, {"schedule": "is not a schedule of Proxmox VE"}),
    "a schedule YAML took for a number": ({"schedule": 180.0}, {"schedule": "must be text"}),
    "a schedule too long": (
        {
            "schedule": "03:"
            + ",".join(str(n) for n in range(60) if n * n % 11 in (1, 3, 5))
            + ":0,1,3,7,8,12,14,17,19,20,22,29,31,33,38,42,44,45,51,52"
        },
        {"schedule": "may only be 128 characters long"},
    ),
    "a retention of zero": ({"prune_backups": {"keep-last": 0}}, {"prune_backups": "limits nothing"}),
    "a retention of keep-all=0": ({"prune_backups": "keep-all=0"}, {"prune_backups": "limits nothing"}),
    "all beside some": (
        {"prune_backups": {"keep-all": 1, "keep-last": 3}},
        {"prune_backups": "keep-all cannot be set together"},
    ),
    "a retention that is none": (
        {"prune_backups": {"last-keep": 3}},
        {"prune_backups": "Proxmox VE knows no such retention"},
    ),
    "guests and all": ({"all": True}, {"all": "excludes vmid; one of vmid, all and pool chooses the guests"}),
    "guests and a pool": ({"pool": "home"}, {"pool": "excludes vmid"}),
    "all and a pool": ({"vmid": None, "all": True, "pool": "home"}, {"pool": "excludes all"}),
    "exclude without all": ({"exclude": [101]}, {"exclude": "only means something together with all"}),
    "a storage and a directory": ({"storage": "nas-backups", "dumpdir": "/srv"}, {"dumpdir": "excludes storage"}),
    "protected without a storage": ({"protected": True}, {"protected": "needs storage beside it"}),
    "notes without a storage": ({"notes_template": "{{vmid}}"}, {"notes_template": "needs storage beside it"}),
    "notes with an unknown variable": (
        {**FULL, "notes_template": "{{name}}"},
        {"notes_template": "{{name}} is not one of"},
    ),
    "a storage that is none": ({"storage": "nas backups"}, {"storage": "'nas backups' is not a storage name"}),
    "a relative tmpdir": ({"tmpdir": "var/tmp"}, {"tmpdir": "'var/tmp' is not an absolute path"}),
    "a mode": ({"mode": "live"}, {"mode": "must be 'snapshot', 'suspend' or 'stop'"}),
    "a compression": ({"compress": "zip"}, {"compress": "must be '0', 'gzip', 'lzo' or 'zstd'"}),
    "a priority": ({"ionice": 9}, {"ionice": "must be 0 to 8"}),
    "half a minute": ({"lockwait": 0.5}, {"lockwait": "must be a whole number"}),
    "a wait below zero": ({"stopwait": -1}, {"stopwait": "must be at least 0"}),
    "no workers": (
        {"performance": {"max-workers": 0}},
        {"performance": "max-workers must be a whole number, 1 to 256"},
    ),
    "fleecing nowhere": ({"fleecing": {"enabled": True}}, {"fleecing": "storage must name a storage"}),
    "a comment too long": ({"comment": "a" * 513}, {"comment": "may only be 512 characters long"}),
    "neither true nor false": ({"enabled": "maybe"}, {"enabled": "must be true or false"}),
}


@pytest.mark.parametrize(("given", "wrong"), BAD.values(), ids=BAD.keys())
def test_what_is_refused(given: dict[str, Any], wrong: dict[str, str]) -> None:
    refused("VzdumpJob", {**LEAST, **given}, wrong)


@pytest.mark.parametrize(("field", "value"), texts("VzdumpJob", FULL))
def test_no_control_character(field: str, value: Any) -> None:
    refused("VzdumpJob", {**FULL, field: value}, {field: ""})


DOUBTS = {
    "as it looks": ("03:00", []),
    "weekly": ("sun 04:00", []),
    "a number that is no hour": (
        "mon..fri 22",
        ["22 is minute 22 of every hour, not an hour; for the hour write 22:00"],
    ),
    "an hour that is none": ("24:00", ["24 is no hour, so 24:00 is minute 24 and second 00 of every hour"]),
    "every quarter of an hour": ("*:0/15", []),
    "steps that do not divide the hour": ("*:0/7", ["the steps */7 do not divide their unit"]),
    "years that are over": ("2025-*-* 03:00", ["never runs"]),
    "a day that months lack": ("*-*-31 03:00", ["months without a day 31 are left out"]),
}


@pytest.mark.parametrize(("schedule", "said"), DOUBTS.values(), ids=DOUBTS.keys())
def test_a_schedule_that_does_not_mean_what_it_looks_like_is_taken_with_a_warning(
    schedule: str, said: list[str]
) -> None:
    job = RESOURCES["VzdumpJob"]
    _, wrong = check(job, {**LEAST, "schedule": schedule})
    assert wrong == {}
    found = doubts(job, {**LEAST, "schedule": schedule})
    assert len(found) == len(said)
    for doubt, part in zip(found, said, strict=True):
        assert doubt.startswith("schedule ")
        assert part in doubt


def test_settings_that_do_nothing_together_are_doubted_when_they_are_checked() -> None:
    given = {"job": "j1", "schedule": "03:00", "vmid": [100], "mailnotification": "failure"}
    inputs, wrong = check(VzdumpJob, given)
    assert wrong == {}
    assert doubtful(VzdumpJob, inputs) == [
        "mailnotification failure is ignored in mode auto without mailto; "
        "set mailto, or choose in a notification matcher of Proxmox VE which severities are sent"
    ]
    assert doubtful(VzdumpJob, inputs | {"mailto": frozenset({"me@example.org"})}) == []
    assert doubtful(VzdumpJob, inputs | {"comment": UNKNOWN}) == []
    assert doubtful(DirStorage, {}) == []
