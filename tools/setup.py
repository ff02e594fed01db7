"""Prepares a clone: the Python environment from the lock file, and Pulumi; a second run finds everything in place."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterable
from pathlib import Path

import find_pulumi

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
TOOLS = ROOT / ".tools"
LOCK = ROOT / "requirements.lock"


class Failed(Exception):
    """A part of the set-up cannot be done; the text is the sentence for the user."""


def main() -> int:
    """Prepare what is missing and return the exit code."""
    if sys.version_info < (3, 11):
        say(f"python: {sys.executable} is older than 3.11; run make PYTHON=python3.11, or a newer one")
        return 1
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two makes at once the second waits, and then finds all done
        try:
            once("python", [LOCK, ROOT / "pyproject.toml"], ENVIRONMENT / "bin" / "python", environment)
            pins = [Path(find_pulumi.__file__), *(ROOT / "tools").glob("*/go.*")]
            once("pulumi", pins, find_pulumi.candidate(TOOLS), pulumi)
        except Failed as failure:
            say(str(failure))
            return 1
    return 0


def once(name: str, sources: Iterable[Path], result: Path | None, make: Callable[[], Path]) -> None:
    """Call `make` unless `result` is there and was made from `sources` as they now are, in this folder."""
    done = TOOLS / f"{name}.done"
    files = [source for source in sorted(sources) if source.is_file()]
    digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in files)).hexdigest()
    if result and result.exists() and done.exists() and done.read_text() == f"{digest} {result}\n":
        return
    started = time.monotonic()
    made = make()
    done.write_text(f"{digest} {made}\n")
    say(f"{name}: ready after {time.monotonic() - started:.0f} s ({made})")


def environment() -> Path:
    """Install what the lock file pins, and this project as it lies here; return the environment's Python."""
    if importlib.util.find_spec("ensurepip") is None:
        raise Failed("python: it has no ensurepip; install the package that holds it (Debian: python3-venv)")
    say("python: installing requirements.lock into .venv")
    if not (ENVIRONMENT / "bin" / "pip").exists():
        venv.create(ENVIRONMENT, with_pip=True)
    pip("--require-hashes", "--requirement", str(LOCK))
    pip("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    return ENVIRONMENT / "bin" / "python"


def pip(*arguments: str) -> None:
    """Run `pip install` in the environment."""
    command = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    ran = subprocess.run([*command, *arguments], capture_output=True, check=False)
    if ran.returncode:
        said = find_pulumi.last_line(ran.stderr)
        raise Failed(
            f"python: pip could not install what is pinned ({said}); make a package index reachable, run again"
        )


def pulumi() -> Path:
    """Find or make the Pulumi CLI and return it."""
    try:
        return find_pulumi.find(TOOLS, say)
    except find_pulumi.Absent as absent:
        raise Failed(str(absent)) from None


def say(line: str) -> None:
    """Print one line at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
