"""A secret that a program hands to a resource is kept, shown and written down as one, in whatever field it stands."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.pulumi.cli import Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

PROGRAM = """
import pulumi
from homebackup.engine.program import VzdumpDefaults, VzdumpJob

hide = pulumi.Output.secret
VzdumpJob(
    "one", job="one", schedule="03:00", vmid=[100], storage="local",
    comment=hide("{0}-comment"), exclude_path=[hide("/{0}-path")], mailto=hide("{0}@example.org"),
)
VzdumpDefaults("node", tmpdir=hide("/var/{0}"), bwlimit=hide({1}))
"""
SECRETS = [("first5e8d7a10", 765431), ("second7f0a1c2d", 765432)]


def verb(stack: Stack, name: str) -> tuple[int, str]:
    """The exit code of a verb in the stack's project, and all it says."""
    command = [sys.executable, "-m", "homebackup.commands", name, "--stack", stack.name]
    done = subprocess.run(
        command, cwd=stack.project, env=stack.environment, capture_output=True, text=True, check=False, timeout=180
    )
    return done.returncode, done.stdout + done.stderr


def test_it_is_in_no_state_no_text_and_no_journal(stack: Stack, lab: Lab) -> None:
    said: list[str] = []

    def pulumi(*arguments: str, exits: int | None = 0) -> None:
        ran = stack(*arguments, exits=exits)
        said.extend([ran.stdout, ran.stderr])

    def told(name: str, exits: int) -> str:
        code, text = verb(stack, name)
        assert code == exits, text
        said.append(text)
        return text

    (stack.project / "__main__.py").unlink()
    for text, number in SECRETS:
        (stack.project / "__main__.py").write_text(PROGRAM.format(text, number))
        pulumi("preview", "--diff")
        pulumi("preview", "--json")
        assert "comment=[secret]" in told("plan", 0)
        pulumi("up", "--yes")
        pulumi("stack", "export")
        assert f"{text}-comment" in lab.run("pvesh get /cluster/backup/one --output-format json")
        assert f"bwlimit: {number}" in lab.run("cat /etc/vzdump.conf")
    pulumi("preview", "--expect-no-changes")
    lab.run("pvesh set /cluster/backup/one --comment other; sed -i 's/bwlimit: .*/bwlimit: 99/' /etc/vzdump.conf")
    assert "comment is [secret], declared [secret]" in told("drift", 7)
    pulumi("refresh", "--yes", "--diff")
    pulumi("up", "--yes", "--diff")
    lab.control("/faults", {"on": "ssh", "command": "*pvesh delete*", "when": "before", "effect": "fail"})
    pulumi("destroy", "--yes", exits=None)
    pulumi("destroy", "--yes")
    said.append(told("receipts", 0))
    said += [path.read_text() for path in (stack.project / ".homebackup").iterdir()]
    said += [path.read_text() for path in (stack.project.parent / "state" / "backend").rglob("*.json*")]
    assert json.dumps(said).count("[secret]") > len(SECRETS)
    found = [(secret, text) for text in said for pair in SECRETS for secret in map(str, pair) if secret in text]
    assert found == []
