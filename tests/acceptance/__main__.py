"""`python -m tests.acceptance`: try everything on a real kernel, systemd, sshd and NFS, and leave nothing behind.

Each folder with tests is a lane: it has a network, a NAS and a host of its own, and the lanes run at the same time.
Arguments go to pytest.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.acceptance import network, packages
from tests.acceptance.figures import Figures
from tests.acceptance.image import image

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def main(arguments: list[str]) -> int:
    """Run the lanes that the arguments name, all unless they name one; the exit code."""
    lanes = sorted({test.parent.name for test in HERE.glob("*/test_*.py")})
    chosen = [lane for lane in lanes if any(lane in argument.split("/") for argument in arguments)] or lanes
    began = time.monotonic()
    try:
        packages.provide()
        image()
    except packages.Unavailable as unavailable:
        print(f"acceptance: skipped: {unavailable}")
        return 0
    except subprocess.CalledProcessError as failed:
        said = (failed.stderr or failed.stdout or "nothing").strip().splitlines()[-1]
        print(f"acceptance: skipped: the host's disk cannot be built, {failed.cmd[0]} said: {said}")
        return 0
    built = time.monotonic() - began
    code = _run(chosen, arguments, built)
    print(f"acceptance: {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s")
    return code


def _run(lanes: list[str], arguments: list[str], built: float) -> int:
    network.sweep()
    networks: dict[str, network.Network] = {}
    running: dict[str, subprocess.Popen[bytes]] = {}
    with tempfile.TemporaryDirectory(prefix="homebackup-") as folder:
        try:
            for lane in lanes:
                networks[lane] = network.Network.create(lane)
            for lane in lanes:
                running[lane] = _start(lane, networks[lane], Path(folder), arguments)
            codes = {lane: process.wait() for lane, process in running.items()}
        finally:
            for process in running.values():
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                    process.wait(60)
            for net in networks.values():
                net.remove()
        for lane in lanes:
            print(f"--- {lane}\n{(Path(folder) / lane).read_text(errors='replace').rstrip()}")
        print(f"--- measured\n{built:7.1f} s  packages and disk image (once)")
        print("\n".join(Figures.lines([Path(folder) / f"{lane}.json" for lane in lanes])))
    return max(codes.values())


def _start(lane: str, net: network.Network, folder: Path, arguments: list[str]) -> subprocess.Popen[bytes]:
    given = [argument for argument in arguments if lane in argument.split("/")] or [str(HERE / lane)]
    options = [argument for argument in arguments if argument.startswith("-")]
    command = [sys.executable, "-m", "pytest", "-m", "acceptance", "-p", "no:cacheprovider", *options, *given]
    environment = {
        **os.environ,
        "HOMEBACKUP_LAN": net.name,
        "HOMEBACKUP_FIGURES": str(folder / f"{lane}.json"),
        "PYTHONUNBUFFERED": "1",
    }
    with (folder / lane).open("wb") as output:
        return subprocess.Popen(
            [*net.entering(), *command], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
