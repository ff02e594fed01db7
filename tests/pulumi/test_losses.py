"""A change that takes archives or cover away: previewed, planned, refused by `up`, and done once it is acknowledged."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.pulumi.cli import Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

SITE = "home-backup:site"
P0, P1 = "backup-home-p0-daily", "backup-home-p1-daily"
REFUSED = "nobody said that this is meant"


def plan(stack: Stack) -> tuple[int, dict[str, Any]]:
    """The exit code of `homebackup plan` and what it says as JSON."""
    command = [sys.executable, "-m", "homebackup.commands", "plan", "--stack", stack.name, "--json"]
    done = subprocess.run(
        command, cwd=stack.project, env=stack.environment, capture_output=True, text=True, check=False, timeout=180
    )
    return done.returncode, json.loads(done.stdout)


def losses(said: dict[str, Any]) -> list[str]:
    return [line for step in said["plan"] for line in step["losses"]]


def put(stack: Stack, path: str, value: str) -> None:
    stack("config", "set", "--path", f"{SITE}.{path}", value)


def jobs(lab: Lab) -> dict[str, Any]:
    return {job["id"]: job for job in json.loads(lab.run("pvesh get /cluster/backup --output-format json"))}


def writes(lab: Lab) -> list[str]:
    return [
        r["command"] for r in lab.requests("ssh") if any(f"pvesh {verb} " in r["command"] for verb in ("set", "delete"))
    ]


def test_a_loss_is_told_and_refused_until_it_is_acknowledged(stack: Stack, lab: Lab) -> None:
    stack("up", "--yes", "--skip-preview")
    for _ in range(3):
        lab.control("/clock", {"advance": 86400})
    put(stack, "tiers.p0.retention.keep-last", "1")
    lab.forget()
    previewed = stack("preview").stdout
    assert f"the run of {P0} on" in previewed
    assert "prunes 2 archives of guest 100" in previewed
    assert f"write acknowledge: [{P0}]" in previewed
    code, said = plan(stack)
    assert (code, len(said["refused"])) == (1, 1)
    assert sum(line.startswith("  nas-backups: vzdump-") for line in losses(said)) == 4
    ran = stack("up", "--yes", "--skip-preview", exits=None)
    assert ran.exit not in (0, 7)
    assert REFUSED in ran.stdout + ran.stderr
    assert writes(lab) == []
    put(stack, "acknowledge[0]", P0)
    stack("up", "--yes", "--skip-preview")
    assert len(writes(lab)) == 1
    stack("config", "rm", "--path", f"{SITE}.acknowledge")
    stack("preview", "--expect-no-changes")

    put(stack, "tiers.p0.retention.keep-last", "9")
    put(stack, "tiers.p0.guests[2]", "103")
    stack("config", "rm", "--path", f"{SITE}.tiers.p1")
    code, said = plan(stack)
    assert (code, losses(said)) == (0, []), "a guest that moves to another tier keeps its cover"
    stack("config", "rm", "--path", f"{SITE}.tiers.p0.guests[2]")
    put(stack, "guests.103.deferred", "it is being rebuilt")
    code, said = plan(stack)
    assert losses(said) == ["guest 103 loses its cover: no enabled job has it any more"]
    assert code == 1
    lab.forget()
    ran = stack("up", "--yes", "--skip-preview", exits=None)
    assert REFUSED in ran.stdout + ran.stderr
    assert not any("pvesh delete" in command for command in writes(lab))
    put(stack, "acknowledge[0]", P1)
    stack("up", "--yes", "--skip-preview")
    assert P1 not in jobs(lab)
    stack("destroy", "--yes", "--skip-preview")
    assert P0 not in jobs(lab)
