"""The main job with the real Pulumi CLI on the lab: declare, preview, up, drift, repair, adopt, destroy."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.pulumi.cli import Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

LINE = (
    "10.0.0.150:/volume1/backups/proxmox_backups /mnt/nas-backups nfs "
    "defaults,soft,timeo=150,retrans=3,x-systemd.requires=network-online.target 0 0"
)
JOBS = {
    "backup-home-p0-daily": {"vmid": "100,102", "schedule": "03:00", "prune-backups": {"keep-last": "3"}},
    "backup-home-p1-daily": {"vmid": "103", "schedule": "03:15", "tmpdir": "/var/tmp"},
    "backup-home-p2-weekly": {"vmid": "101,105", "schedule": "sun 04:00", "prune-backups": {"keep-last": "2"}},
}


@pytest.fixture
def homebackup(stack: Stack) -> Callable[..., tuple[int, str]]:
    """A function that runs a verb of the command line in the stack's project."""

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "homebackup.commands", *arguments]
        done = subprocess.run(
            command, cwd=stack.project, env=stack.environment, capture_output=True, text=True, check=False, timeout=180
        )
        return done.returncode, done.stdout + done.stderr

    return run


def get(lab: Lab, path: str) -> Any:
    """What the lab's API says, asked on its host."""
    return json.loads(lab.run(f"pvesh get {path} --output-format json"))


def changes(lab: Lab) -> list[str]:
    """Everything that changed something on the lab, in its order: API calls and commands on the host."""
    found = []
    for request in lab.requests():
        if request["kind"] == "api" and request["method"] != "GET" and "ticket" not in request["path"]:
            found.append(f"{request['method']} {request['path']}")
        elif request["kind"] == "ssh" and (step := _step(request["command"])):
            found.append(step)
    return found


def _step(command: str) -> str:
    """The step that a command on the host carries out; nothing for a look."""
    bare = command.removeprefix("LC_ALL=C.UTF-8; export LC_ALL; ").strip()
    for verb, method in (("create", "POST"), ("set", "PUT"), ("delete", "DELETE")):
        if f"pvesh {verb} " in bare:
            return f"{method} {bare.split(f'pvesh {verb} ')[1].split()[0]}"
    if "sha256sum" in bare:
        return f"write {shlex.split(bare.split(' homebackup ')[1])[0]}"
    return "" if bare.startswith("sh -c") or "pvesh get" in bare else f"# {bare}"


def planned(text: str) -> list[str]:
    """The steps in a printed plan, as `changes` names them."""
    found = []
    for line in text.splitlines():
        if line.startswith("  ") and not line.startswith("    "):
            words = shlex.split(line)
            if words[0] in ("POST", "PUT", "DELETE"):
                found.append(f"{words[0]} {words[1]}")
            elif words[-1] == "here":
                continue  # a file of the owner's repository, not of the lab
            elif words[0] in ("edit", "write", "remove"):
                found.append(f"write {line.split()[1]}")
            elif line.startswith("  # "):
                found.append(line.strip())
    return found


