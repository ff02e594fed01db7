"""A command line that is not understood."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("words", [["drift", "--nope"], ["nope"], ["plan", "too", "many"]], ids=" ".join)
def test_a_usage_error_ends_with_64_and_no_traceback(words: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "homebackup.commands", *words], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 64
    assert "Usage" in ran.stderr
    assert "Traceback" not in ran.stderr
