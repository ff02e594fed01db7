"""Pulumi's command line played by a script: what counts as a preview, and what is a failure."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from homebackup.world.errors import Failed, Missing
from homebackup.world.pulumi_cli import PulumiCli

Play = Callable[..., PulumiCli]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Pulumi that prints and exits as told, whatever it is asked; what it is asked is kept in `asked`."""

    def made(said: Any = "", exit: int = 0, err: str = "") -> PulumiCli:
        text = said if isinstance(said, str) else json.dumps(said)
        program = tmp_path / "bin" / "pulumi"
        program.parent.mkdir()
        program.write_text(
            f'#!/bin/sh\necho "$@" >{shlex.quote(str(tmp_path / "asked"))}\n'
            f"printf %s {shlex.quote(text)}\nprintf %s {shlex.quote(err)} >&2\nexit {exit}\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        return PulumiCli(tmp_path, "home")

    return made


STEP = {"op": "update", "urn": "urn:pulumi:home::p::homebackup:index:DirStorage::nas", "oldState": {"id": "nas"}}


async def test_a_preview_reads_what_is_there_first(play: Play, tmp_path: Path) -> None:
    preview = await play({"steps": [STEP]}).preview()
    assert [(step.op, step.type, step.id) for step in preview.steps] == [
        ("update", "homebackup:index:DirStorage", "nas")
    ]
    assert (tmp_path / "asked").read_text() == "preview --json --refresh --non-interactive --stack home\n"


async def test_a_folder_of_no_project_is_named_with_what_to_do(play: Play) -> None:
    pulumi = play("", 255, "error: no Pulumi.yaml project file found (searching upwards from /x). If you have not ...")
    with pytest.raises(Missing, match=r"no Pulumi.yaml is there or in a folder above; go to .* with --cwd"):
        await pulumi.config()


ERROR = {"severity": "error", "message": "error: Preview failed: no such host"}
FAILURES: dict[str, tuple[Any, int, str, str]] = {
    # what it prints, its exit code, what it prints on standard error, what is said
    "nothing said": ({"steps": []}, 255, "", "it ended with exit code 255"),
    "said beside": ({"steps": []}, 1, "error: the engine went away", "the engine went away"),
    "said inside": ({"steps": [], "diagnostics": [ERROR]}, 255, "", "no such host"),
    "said inside, and no failure": ({"steps": [], "diagnostics": [ERROR]}, 0, "", "no such host"),
    "no JSON": ("Updating", 0, "", "it printed no JSON: Updating"),
    "no JSON and a failure": ("", 1, "error: no stack named 'x' found", "no stack named 'x' found"),
    "locked": ("", 1, "error: the stack is currently locked by 1 lock(s)", "run `homebackup recover`"),
}


@pytest.mark.parametrize(("said", "exit", "err", "told"), FAILURES.values(), ids=FAILURES.keys())
async def test_a_preview_that_failed_is_none(play: Play, said: Any, exit: int, err: str, told: str) -> None:
    with pytest.raises(Failed) as failed:
        await play(said, exit, err).preview()
    assert str(failed.value).startswith("pulumi preview: ")
    assert told in str(failed.value)


async def test_the_secret_texts_of_a_kind_are_told_in_plain(play: Play) -> None:
    ours, other = {"plaintext": '["one", "two"]'}, {"plaintext": '["of another"]'}
    resources = [
        {"type": "homebackup:index:HomeAssistantBackup", "outputs": {"keptKeys": ours}},
        {"type": "homebackup:index:HomeAssistantBackup", "outputs": {}},
        {"type": "homebackup:index:HomeAssistantMount", "outputs": {"keptKeys": other}},
        {"type": "pulumi:pulumi:Stack"},
    ]
    pulumi = play({"deployment": {"resources": resources}})
    assert await pulumi.secret_outputs("HomeAssistantBackup", "keptKeys") == ["one", "two"]


async def test_a_command_that_failed_says_what_pulumi_said(play: Play) -> None:
    with pytest.raises(Failed, match=r"^pulumi config: passphrase must be set; correct that") as failed:
        await play("", 3, "error: passphrase must be set").config()
    assert failed.value.exit == 3


async def test_no_pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing, match="not on PATH"):
        await PulumiCli(tmp_path).name()
