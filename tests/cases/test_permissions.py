"""What a site's calls need, what is lacking, and the lines that grant it: tables, without a node."""

from __future__ import annotations

import shlex
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from homebackup.model.permissions import Account, lacks, needs, paths, pveum
from homebackup.model.site import Drill, read_site

CONFIG: Any = yaml.safe_load((Path(__file__).parents[2] / "Pulumi.home.yaml").read_text())["config"]
SITE = read_site({key: value for key, value in CONFIG["home-backup:site"].items() if key != "drill"})
NEEDS = needs(SITE)
ALL = {
    "Sys.Audit", "Sys.Modify", "Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.Audit", "VM.Audit",
    "VM.Backup",
}  # fmt: skip


def everywhere(*privileges: str) -> dict[str, set[str]]:
    return {path: set(privileges) for path in paths(NEEDS)}


def calls(granted: dict[str, set[str]]) -> set[str]:
    return {lack.call for lack in lacks(NEEDS, granted)}


def test_with_every_privilege_nothing_is_lacking() -> None:
    assert lacks(NEEDS, everywhere(*ALL)) == []


def test_drills_need_more_where_they_are_declared() -> None:
    site = SITE.model_copy(update={"drill": Drill(vmids="9100-9199", storage="local-lvm")})
    more = needs(site)[len(NEEDS) :]
    assert {need.verbs for need in more} == {("drill",)}
    assert {lack.call for lack in lacks(needs(site), everywhere(*ALL))} == {
        "POST /nodes/pve/qemu and lxc",
        "POST /vms/9100/status and agent",
        "POST /vms/9100 on storage local-lvm",
    }
    granted = pveum(needs(site), Account())
    assert any("--roles HomeBackupVms" in line and line.startswith("pveum acl modify /vms ") for line in granted)
    (role,) = [line for line in granted if line.startswith("pveum role add HomeBackupVms ")]
    assert "VM.Allocate" in role
    assert "VM.PowerMgmt" in role


def test_without_any_privilege_every_call_is() -> None:
    assert calls({}) == {need.call for need in NEEDS if all(need.ways)}


@pytest.mark.parametrize(
    ("without", "failing"),
    [
        (
            "Sys.Audit",
            {
                "GET /cluster/backup",
                "GET /cluster/backup/JOB/included_volumes",
                "GET /nodes/pve/time",
                "GET /nodes/pve/tasks",
                "GET /nodes/pve/tasks/TASK/log",
            },
        ),
        ("Sys.Modify", {"POST /cluster/backup", "PUT /cluster/backup/JOB", "DELETE /cluster/backup/JOB"}),
        (
            "Datastore.Allocate",
            {
                "POST /cluster/backup",
                "PUT /cluster/backup/JOB",
                "POST, PUT and DELETE /storage",
                "GET /storage/nas-backups",
            },
        ),
        ("Datastore.AllocateSpace", set()),
        ("Datastore.Audit", set()),
        ("VM.Audit", {"GET /cluster/resources"}),
        ("VM.Backup", set()),
    ],
)
def test_each_privilege_alone(without: str, failing: set[str]) -> None:
    assert calls(everywhere(*ALL - {without})) == failing


def test_an_auditor_sees_no_archive_and_is_told_so() -> None:
    found = lacks(NEEDS, everywhere("Sys.Audit", "Datastore.Audit", "VM.Audit"))
    (archives,) = [lack for lack in found if lack.call == "GET /nodes/pve/storage/nas-backups/content"]
    assert archives.said == (
        "GET /nodes/pve/storage/nas-backups/content, for status: it would be answered with status 200, but without a "
        "single archive of guests 100, 101, 102, 103, 105, as if there were none, because Datastore.Allocate on "
        "/storage/nas-backups is missing"
    )


def test_guests_are_named_only_where_they_lack_it() -> None:
    granted = everywhere(*ALL)
    granted["/vms/102"] -= {"VM.Audit"}
    (lack,) = lacks(NEEDS, granted)
    assert lack.said == (
        "GET /cluster/resources, for status: it would be answered with status 200, but without guest 102, because "
        "VM.Audit on /vms/102 is missing"
    )


def test_a_lack_names_everything_that_makes_the_call() -> None:
    (lack,) = [lack for lack in lacks(NEEDS, {}) if lack.call == "GET /cluster/backup"]
    assert lack.said == "GET /cluster/backup, for up and status: it would be refused, because Sys.Audit on / is missing"


def test_space_and_backup_together_show_archives_too() -> None:
    granted = everywhere("Datastore.AllocateSpace", "VM.Backup")
    assert "GET /nodes/pve/storage/nas-backups/content" not in calls(granted)


def test_the_storage_is_asked_for_by_its_name() -> None:
    site = SITE.model_copy(update={"storage": SITE.storage.model_copy(update={"name": "other"})})
    assert {path for path in paths(needs(site)) if path.startswith("/storage/")} == {"/storage/other"}


def test_the_lines_for_a_new_account() -> None:
    assert pveum(NEEDS, Account()) == [
        "pveum user add homebackup@pve --comment homebackup",
        "pveum user token add homebackup@pve pulumi --privsep 0",
        "pveum role add HomeBackupSite --privs 'Sys.Audit Sys.Modify'",
        "pveum acl modify / --roles HomeBackupSite --users homebackup@pve --propagate 0",
        "pveum role add HomeBackupNodes --privs Sys.Audit",
        "pveum acl modify /nodes/pve --roles HomeBackupNodes --users homebackup@pve --propagate 0",
        "pveum role add HomeBackupStorage --privs 'Datastore.Allocate Datastore.Audit'",
        "pveum acl modify /storage --roles HomeBackupStorage --users homebackup@pve --propagate 1",
        "pveum role add HomeBackupVms --privs VM.Audit",
        "pveum acl modify /vms --roles HomeBackupVms --users homebackup@pve --propagate 1",
    ]


def test_a_separated_token_is_granted_beside_its_user_and_roles_that_exist_are_changed() -> None:
    account = Account("ops@pve", "iac", exists=True, separated=True, roles=frozenset({"HomeBackupVms"}))
    lines = pveum(NEEDS, account)
    assert not any(line.startswith("pveum user") for line in lines)
    assert "pveum role modify HomeBackupVms --privs VM.Audit" in lines
    assert "pveum acl modify /vms --roles HomeBackupVms --users ops@pve --propagate 1" in lines
    assert "pveum acl modify /vms --roles HomeBackupVms --tokens 'ops@pve!iac' --propagate 1" in lines


def test_a_separated_token_of_root_is_granted_alone() -> None:
    lines = pveum(NEEDS, Account("root@pam", "sep", exists=True, separated=True))
    assert not any("--users" in line for line in lines)
    assert sum("--tokens" in line for line in lines) == 4


def test_what_the_lines_grant_is_enough_and_nothing_of_it_is_spare() -> None:
    roles, granted = {}, defaultdict[str, set[str]](set)
    for line in pveum(NEEDS, Account()):
        words = shlex.split(line)
        if words[1] == "role":
            roles[words[3]] = set(words[5].split())
        elif words[1] == "acl":
            below = [words[3]] if words[-1] == "0" else [p for p in paths(NEEDS) if p.startswith(words[3])]
            for path in below:
                granted[path] |= roles[words[5]]
    assert lacks(NEEDS, granted) == []
    for role, privileges in roles.items():
        for spare in privileges:
            less = {path: has - {spare} if has == roles[role] else has for path, has in granted.items()}
            assert lacks(NEEDS, less), f"{role} does not need {spare}"
