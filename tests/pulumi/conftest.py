"""A stack of this repository's project for every test that asks for one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pulumi.cli import Stack
from tests.running_lab import Lab

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def stack(tmp_path: Path, lab: Lab) -> Stack:
    """The stack `lab` of the project, on this test's lab, in a folder of its own where a test may change anything."""
    return on_the_lab(tmp_path, lab)


def on_the_lab(tmp_path: Path, lab: Lab) -> Stack:
    """Such a stack, made in a folder."""
    project = tmp_path / "project"
    project.mkdir()
    for file in ROOT.glob("Pulumi*.yaml"):
        text = re.sub(r"(?m)^encryptionsalt: .*\n", "", file.read_text())  # of a passphrase that is not the tests'
        (project / file.name).write_text(text.replace(".lab/ready.json", str(lab.ready)))
    for entry in ("__main__.py", "components", "homebackup", "provider", "pverules"):
        (project / entry).symlink_to(ROOT / entry)
    return Stack.init(project, tmp_path / "state", "lab")
