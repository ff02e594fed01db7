"""`homebackup report` on the lab: what is written, and that its restore lines restore."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from homebackup.commands import report
from homebackup.views import page
from tests.commands.living_site import DECLARED, DUMP, settle
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED


async def test_the_files_stay_as_they_are_while_nothing_changes(
    stack: PlayedStack, lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    lab.run(f"truncate -s 0 $(ls {DUMP}/vzdump-qemu-100-*.zst | tail -n 1)")
    html, markdown = tmp_path / "report.html", tmp_path / "deep" / "report.md"
    assert await report._report(stack, {html: page.html, markdown: page.markdown}, exit_code=True) == 2
    assert capsys.readouterr().out == f"{html}: written\n{markdown}: written\n"
    text = html.read_text()
    assert "1 of 5 backups needs you" in text
    assert "is empty" in text
    assert "vaultwarden of pve" in text
    assert "is empty" in markdown.read_text()
    assert await report._report(stack, {}, exit_code=False) == 0
    assert capsys.readouterr().out.startswith("# Backups of home\n")


async def test_each_guest_is_restored_by_its_line(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    assert await report._report(stack, {}, exit_code=True) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("qmrestore ", "pct restore "))]
    assert len(lines) == 5
    for line in lines:
        words = shlex.split(line)
        lab.run(line)
        vmid = words[2]
        kind = "qm" if words[0] == "qmrestore" else "pct"
        assert "stopped" in lab.run(f"{kind} status {vmid}")


async def test_a_host_that_is_away_is_reported_too(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.stored |= {"sshPort": "1"}
    assert await report._report(stack, {}, exit_code=True) == 3
    out = capsys.readouterr().out
    assert "**5 of 5 backups cannot be seen.**" in out
    assert "The jobs are shown as declared" in out
