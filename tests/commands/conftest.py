"""A stack without Pulumi, and the played site of the tests of the world, for verbs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.stack import PlayedStack
from tests.world.conftest import config, https, no_own_ssh, pem, ssh, stage

__all__ = ["config", "https", "no_own_ssh", "pem", "ssh", "stage"]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlayedStack:
    """An empty stack whose project is in a folder of its own."""
    monkeypatch.delenv("HOMEBACKUP_JOURNAL", raising=False)
    return PlayedStack(tmp_path / "project")
