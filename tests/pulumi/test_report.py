"""`homebackup report` and `homebackup serve` as an owner starts them, on a stack of the real Pulumi CLI."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.commands.living_site import settle
from tests.pulumi.cli import Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi


def command(stack: Stack, *words: str) -> list[str]:
    return [sys.executable, "-m", "homebackup.commands", *words, "--stack", stack.name]


def run(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(stack, *words),
        cwd=stack.project,
        env=stack.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


def ask(address: str) -> str:
    """What is answered once the first look is done."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=20) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as wait:
            wait.close()
            if wait.code != 503 or time.monotonic() > deadline:
                raise


def test_a_report_is_written_and_served(stack: Stack, lab: Lab) -> None:
    settle(lab)
    ran = run(stack, "report", "--html", "report.html", "--markdown", "report.md", "--exit-code")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "All 5 backups are well" in (stack.project / "report.html").read_text()
    assert "**All 5 backups are well.**" in (stack.project / "report.md").read_text()
    serving: Any = subprocess.Popen(
        command(stack, "serve", "--port", "0"),
        cwd=stack.project,
        env=stack.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    with serving:
        try:
            address = serving.stdout.readline().split()[1].rstrip(",")
            assert "All 5 backups are well" in ask(address)
            assert 'homebackup_worst{site="home",state="well"} 1.0' in ask(f"{address}metrics")
            serving.send_signal(signal.SIGINT)
            assert serving.wait(30) == 0
        finally:
            serving.kill()


def test_nothing_is_served_to_others_without_a_token(stack: Stack) -> None:
    ran = run(stack, "serve", "--host", "0.0.0.0")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(
        "serving at 0.0.0.0: others could reach it, and there is no token; put one into a file"
    )
