"""The machine that holds the owner's repository: commands on it, and the state of a systemd timer."""

import asyncio
import getpass
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from homebackup.model.steps import Run
from homebackup.model.timer import UNITS
from homebackup.model.verb_timers import Machine
from homebackup.world import local_files
from homebackup.world.errors import Failed, Trouble, Unreachable
from homebackup.world.processes import machine
from homebackup.world.session import Ran

SYSTEM = ("/usr/local/bin", "/usr/bin", "/bin")
"""Where a service finds ssh and what else Pulumi starts."""


def known(folder: Path) -> Machine:
    """The machine without a look at anything; `folder` is the project's."""
    pulumi, python = shutil.which("pulumi"), Path(sys.executable)
    places = (*([Path(pulumi).parent] if pulumi else []), python.parent, *SYSTEM)
    root = os.geteuid() == 0
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Machine(
        machine(),
        getpass.getuser(),
        str(python),
        os.pathsep.join(dict.fromkeys(map(str, places))),
        str(folder.absolute()),
        UNITS if root else f"{home}/systemd/user",
        root,
    )


async def look(folder: Path, unit: str) -> Machine:
    """The machine, and what is there of the units of that name, which is without an ending."""
    here, timer = known(folder), f"{unit}.timer"
    paths = [f"{here.units}/{name}" for name in (f"{unit}.service", timer)]
    files = {path: content for path in paths if (content := await local_files.read(Path(path))) is not None}
    try:
        ran = await run(Run((*here.systemctl, "show", "--property=UnitFileState,ActiveState", timer)))
    except Trouble as trouble:
        return replace(here, files=files, lacking=f"{trouble.subject}: {trouble.said}")
    told = dict(line.partition("=")[::2] for line in ran.text.splitlines())
    state = f"{told.get('UnitFileState', '')}, {told.get('ActiveState', '')}"
    return replace(here, files=files, timers={timer: state})


async def run(step: Run) -> Ran:
    """Run a command; raises Unreachable where there is no such program, Failed for an exit code it does not accept."""
    said = f"`{shlex.join(step.argv)}`"
    try:
        done = await asyncio.to_thread(_run, step)
    except OSError as error:
        remedy = "use a machine with systemd for what is to run by the clock"
        raise Unreachable(f"{step.argv[0]} on {machine()}", f"{error.strerror}", remedy) from None
    except subprocess.TimeoutExpired:
        raise Failed(machine(), f"{said} did not end in {step.timeout:g} s", "see why, and run this again") from None
    ran = Ran(done.returncode, done.stdout, done.stderr)
    if ran.exit not in step.accept:
        told = f"{said} ended with exit code {ran.exit}: {ran.said or 'it printed nothing'}"
        raise Failed(machine(), told, "remove the cause and run this again", exit=ran.exit, stderr=ran.said)
    return ran


def _run(step: Run) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(step.argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=step.timeout, check=False)  # noqa: S603
