"""A lab as a process of its own, reached only through what its ready file says."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
START = 20.0
"""Seconds that a lab may take to be ready on a busy machine."""


@dataclass(frozen=True)
class Lab:
    """A running lab: its ready file, what that says, and its control."""

    ready: Path
    facts: dict[str, Any]
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder: Path, fixture: str = "home") -> Self:
        """Start a lab whose ready file, log and state lie in `folder`, and return it when it serves."""
        ready, log = folder / "ready.json", folder / "log"
        command = [sys.executable, "-m", "lab", "--ready", str(ready), "--state", str(folder / "state")]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "--fixture", fixture],
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            return cls(ready, _wait(ready, process), process)
        except TimeoutError as error:
            cls(ready, {}, process).stop()
            raise AssertionError(f"{error}; it said: {log.read_text()}") from None

    @property
    def serves(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def unexport(self, export: str) -> None:
        """Let the NAS forget an export until the next reset; what is mounted from it is stale then."""
        shutil.rmtree(self.ready.parent / "state" / "nas" / export.strip("/"))

    @property
    def ssh(self) -> dict[str, Any]:
        """How to reach the host: host, port, user, identity_file, known_hosts."""
        return dict(self.facts["ssh"])

    @property
    def api(self) -> dict[str, Any]:
        """How to reach the API: url, user, password, token, fingerprint."""
        return dict(self.facts["api"])

    def control(self, path: str, body: object = None, method: str = "POST") -> Any:
        """Ask the lab's control for something, for example `control("/nas", {"power": "off"})`; return its answer."""
        asked = urllib.request.Request(
            f"{self.facts['control']['url'].rstrip('/')}{path}",
            data=None if method in {"GET", "DELETE"} else json.dumps(body or {}).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from None

    def run(self, script: str) -> str:
        """Run a script as somebody at the node's console, who must succeed; return what it printed."""
        ran = self.control("/run", {"script": script})
        assert ran["exit"] == 0, f"{script} exited {ran['exit']}: {ran['stderr']}"
        return str(ran["stdout"])

    def requests(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Every API request and ssh command since the last `forget`, or those of one kind: "api" or "ssh"."""
        seen: list[dict[str, Any]] = self.control("/requests", method="GET")
        return [request for request in seen if kind in {None, request["kind"]}]

    def forget(self) -> None:
        """Empty the list of requests."""
        self.control("/requests", method="DELETE")

    def reset(self) -> None:
        """Back to the fixture, waiting as long as in reality, with no request seen."""
        self.control("/reset")
        self.control("/patience", {"scale": 1.0})
        self.forget()

    def stop(self) -> None:
        """End the process: politely, and after ten seconds at once."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _wait(ready: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        if ready.exists():
            with contextlib.suppress(json.JSONDecodeError):  # half written
                return dict(json.loads(ready.read_text()))
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise TimeoutError(f"the lab ended with exit code {process.wait(0.02)} before it was ready")
    raise TimeoutError(f"the lab was not ready after {START:.0f} s")
