"""`pulumi up` killed at some step, as the power cut of a laptop kills it, and what brings the stack back."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pulumi.cli import Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

REACHED = 60.0
"""Seconds in which a run gets to the step at which it is killed."""
ENDING = 20.0
"""Seconds in which our own process ends after its engine."""
FSTAB = "*sha256sum*/etc/fstab*"
STEPS: dict[str, dict[str, Any]] = {
    "before the line is written": {"command": FSTAB, "when": "before"},
    "after the line is written": {"command": FSTAB, "when": "after"},
    "before the mount": {"command": "*systemctl restart*", "when": "before"},
    "after the mount": {"command": "*systemctl restart*", "when": "after"},
    "before the storage is made": {"command": "*pvesh create /storage*", "when": "before"},
    "after the storage is made": {"command": "*pvesh create /storage*", "when": "after"},
    "after the second job is made": {"command": "*pvesh create /cluster/backup*", "when": "after", "skip": 1},
}


def children(process: int) -> list[int]:
    """A process and every process below it."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = [process]
    for parent in found:
        found += [child for child, above in parents.items() if above == parent]
    return found


def command(process: int) -> str:
    """A process's command line; nothing when it has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    return ""


def until(condition: Any, seconds: float, what: str) -> None:
    """Wait until something is true."""
    deadline, tick = time.monotonic() + seconds, subprocess.DEVNULL
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        subprocess.run(["true"], stdout=tick, check=True)


@pytest.fixture
def killed(stack: Stack, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The home stack, whose first `up` was killed at the step that the test names; its provider has ended by itself."""
    lab.control("/faults", {"on": "ssh", "effect": "hang", **STEPS[request.param]})
    arguments = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color=never"]
    with (stack.project / "up.log").open("wb") as log:
        up = subprocess.Popen(arguments, cwd=stack.project, env=stack.environment, stdout=log, stderr=log)
    family: list[int] = [up.pid]
    try:
        until(lambda: any(rule["hits"] for rule in lab.control("/faults", method="GET")), REACHED, "the step")
        until(lambda: any("fault" in r for r in lab.requests("ssh")), REACHED, "what is done before the answer is lost")
        family = children(up.pid)
        os.kill(up.pid, signal.SIGKILL)
        up.wait()
        ours = [p for p in family if "homebackup" in command(p) and "pulumi-language" not in command(p)]
        assert ours, [command(p) for p in family]
        until(lambda: not any(command(p) for p in ours), ENDING, "our own process is gone")
        lab.control("/faults", method="DELETE")
        yield stack
    finally:
        for process in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        up.wait()


@pytest.mark.parametrize("killed", STEPS, indirect=True)
def test_recover_and_the_next_up_bring_the_stack_to_an_empty_preview(killed: Stack, lab: Lab) -> None:
    locked = killed("up", "--yes", "--skip-preview", exits=None)
    assert locked.exit != 0
    assert "locked by 1 lock" in locked.stdout + locked.stderr
    theirs = [line for line in lab.run("cat /etc/fstab").splitlines() if " /mnt/nas-backups " not in line]
    recovered = subprocess.run(
        [sys.executable, "-m", "homebackup.commands", "recover", "--stack", killed.name],
        cwd=killed.project, env=killed.environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert recovered.returncode == 0, recovered.stdout + recovered.stderr
    assert "the lock is cleared" in recovered.stdout
    killed("up", "--yes", "--skip-preview")
    said = killed("preview", "--expect-no-changes")
    assert "pending" not in said.stdout + said.stderr
    fstab = lab.run("cat /etc/fstab")
    assert [line for line in fstab.splitlines() if " /mnt/nas-backups " not in line] == theirs
    assert fstab.count("10.0.0.150:") == 1
    killed("destroy", "--yes", "--skip-preview")
    assert lab.run("cat /etc/fstab").splitlines() == theirs
