"""Processes that end with the one that started them, however that ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path


def run(*command: str, timeout: float = 60) -> str:
    """What a command prints; raises CalledProcessError when it fails."""
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout)
    return done.stdout


class Started:
    """A process with all its children: it is gone when `kill` returns, or at the latest when its parent is."""

    def __init__(self, command: list[str], log: Path, cwd: Path) -> None:
        # A pid namespace of its own takes every child along; the kernel ends it when this process ends.
        bound = ["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child=KILL", *command]
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                bound, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def ended(self, seconds: float) -> bool:
        """Whether it ends by itself within so many seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return not self.runs

    def kill(self) -> None:
        """End it at once, without a word to it: a power cut."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        with contextlib.suppress(OSError):  # the first of the pid namespace; all others end with it
            for pid in children.read_text().split():
                os.kill(int(pid), signal.SIGKILL)
        if not self.ended(5):
            self.process.kill()
            self.process.wait()
