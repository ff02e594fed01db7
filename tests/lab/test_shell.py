"""The lab's shell and coreutils against the machine's own: same script, same output, same exit code."""

import os
import subprocess
from pathlib import Path

import pytest

from lab.node.layout import lay_out
from lab.node.machine import Machine
from lab.node.root import Root
from tests.lab.shell_scripts import BASH_ONLY, BOTH, COREUTILS

ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/root", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def real(shell: str, script: str, folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [shell, "-c", script],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        timeout=20,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


async def simulated(shell: str, script: str, folder: Path) -> tuple[int, str]:
    machine = Machine(Root(folder))
    lay_out(machine.root, "pve", machine.commands, {})
    machine.root.write("/script", script.encode())
    code, out, _ = await machine.shell(
        f'mkdir /w; cd /w; export TZ=UTC LC_ALL=C.UTF-8; exec {shell} -c "$(cat /script; echo .)"'.replace(
            "; echo .", ""
        )
    )
    return code, out.decode("utf-8", "replace")


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("shell", ["dash", "bash"])
async def test_a_script_says_the_same_as_under_a_real_shell(name: str, shell: str, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    assert await simulated(shell, BOTH[name], tmp_path / "lab") == real(shell, BOTH[name], tmp_path / "real")


@pytest.mark.parametrize("name", COREUTILS)
async def test_a_command_says_the_same_as_the_real_one(name: str, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    assert await simulated("sh", COREUTILS[name], tmp_path / "lab") == real("sh", COREUTILS[name], tmp_path / "real")


@pytest.mark.parametrize("name", BASH_ONLY)
async def test_what_only_bash_knows(name: str, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    assert await simulated("bash", BASH_ONLY[name], tmp_path / "lab") == real(
        "bash", BASH_ONLY[name], tmp_path / "real"
    )
