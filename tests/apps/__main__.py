"""`python -m tests.apps`: try the programs that make backups of their own; the last line says which were real."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.acceptance import packages
from tests.apps import postgresql
from tools import home_assistant

HERE = Path(__file__).parent
OF_HOME_ASSISTANT = HERE / "test_home_assistant_*.py"
COMMANDS = {"pg_ctlcluster": "postgresql", "sqlite3": "sqlite3", "age": "age"}
"""What the tests of dumps call, and the Debian package that brings it."""


def main(arguments: list[str]) -> int:
    """The exit code; without a Python for Home Assistant its tests are not run, which is said loudly."""
    left_out = []
    core = f"home assistant {home_assistant.VERSION} real"
    try:
        packages.install(COMMANDS)
        home_assistant.program()
    except home_assistant.NoPython as absent:
        _say(f"apps: THE TESTS OF HOME ASSISTANT ARE NOT RUN: {absent}; install one, for example with pyenv")
        left_out.append(f"--ignore-glob={OF_HOME_ASSISTANT}")
        core = "home assistant NOT RUN"
    except (home_assistant.Failed, packages.Unavailable) as failed:
        _say(f"apps: FAILED: {failed}")
        return 1
    code = int(pytest.main(["-m", "apps", "-p", "no:cacheprovider", "--quiet", *left_out, *arguments, str(HERE)]))
    _say(f"apps: {'passed' if code == 0 else 'FAILED'}")
    _say(f"{core}, postgresql {postgresql.programs().parent.name} real, sqlite real, dsm double")
    return code


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
