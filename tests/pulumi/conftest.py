"""A stack of this repository's project for every test that asks for one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.pulumi.cli import Stack

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """The project in a folder of its own, so that a test may change its configuration; its stack is `lab`."""
    project = tmp_path / "project"
    project.mkdir()
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, project)
    for entry in ("__main__.py", "components", "homebackup", "provider", "pverules"):
        (project / entry).symlink_to(ROOT / entry)
    return Stack.init(project, tmp_path / "state", "lab")
