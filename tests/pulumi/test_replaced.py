"""A resource that has to be made anew, with the real CLI: the preview tells what goes with the old one."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.pulumi.cli import Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

ROLE = "pveum acl modify /storage/nas-backups --users homebackup@pve --roles PVEDatastoreUser"
LOST = "the user homebackup@pve loses role PVEDatastoreUser on /storage/nas-backups, which does not come back"


def test_a_storage_at_another_path(stack: Stack, lab: Lab) -> None:
    stack("up", "--yes", "--skip-preview")
    lab.run(ROLE)
    config = stack.project / "Pulumi.lab.yaml"
    config.write_text(config.read_text().replace("target: /mnt/nas-backups", "target: /mnt/other"))
    said = stack("preview").stdout
    assert "DELETE /storage/nas-backups\n" in said
    assert "POST /storage" in said[said.index("DELETE /storage/nas-backups") :]
    assert LOST in said
    assert "exists already" not in said

    ran = subprocess.run(
        [sys.executable, "-m", "homebackup.commands", "plan", "--json"],
        cwd=stack.project,
        env=stack.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    plan = json.loads(ran.stdout)["plan"]
    lines = [line for step in plan for line in step["steps"]]
    assert lines.count("DELETE /storage/nas-backups") == 1
    assert any(line.startswith("# systemctl stop 'mnt-nas") for line in lines), lines
    assert [step["losses"] for step in plan if step["losses"]] == [[LOST]]

    stack("up", "--yes", "--skip-preview")
    assert "/storage/nas-backups" not in lab.run("pveum acl list")
    stack("preview", "--expect-no-changes")
