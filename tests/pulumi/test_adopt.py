"""What exists, taken over by the file of `homebackup adopt` with the real Pulumi CLI, and nothing written for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.pulumi.cli import Stack
from tests.pulumi.test_main_job import changes
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

Verb = Callable[..., tuple[int, str]]
COMPONENTS = 8
RESOURCES = 15


@pytest.fixture
def fresh(stack: Stack, lab: Lab) -> Stack:
    """The stack without any state, on a site where everything that it declares exists already."""
    stack("up", "--yes", "--skip-preview")
    lab.run("mkdir -p /mnt/nas-backups/dump && touch /mnt/nas-backups/dump/vzdump-qemu-100-2026_10_01-03_00_00.vma.zst")
    made = Stack.init(stack.project, stack.project.parent / "second", "lab")
    lab.forget()
    return made


@pytest.fixture
def homebackup(fresh: Stack) -> Verb:
    """A function that runs a verb of the command line in the project of the stack without state."""

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "homebackup.commands", *arguments]
        done = subprocess.run(
            command, cwd=fresh.project, env=fresh.environment, capture_output=True, text=True, check=False, timeout=180
        )
        return done.returncode, done.stdout + done.stderr

    return run


def states(homebackup: Verb) -> dict[str, str]:
    """The class of each thing that is declared or in a job, by name."""
    code, said = homebackup("audit", "--json")
    assert code == 0, said
    return {item["name"]: item["state"] for item in json.loads(said)["audit"] if item["state"] != "foreign"}


def written(lab: Lab) -> list[str]:
    """What changed something; the script that audits over ssh only looks."""
    return [change for change in changes(lab) if change != "# sh -s"]


def kept(stack: Stack, lab: Lab) -> tuple[str, str]:
    """The files that everything declared is in, on the host and here."""
    here = "".join(file.read_text() for file in sorted((stack.project / ".lab").glob("*.*")))
    return lab.run("cat /etc/fstab /etc/pve/storage.cfg /etc/pve/jobs.cfg"), here


def test_all_that_is_equal_is_adopted_and_the_next_preview_is_empty(fresh: Stack, lab: Lab, homebackup: Verb) -> None:
    before, files = states(homebackup), kept(fresh, lab)
    lab.forget()
    assert list(before.values()).count("equal") == RESOURCES
    code, said = homebackup("adopt")
    assert code == 0, said
    assert "pulumi import --file .homebackup/import.json" in said
    file = fresh.project / ".homebackup" / "import.json"
    resources = json.loads(file.read_text())["resources"]
    assert sum(r.get("component", False) for r in resources) == COMPONENTS
    assert len({r["name"] for r in resources}) == len(resources) == RESOURCES + COMPONENTS
    assert set(states(homebackup).values()) == {"equal", "broken"}

    code, said = homebackup("adopt", "--run")
    assert code == 0, said
    assert f"{RESOURCES} of {RESOURCES} are in the stack's state now" in said
    fresh("preview", "--expect-no-changes")
    assert written(lab) == []
    assert {name for name, state in states(homebackup).items() if state == "managed"} == {
        name for name, state in before.items() if state == "equal"
    }
    code, said = homebackup("adopt", "--run")
    assert (code, said.startswith("There is nothing to adopt")) == (0, True)
    fresh("up", "--yes", "--skip-preview")
    assert written(lab) == [], "neither does an up"
    assert kept(fresh, lab) == files


def test_what_is_different_is_adopted_as_it_is_and_changed_by_an_up(fresh: Stack, lab: Lab, homebackup: Verb) -> None:
    lab.run("pvesh set /cluster/backup/backup-home-p0-daily --schedule 05:00")
    lab.forget()
    code, said = homebackup("adopt", "--run")
    assert code == 0, said
    assert f"{RESOURCES - 1} of {RESOURCES - 1} are" in said
    assert "Left, because it is different: vzdump job backup-home-p0-daily" in said
    code, said = homebackup("adopt", "--different", "--run")
    assert code == 0, said
    assert written(lab) == []
    file = json.loads((fresh.project / ".homebackup" / "import.json").read_text())
    assert [r["name"] for r in file["resources"]] == ["BackupTier p0", "VzdumpJob p0"]
    assert list(file["nameTable"]) == ["HomeBackup home"]
    assert states(homebackup)["backup-home-p0-daily"] == "managed"
    fresh("up", "--yes", "--skip-preview")
    assert written(lab) == ["PUT /cluster/backup/backup-home-p0-daily"]
    fresh("preview", "--expect-no-changes")
    assert homebackup("audit", "--exit-code")[0] == 1  # the seeded job that refers to a storage that is not there
