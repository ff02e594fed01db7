"""`python -m tests.acceptance`: try everything on a real kernel, systemd, sshd and NFS, and leave nothing behind.

Each folder with tests is a lane: it has a network, a NAS and a host of its own, and the lanes run at the same time.
Arguments go to pytest.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.acceptance import network, packages
from tests.acceptance.figures import Figures
from tests.acceptance.image import CACHE, image

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LAST = CACHE / "last"
"""What each lane of the last run said, also while it runs."""


def say(text: str) -> None:
    """Print it at once, also into a log that somebody follows."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run the lanes that the arguments name, all unless they name one; the exit code."""
    lanes = sorted({test.parent.name for test in HERE.glob("*/test_*.py")})
    chosen = [lane for lane in lanes if any(lane in argument.split("/") for argument in arguments)] or lanes
    began = time.monotonic()
    try:
        packages.provide()
        image()
    except packages.Unavailable as unavailable:
        say(f"acceptance: skipped: {unavailable}")
        return 0
    except subprocess.CalledProcessError as failed:
        said = (failed.stderr or failed.stdout or "nothing").strip().splitlines()[-1]
        say(f"acceptance: skipped: the host's disk cannot be built, {failed.cmd[0]} said: {said}")
        return 0
    built = time.monotonic() - began
    code = _run(chosen, arguments, built)
    say(f"acceptance: {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s")
    return code


def _run(lanes: list[str], arguments: list[str], built: float) -> int:
    network.sweep()
    LAST.mkdir(exist_ok=True)
    for lane in lanes:
        (LAST / f"{lane}.json").unlink(missing_ok=True)
    networks: dict[str, network.Network] = {}
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for lane in lanes:
            networks[lane] = network.Network.create(lane)
        for lane, cpu in zip(lanes, itertools.cycle(sorted(os.sched_getaffinity(0))), strict=False):
            running[lane] = _start(lane, networks[lane], cpu, arguments)
        return max(process.wait() for process in running.values())
    finally:
        for process in running.values():
            _end(process)
        for net in networks.values():
            net.remove()
        for lane in lanes:
            say(f"--- {lane}\n{(LAST / f'{lane}.log').read_text(errors='replace').rstrip()}")
        say(f"--- measured\n{built:7.1f} s  packages and disk image (once)")
        say("\n".join(Figures.lines([LAST / f"{lane}.json" for lane in lanes])))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let pytest end its machines, and if it does not, end it: they go with it."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start(lane: str, net: network.Network, cpu: int, arguments: list[str]) -> subprocess.Popen[bytes]:
    given = [argument for argument in arguments if lane in argument.split("/")] or [str(HERE / lane)]
    options = [argument for argument in arguments if argument.startswith("-")]
    command = [sys.executable, "-m", "pytest", "-m", "acceptance", "-p", "no:cacheprovider", *options, *given]
    environment = {
        **os.environ,
        "HOMEBACKUP_LAN": net.name,
        "HOMEBACKUP_CPU": str(cpu),
        "HOMEBACKUP_FIGURES": str(LAST / f"{lane}.json"),
        "PATH": os.pathsep.join([str(ROOT / ".tools" / "bin"), os.environ["PATH"]]),
        "PYTHONUNBUFFERED": "1",
    }
    nothing = subprocess.DEVNULL
    with (LAST / f"{lane}.log").open("wb") as log:
        return subprocess.Popen(
            [*net.entering(), *command], cwd=ROOT, env=environment, stdin=nothing, stdout=log, stderr=log
        )


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs, and so pytest, ignore it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
