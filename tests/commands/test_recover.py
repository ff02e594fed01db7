"""`homebackup recover` on locks of every kind; what Pulumi does then is in test_killed_up.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from homebackup.commands import recover
from homebackup.world.errors import Busy, Failed
from homebackup.world.processes import machine
from tests.commands.stack import PlayedStack

URN = "urn:pulumi:home::home-backup::homebackup:components:HomeBackup$homebackup:index:VzdumpJob::p0"
REFRESH = "refresh --yes --skip-preview --non-interactive --clear-pending-creates"


@pytest.fixture
def backend(stack: PlayedStack, tmp_path: Path) -> Path:
    """An empty backend in a folder that the stack is kept in."""
    folder = tmp_path / "state of mine"
    folder.mkdir()
    stack.answers |= {
        "whoami --json --verbose": json.dumps({"user": "me", "url": folder.as_uri()}),
        "stack --show-name --fully-qualify-stack-names": "organization/home-backup/home\n",
        "stack export": json.dumps({"deployment": {}}),
        "cancel --yes": "",
        REFRESH: "",
    }
    return folder


def lock(backend: Path, *, at: str = "organization/home-backup/home", **changes: Any) -> Path:
    said = {"pid": 2**22 + 1, "username": "me", "hostname": machine(), "timestamp": "2026-11-22T03:00:00.123456789Z"}
    file = backend / ".pulumi" / "locks" / at / "1.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(said | changes))
    return file


def changed(stack: PlayedStack) -> list[str]:
    return [said for said in stack.ran if said.startswith(("cancel", "refresh"))]


@pytest.mark.usefixtures("backend")
async def test_a_healthy_stack_is_left_alone(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> None:
    assert await recover._recover(stack, force=False) == 0
    assert capsys.readouterr().out == "stack home: nothing to recover.\n"
    assert changed(stack) == []
    assert stack.journal() == []


@pytest.mark.parametrize("at", ["organization/home-backup/home", "home"])
async def test_a_lock_whose_process_is_gone(
    stack: PlayedStack, backend: Path, at: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lock(backend, at=at)
    assert await recover._recover(stack, force=False) == 0
    assert changed(stack) == ["cancel --yes"]  # nothing was cut off, so the state is right
    assert "it is gone" in capsys.readouterr().out
    assert [(entry.event, entry.outcome) for entry in stack.journal()] == [("begin", ""), ("end", "done")]


async def test_a_lock_on_another_stack_is_none_of_ours(stack: PlayedStack, backend: Path) -> None:
    lock(backend, at="organization/home-backup/other")
    assert await recover._recover(stack, force=False) == 0
    assert changed(stack) == []


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends when its input does."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        yield running
        running.kill()


@pytest.mark.parametrize("force", [False, True])
async def test_a_process_that_lives_keeps_its_lock(
    stack: PlayedStack, backend: Path, child: subprocess.Popen[bytes], force: bool
) -> None:
    lock(backend, pid=child.pid, timestamp=datetime.now(UTC).isoformat())
    with pytest.raises(Busy, match=rf"process {child.pid} .* still runs; wait until it has ended"):
        await recover._recover(stack, force=force)
    child.kill()
    child.wait()
    assert changed(stack) == []
    assert await recover._recover(stack, force=False) == 0


async def test_a_number_that_went_to_another_process(stack: PlayedStack, backend: Path) -> None:
    lock(backend, pid=os.getpid(), timestamp=(datetime.now(UTC) - timedelta(days=3)).isoformat())
    assert await recover._recover(stack, force=False) == 0
    assert changed(stack) == ["cancel --yes"]


@pytest.mark.parametrize("of", [{"hostname": "elsewhere"}, {"pid": "soon"}, {"timestamp": 3}])
async def test_what_cannot_be_judged_from_here_needs_force(
    stack: PlayedStack, backend: Path, of: dict[str, Any]
) -> None:
    lock(backend, **of)
    with pytest.raises(Busy, match=r"cannot be seen from this machine; .* --force"):
        await recover._recover(stack, force=False)
    assert changed(stack) == []
    assert await recover._recover(stack, force=True) == 0
    assert changed(stack) == ["cancel --yes"]


@pytest.mark.usefixtures("backend")
async def test_a_state_that_is_in_no_folder_needs_force(stack: PlayedStack) -> None:
    stack.answers["whoami --json --verbose"] = json.dumps({"url": "https://app.pulumi.com/me"})
    with pytest.raises(Busy, match=r"not kept in a folder.* --force"):
        await recover._recover(stack, force=False)
    assert changed(stack) == []
    assert await recover._recover(stack, force=True) == 0
    assert changed(stack) == ["cancel --yes"]


@pytest.mark.usefixtures("backend")
async def test_what_was_cut_off_is_named_and_cleared(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> None:
    operations = [{"resource": {"urn": URN}, "type": "creating"}]
    stack.answers["stack export"] = json.dumps({"deployment": {"pending_operations": operations}})
    assert await recover._recover(stack, force=False) == 0
    assert changed(stack) == [REFRESH]
    assert "VzdumpJob p0 was cut off while creating" in capsys.readouterr().out

    stack.answers[REFRESH] = Failed("pulumi refresh", "the host is away", "switch it on")
    with pytest.raises(Failed, match="switch it on, with homebackup recover once more"):
        await recover._recover(stack, force=False)
    assert stack.journal()[-1].outcome == "failed"
