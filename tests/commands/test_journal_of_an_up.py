"""The journal of a real `pulumi up` on the lab: complete, without a secret, and no up without it."""

from __future__ import annotations

import pytest

from homebackup.world.journal import entries, place
from tests.pulumi.cli import Stack
from tests.pulumi.conftest import stack as project
from tests.running_lab import Lab

__all__ = ["project"]
pytestmark = pytest.mark.pulumi


def test_no_up_without_a_journal(project: Stack, lab: Lab) -> None:
    project.environment["HOMEBACKUP_JOURNAL"] = "/dev/full"
    before = lab.run("cat /etc/fstab /etc/pve/storage.cfg /etc/pve/jobs.cfg")
    done = project("up", "--yes", "--skip-preview", exits=None)
    assert done.exit != 0
    said = " ".join((done.stdout + done.stderr).split())
    assert "journal /dev/full: it cannot be written (No space left on device)" in said
    assert "Traceback" not in said
    assert lab.run("cat /etc/fstab /etc/pve/storage.cfg /etc/pve/jobs.cfg") == before
    project("preview")  # looking needs no journal


def test_each_step_is_kept_and_no_secret(project: Stack, lab: Lab) -> None:
    secrets = [lab.api["password"], lab.api["token"].partition("=")[2]]
    project("config", "set", "homebackup:api", "https")
    project("config", "set", "--secret", "homebackup:password", secrets[0])
    project("up", "--yes", "--skip-preview")
    file = place(project.project)
    read, torn = entries(file)
    assert torn == 0
    begun = [(entry.number, entry.step) for entry in read if entry.event == "begin"]
    assert sorted(number for number, _ in begun) == sorted(entry.number for entry in read if entry.event == "end")
    assert {entry.outcome for entry in read if entry.event == "end"} == {"done"}
    planned = [step for entry in read if entry.event == "plan" for step in entry.steps]
    assert sorted(planned) == sorted(step for _, step in begun), "what does not wait for the other is done at once"
    assert {entry.stack for entry in read} == {"lab"}
    assert sum(step.startswith("POST /cluster/backup ") for _, step in begun) == 3
    text = file.read_text()
    assert not any(secret in text for secret in secrets)

    kept = len(read)
    project("preview")
    project("up", "--yes", "--skip-preview")
    assert len(entries(file)[0]) == kept  # nothing was done, so there is nothing to tell