def test_from_the_seeded_house_to_an_empty_preview_and_back(
    stack: Stack, lab: Lab, homebackup: Callable[..., tuple[int, str]]
) -> None:
    fstab = lab.run("cat /etc/fstab")
    before = {job["id"]: job for job in get(lab, "/cluster/backup")}
    lab.forget()

    code, plan = homebackup("plan")
    assert code == 0, plan
    assert changes(lab) == [], "a plan changes nothing"
    steps = planned(plan)
    assert f"+ {LINE}" in plan

    stack("up", "--yes", "--skip-preview")
    assert changes(lab) == steps, "up does exactly what the plan said"
    assert LINE in lab.run("cat /etc/fstab").splitlines()
    found = {job["id"]: job for job in get(lab, "/cluster/backup")}
    for name, wanted in JOBS.items():
        assert {key: found[name][key] for key in wanted} == wanted
    assert before.keys() < found.keys()
    assert all(found[name]["enabled"] == 0 for name in before), "what is not ours stays as it is"

    lab.forget()
    stack("preview", "--expect-no-changes")
    asked = lab.requests()
    # Jobs, storages and a look at the host; one listing while entries of the inventory wait for an archive, and one of
    # the guests while a backup waits for one of them.
    assert len(asked) <= 5, [r.get("command", r.get("path")) for r in asked]
    assert homebackup("drift") == (0, "")

    lab.run("pvesh set /cluster/backup/backup-home-p0-daily --prune-backups keep-last=1")
    lab.run("pvesh set /cluster/backup/backup-home-p1-daily --enabled 0")
    lab.run(
        "umount /mnt/nas-backups && mount -t nfs -o hard 10.0.0.150:/volume1/backups/proxmox_backups /mnt/nas-backups"
    )
    stack("preview", "--expect-no-changes", exits=7)
    code, said = homebackup("drift")
    assert code == 7
    assert said.splitlines() == [
        "NFS mount /mnt/nas-backups: the export is mounted with hard instead of soft, timeo=600 instead of 150, "
        "retrans=2 instead of 3",
        "vzdump job backup-home-p0-daily: prune-backups is keep-last=1, declared keep-last=3",
        "vzdump job backup-home-p1-daily: enabled is no, declared yes",
    ]
    stack("up", "--yes", "--skip-preview")
    stack("preview", "--expect-no-changes")
    assert ",soft," in lab.run("grep nas-backups /proc/mounts")

    archive = "/mnt/nas-backups/dump/vzdump-qemu-100-2026_11_01-03_00_00.vma.zst"
    lab.run(f"mkdir -p /mnt/nas-backups/dump && echo archive > {archive}")
    lab.forget()
    stack("destroy", "--yes", "--skip-preview")
    assert lab.run("cat /etc/fstab") == fstab, "every byte is back"
    assert {job["id"] for job in get(lab, "/cluster/backup")} == before.keys()
    lab.run("mount -t nfs -o soft 10.0.0.150:/volume1/backups/proxmox_backups /mnt/nas-backups")
    assert lab.run(f"cat {archive}") == "archive\n", "no archive is deleted"


def test_what_exists_and_is_equal_is_taken_over(stack: Stack, lab: Lab) -> None:
    stack("up", "--yes", "--skip-preview")
    stack("state", "delete", "--all", "--yes", "--force", exits=None)
    fresh = Stack.init(stack.project, stack.project.parent / "second", "lab")
    lab.forget()
    said = fresh("up", "--yes", "--skip-preview").stdout
    assert (
        len({line.partition(": ")[0] for line in said.splitlines() if line.startswith("    ") and "taken over" in line})
        == 15
    )
    assert changes(lab) == [], "adoption writes nothing"
    fresh("preview", "--expect-no-changes")


def test_what_exists_and_is_different_stops_with_the_import_line(stack: Stack, lab: Lab) -> None:
    lab.run("pvesh create /cluster/backup --id backup-home-p0-daily --vmid 100 --schedule 05:00 --storage local")
    ran = stack("preview", exits=None)
    said = ran.stdout + ran.stderr
    assert ran.exit != 0
    assert "schedule is 05:00, declared 03:00" in said
    assert "pulumi import homebackup:index:VzdumpJob p0 backup-home-p0-daily --parent" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("kind", "alias", "name"),
    [
        ("NfsMount", "nas", "/mnt/nas-backups"),
        ("DirStorage", "nas-backups", "nas-backups"),
        ("VzdumpJob", "p0", "backup-home-p0-daily"),
    ],
)
def test_import_makes_the_next_preview_empty(stack: Stack, lab: Lab, kind: str, alias: str, name: str) -> None:
    stack("up", "--yes", "--skip-preview")
    component = {"NfsMount": "NasMount", "DirStorage": "StorageEntry", "VzdumpJob": "BackupTier"}[kind]
    parent = f"urn:pulumi:lab::home-backup::homebackup:components:HomeBackup$homebackup:components:{component}"
    urn = f"{parent}$homebackup:index:{kind}::{alias}"
    stack("state", "delete", urn, "--yes", "--force", "--target-dependents")
    lab.forget()
    taken = ("--parent", f"parent={parent}::{alias}", "--yes", "--protect=false", "--generate-code=false")
    stack("import", f"homebackup:index:{kind}", alias, name, *taken)
    stack("up", "--yes", "--skip-preview")
    assert changes(lab) == [], "an import writes nothing, nor does what follows it"
    stack("preview", "--expect-no-changes")
