"""`homebackup receipts` on a journal: which runs, in which form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from homebackup.commands import receipts
from homebackup.model.steps import Plan, Run
from homebackup.world.journal import Journal, place


@pytest.fixture
async def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which two stacks were worked on, one run each, and the second of them is under way."""
    monkeypatch.delenv("HOMEBACKUP_JOURNAL", raising=False)
    plan = Plan((Run(("true",)), Run(("false",))))
    for stack in ("home", "lab"):
        record = Journal(place(tmp_path), "pulumi").of(stack, "storage nas", print)
        await record.plan(plan)
        async with record.step(plan.steps[0]):
            pass
        step = record.step(plan.steps[1])
        await step.__aenter__()
        if stack == "home":
            await step.__aexit__(None, None, None)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], folder: Path, *, last: int | None = None, stack: str | None = None,
        as_json: bool = False) -> str:  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        receipts.verb(last=last, stack=stack, cwd=folder, as_json=as_json)
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_every_run_has_a_receipt(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, folder)
    assert [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith("## ")] == ["home", "lab"]
    assert "Done: all of it." in text
    assert "Begun, and not ended yet:\n\n```text\n# false\n```" in text


def test_the_newest_and_those_of_a_stack(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "stack home" not in run(capsys, folder, last=1)
    assert "stack lab" not in run(capsys, folder, stack="home")


def test_json_says_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, lab = json.loads(run(capsys, folder, as_json=True))["receipts"]
    assert (home["running"], lab["running"]) == (False, True)
    (part,) = lab["parts"]
    assert [(done["step"], done["outcome"]) for done in part["done"]] == [("# true", "done"), ("# false", "")]
    assert part["planned"] == ["# true", "# false"]


def test_nothing_was_done_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, tmp_path).startswith("Nothing was done yet")
    assert json.loads(run(capsys, tmp_path, as_json=True)) == {"receipts": [], "unknown": []}


def test_lines_that_are_no_entries_are_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with place(folder).open("a") as journal:
        journal.write('{"time": "20')
    with pytest.raises(SystemExit):
        receipts.verb(cwd=folder)
    said = capsys.readouterr()
    assert "1 line(s) are no entry" in said.err
    assert said.out.count("## 2") == 2
