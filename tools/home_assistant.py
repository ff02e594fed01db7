"""Prepares a real Home Assistant Core for tests, in .tools/home-assistant; a second run finds it in place.

Home Assistant 2025.4.4 is the last that takes Python 3.13.0; later ones ask for 3.13.2.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".tools" / "home-assistant"
VERSION = "2025.4.4"
PYTHON = "3.13"
FIRST_BOOT = 240.0
"""Seconds that the first boot may take, which installs what its default parts ask for."""
ASKED_FOR = ("home-assistant-frontend==20250411.0", "pyotp==2.8.0", "PyQRCode==1.2.1")
"""What its parts ask for at the first boot, when another installer than pip would fetch it."""
SYSTEMS_TRUST = {**os.environ, "UV_NATIVE_TLS": "true"}
"""Its own installer asks the package index as pip does, by the certificates that this system trusts."""
BOOTED = "Home Assistant initialized"
"""What its log says when all parts are set up."""
CONFIGURATION = "http: {server_host: 127.0.0.1, server_port: 0}\nbackup:\nfrontend:\nlogger: {default: info}\n"


class NoPython(Exception):
    """There is no Python that this Home Assistant runs on."""


class Failed(Exception):
    """It cannot be installed; the text is the sentence for the user."""


def program() -> Path:
    """The `hass` to start, installed first if need be; raises NoPython or Failed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    hass, done = FOLDER / "venv" / "bin" / "hass", FOLDER / "done"
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two at once the second waits, and then finds all done
        if hass.exists() and done.exists() and done.read_text() == f"{VERSION} {hass}\n":
            return hass
        started = time.monotonic()
        _say(f"home assistant: installing {VERSION} into {FOLDER.relative_to(ROOT)}")
        _install(python())
        _boot_once(hass)
        done.write_text(f"{VERSION} {hass}\n")
        _say(f"home assistant: ready after {time.monotonic() - started:.0f} s")
    return hass


def python() -> Path:
    """A Python 3.13, from PATH or pyenv; raises NoPython."""
    for candidate in _candidates():
        asked = [str(candidate), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        ran = subprocess.run(asked, capture_output=True, text=True, check=False)
        if ran.returncode == 0 and ran.stdout.strip() == PYTHON:
            return candidate
    raise NoPython(
        f"no Python {PYTHON} on PATH or in pyenv, which Home Assistant {VERSION} runs on; "
        "install one, for example with pyenv"
    )


def _candidates() -> Iterator[Path]:
    if found := shutil.which(f"python{PYTHON}"):
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{PYTHON}.*/bin/python{PYTHON}"), reverse=True)


def _install(using: Path) -> None:
    venv = FOLDER / "venv"
    _run("make an environment", str(using), "-m", "venv", str(venv))
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    _run("install it", *pip, f"homeassistant=={VERSION}", *ASKED_FOR)


def _boot_once(hass: Path) -> None:
    """Boot it until all parts are set up: it installs what they ask for, and the frontend that a Supervisor needs."""
    with tempfile.TemporaryDirectory() as folder:
        config, log = Path(folder), Path(folder) / "log"
        (config / "configuration.yaml").write_text(CONFIGURATION)
        with log.open("wb") as output:
            booting = subprocess.Popen([str(hass), "-c", folder], stdout=output, stderr=output, env=SYSTEMS_TRUST)
        try:
            _until_booted(booting, log)
        finally:
            booting.terminate()
            booting.wait(60)


def _until_booted(booting: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + FIRST_BOOT
    while BOOTED not in log.read_text(errors="replace"):
        said = log.read_text(errors="replace")
        lost = "failed to initialize" in said or "Unable to install package" in said
        if lost or booting.poll() is not None or time.monotonic() > deadline:
            raise Failed(f"home assistant: its first boot did not end well: {log.read_text(errors='replace')[-600:]}")
        try:
            booting.wait(0.5)
        except subprocess.TimeoutExpired:
            continue


def _run(what: str, *command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        said = (ran.stderr.strip() or ran.stdout.strip() or "it said nothing").splitlines()[-1]
        raise Failed(f"home assistant: could not {what} ({said}); make a package index reachable, run again")


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    try:
        _say(f"home assistant: {program()}")
    except (NoPython, Failed) as failure:
        _say(str(failure))
        sys.exit(1)
