"""With the NAS off, and waits as long as in reality: everything ends soon, says so and changes no state."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.acceptance.outage.test_verbs import BOUND, WITH_THE_NAS_CUT
from tests.pulumi.cli import Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

UNKNOWN = "unknown: the NAS 10.0.0.150 does not answer"


@pytest.fixture
def cut(stack: Stack, lab: Lab) -> Stack:
    """The home stack, brought up before the NAS was switched off."""
    stack("up", "--yes", "--skip-preview")
    verb(stack, "trust", "--yes")
    lab.control("/nas", {"power": "off"})
    lab.forget()
    return stack


def verb(stack: Stack, *arguments: str) -> tuple[int, str]:
    """The exit code of `homebackup ARGUMENTS` in the stack's project, and all it says."""
    done = subprocess.run(
        [sys.executable, "-m", "homebackup.commands", *arguments, "--stack", stack.name],
        cwd=stack.project, env=stack.environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def resources(stack: Stack) -> list[tuple[str, object]]:
    """What the stack has recorded, times left out."""
    return [(r["urn"], r.get("outputs")) for r in stack("stack", "export").json()["deployment"]["resources"]]


def test_every_verb_and_preview_and_refresh_end_soon(cut: Stack, lab: Lab) -> None:
    before, fstab, wrong = resources(cut), lab.run("cat /etc/fstab"), []
    for name, (codes, words) in WITH_THE_NAS_CUT.items():
        began = time.monotonic()
        code, said = verb(cut, *name.split())
        seconds = time.monotonic() - began
        if code not in codes or words not in said or "Traceback" in said or seconds > BOUND:
            wrong.append((name, round(seconds, 1), code, said))
    for arguments in (("preview", "--expect-no-changes"), ("refresh", "--yes", "--skip-preview")):
        began = time.monotonic()
        ran = cut(*arguments)
        seconds = time.monotonic() - began
        if UNKNOWN not in ran.stdout + ran.stderr or seconds > BOUND:
            wrong.append((arguments[0], round(seconds, 1), ran.exit, ran.stdout + ran.stderr))
    assert wrong == []
    assert resources(cut) == before
    assert lab.run("cat /etc/fstab") == fstab
    asked = [r["command"] for r in lab.requests("ssh")]
    assert [c for c in asked if "sha256sum" in c or "systemctl re" in c] == [], "nothing was done on the host"
    lab.control("/nas", {"power": "on"})
    cut("preview", "--expect-no-changes")


def test_a_change_of_the_mount_waits_for_the_nas_and_the_rest_goes_on(cut: Stack, lab: Lab) -> None:
    lab.run("umount -l /mnt/nas-backups; pvesh set /cluster/backup/backup-home-p0-daily --enabled 0")
    cut("preview", "--expect-no-changes", exits=7)
    ran = cut("up", "--yes", "--skip-preview", exits=None)
    assert ran.exit in (0, 1)
    assert "Traceback" not in ran.stdout + ran.stderr
    lab.control("/nas", {"power": "on"})
    cut("up", "--yes", "--skip-preview")
    cut("preview", "--expect-no-changes")
    assert ",soft," in lab.run("grep nas-backups /proc/mounts")
