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
OF_DSM = ("lab/test_dsm.py", "world/test_dsm.py", "lifecycle/test_nfs_export.py", "lifecycle/test_hyper_backup_task.py")
"""What is tried of a Synology NAS, which no test ever met: on the lab's double of it."""
COMMANDS = {"pg_ctlcluster": "postgresql", "sqlite3": "sqlite3", "age": "age"}
"""What the tests of dumps call, and the Debian package that brings it."""


def main(arguments: list[str]) -> int:
    """The exit code; without Home Assistant its tests are not run, which is said loudly."""
    left_out = []
    core = f"home assistant {home_assistant.VERSION} real"
    try:
        packages.install(COMMANDS)
        home_assistant.program()
    except (home_assistant.NoPython, home_assistant.Failed) as absent:
        _say(f"apps: THE TESTS OF HOME ASSISTANT ARE NOT RUN: {absent}")
        left_out.append(f"--ignore-glob={OF_HOME_ASSISTANT}")
        core = "home assistant NOT RUN"
    except packages.Unavailable as failed:
        _say(f"apps: FAILED: {failed}")
        return 1
    quietly = ("-p", "no:cacheprovider", "--quiet")
    code = int(pytest.main(["-m", "apps", *quietly, *left_out, *arguments, str(HERE)]))
    code = code or int(pytest.main([*quietly, *(str(HERE.parent / file) for file in OF_DSM)]))
    _say(f"apps: {'passed' if code == 0 else 'FAILED'}")
    _say(f"{core}, postgresql {postgresql.programs().parent.name} real, sqlite real, dsm double")
    return code


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
