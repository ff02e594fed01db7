"""The Pulumi that the set-up found runs programs of this environment, on a backend in a folder, without a network."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.pulumi.cli import Stack

pytestmark = pytest.mark.pulumi

PROGRAM = '''"""A resource without a plugin of its own."""
import sys

import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class Remember(ResourceProvider):
    def create(self, props):
        return CreateResult("remembered", props)


class Memory(Resource, name="Memory"):
    pass


Memory(Remember(), "memory", {"text": pulumi.Config().require("text")})
pulumi.export("python", sys.executable)
pulumi.export("secret", pulumi.Output.secret("quiet"))
'''


@pytest.fixture
def trivial(tmp_path: Path) -> Stack:
    project = tmp_path / "trivial"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: trivial\nruntime: python\n")
    (project / "__main__.py").write_text(PROGRAM)
    stack = Stack.init(project, tmp_path / "state", "one")
    stack("config", "set", "text", "first")
    return stack


def test_a_program_is_previewed_applied_and_unchanged_after(trivial: Stack) -> None:
    assert "+ pulumi-python:dynamic:Memory" in trivial("preview", "--diff").stdout
    trivial("up", "--yes", "--skip-preview")
    trivial("preview", "--expect-no-changes")
    outputs = trivial("stack", "output", "--json").json()
    assert Path(outputs["python"]).parent.samefile(Path(sys.executable).parent)
    assert outputs["secret"] == "[secret]"
    assert "quiet" not in trivial("stack", "export").stdout


def test_what_would_change_is_told_by_exit_code_7(trivial: Stack) -> None:
    trivial("up", "--yes", "--skip-preview")
    trivial("config", "set", "text", "second")
    trivial("preview", "--expect-no-changes", exits=7)
