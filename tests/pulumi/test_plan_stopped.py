"""A plan that `pulumi up` would stop at is shown with what stops it, and tells so by its exit code."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.pulumi.cli import Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

PROGRAM = """
import pulumi
from homebackup.engine.program import NfsMount

mount = NfsMount(
    "nas", target="/mnt/nas-backups", server="10.0.0.150", export="/volume1/backups/proxmox_backups", options=[{0}]
)
pulumi.log.info("unknown: what a program says by itself")
pulumi.log.info("pulumi up will do:\\n  nothing of that kind", mount)
"""
INSIDE = "/mnt/nas-backups/inside"
IN_USE = f"in use: /mnt/nas-backups is in use by the mount {INSIDE}; let it end and run this again"
OFF = "unknown: the NAS 10.0.0.150 does not answer on its NFS port; switch it on and run this again"


def plan(stack: Stack, *options: str) -> tuple[int, str]:
    """The exit code and the output of `homebackup plan`."""
    command = [sys.executable, "-m", "homebackup.commands", "plan", "--stack", stack.name, *options]
    done = subprocess.run(
        command, cwd=stack.project, env=stack.environment, capture_output=True, text=True, check=False, timeout=180
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_what_is_in_use_or_cannot_be_seen_stops_a_change_and_a_deletion(stack: Stack, lab: Lab) -> None:
    program = stack.project / "__main__.py"
    program.unlink()
    program.write_text(PROGRAM.format("'soft'"))
    stack("up", "--yes", "--skip-preview")
    assert plan(stack)[0] == 0
    lab.run(f"mkdir {INSIDE} && mount -t tmpfs none {INSIDE}")
    program.write_text(PROGRAM.format("'soft', 'timeo=150'"))
    code, said = plan(stack)
    assert (code, said.splitlines()[-1]) == (1, IN_USE)
    assert r"  # systemctl restart 'mnt-nas\x2dbackups.mount'" in said.splitlines()
    code, said = plan(stack, "--json")
    assert (code, json.loads(said)["inUse"], json.loads(said)["unknown"]) == (1, [IN_USE], [])
    lab.run(f"umount {INSIDE}")
    assert plan(stack)[0] == 0
    lab.run("umount -l /mnt/nas-backups")
    lab.control("/nas", {"power": "off"})
    code, said = plan(stack)
    assert (code, OFF in said.splitlines()) == (3, True), said
    lab.control("/nas", {"power": "on"})
    lab.run(f"mount /mnt/nas-backups && mount -t tmpfs none {INSIDE}")
    program.write_text("")
    code, said = plan(stack)
    assert (code, said.splitlines()[-1]) == (1, IN_USE)
    assert r"  # systemctl stop 'mnt-nas\x2dbackups.mount'" in said.splitlines()
