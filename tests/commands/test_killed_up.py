"""A `pulumi up` that is killed in the middle, with the real Pulumi CLI on the lab: told, cleared, and gone on from."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from homebackup.model.receipts import Entry
from homebackup.world.journal import entries, place
from homebackup.world.processes import lives
from tests.pulumi.cli import PATIENCE, Stack
from tests.pulumi.conftest import stack as project
from tests.running_lab import Lab

__all__ = ["project"]
pytestmark = pytest.mark.pulumi

Verb = Callable[..., tuple[int, str]]


@pytest.fixture
def homebackup(project: Stack) -> Verb:
    """Runs a verb of the command line in the project; its exit code and all it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "homebackup.commands", *arguments],
            cwd=project.project,
            env=project.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def up(project: Stack) -> Iterator[subprocess.Popen[bytes]]:
    """A `pulumi up` under way; what is left of it at the end is ended."""
    command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--color=never"]
    with subprocess.Popen(
        command,
        cwd=project.project,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        yield running
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)


async def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 -- a file and a process table tell nobody of a change
            await asyncio.sleep(0.05)
    assert condition(), what


def begun(project: Path, step: str) -> Entry | None:
    """The step that begins like this and has no end yet."""
    read, _ = entries(place(project))
    ended = {entry.number for entry in read if entry.event == "end"}
    return next((e for e in read if e.event == "begin" and e.step.startswith(step) and e.number not in ended), None)


@pytest.fixture
def hanging(lab: Lab, request: pytest.FixtureRequest) -> str:
    """The lab never answers this step, before or after doing it."""
    when, pattern, step = request.param
    lab.control("/faults", {"on": "ssh", "command": pattern, "when": when, "effect": "hang"})
    return str(step)


@pytest.mark.parametrize(
    "hanging",
    [
        ("before", "*pvesh create /storage*", "POST /storage"),
        ("after", "*pvesh create /cluster/backup*", "POST /cluster/backup"),
        ("before", "*systemctl restart*mount*", "# systemctl restart"),
    ],
    indirect=True,
    ids=["not done", "done without an answer", "half-made mount"],
)
async def test_a_killed_up_is_told_cleared_and_gone_on_from(
    hanging: str, up: subprocess.Popen[bytes], project: Stack, homebackup: Verb
) -> None:
    folder = project.project
    await until(lambda: begun(folder, hanging) is not None, "the step began")

    code, said = homebackup("recover")
    assert code == 1, said
    assert f"process {up.pid} " in said
    assert "still runs; wait until it has ended" in said
    assert up.poll() is None

    step = begun(folder, hanging)
    assert step is not None
    up.kill()
    up.wait()
    await until(lambda: not lives(step.process, datetime.now(UTC)), "the provider ends with its engine", 30)

    code, said = homebackup("receipts", "--last", "1")
    assert code == 0
    assert (
        f"Cut off in the middle, so it may or may not have been done:\n\n```text\n{step.step.splitlines()[0]}\n```"
        in said
    )

    locked = project("up", "--yes", "--skip-preview", exits=None)
    assert locked.exit != 0
    assert "currently locked" in locked.stdout + locked.stderr

    code, said = homebackup("recover")
    assert code == 0, said
    assert f"process {up.pid} " in said
    assert "it is gone" in said
    assert "was cut off while creating" in said

    done = project("up", "--yes", "--skip-preview")
    assert "pending" not in (done.stdout + done.stderr).lower()
    project("preview", "--expect-no-changes")
    assert homebackup("recover") == (0, "stack lab: nothing to recover.\n")

    receipts = homebackup("receipts")[1]
    assert "homebackup recover on stack lab" in receipts
    assert "pulumi cancel --yes" in receipts


async def test_a_lock_that_cannot_be_judged_needs_force(project: Stack, homebackup: Verb, tmp_path: Path) -> None:
    backend = tmp_path / "state" / "backend"
    lock = backend / ".pulumi" / "locks" / "organization" / "home-backup" / "lab" / "11111111.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(
        '{"pid": 7, "username": "me", "hostname": "another-machine", "timestamp": "2026-11-22T03:00:00.123456789Z"}'
    )
    code, said = homebackup("recover")
    assert code == 1
    assert "whether process 7 of me on another-machine since" in said
    assert said.rstrip().endswith("when it is gone, run homebackup recover --force")
    assert lock.exists()
    code, said = homebackup("recover", "--force")
    assert code == 0, said
    assert not lock.exists()
