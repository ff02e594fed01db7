"""One run of the real Pulumi CLI, and a stack that no other test shares."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

PATIENCE = 180.0
"""Seconds that one run of the CLI may take before it counts as hanging."""


@dataclass(frozen=True)
class Ran:
    """What one run of the CLI came to."""

    exit: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.stdout)


@dataclass(frozen=True)
class Stack:
    """A stack of a project, with a backend, a home and a passphrase that no other test shares."""

    project: Path
    environment: dict[str, str]
    name: str

    @classmethod
    def init(cls, project: Path, state: Path, name: str) -> Self:
        """Make an empty stack of the project in a folder; the CLI keeps all it keeps in the folder `state`."""
        backend = state / "backend"
        backend.mkdir(parents=True)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
        stack = cls(
            project,
            inherited
            | {
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                "PULUMI_BACKEND_URL": backend.as_uri(),
                "PULUMI_CONFIG_PASSPHRASE": "only in tests",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_HOME": str(state / "home"),
                "PULUMI_SKIP_UPDATE_CHECK": "true",
            },
            name,
        )
        stack("stack", "init", name)
        return stack

    def __call__(self, *arguments: str, exits: int | None = 0, stdin: str = "") -> Ran:
        """Run `pulumi ARGUMENTS` in the project; fail unless it exits as expected (None: however it likes)."""
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=self.project,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        ran = Ran(done.returncode, done.stdout, done.stderr)
        said = f"pulumi {' '.join(arguments)} exited {ran.exit}\n{ran.stdout}\n{ran.stderr}"
        assert exits in {None, ran.exit}, said
        return ran
