"""Finds the Pulumi CLI and its Python language host: on PATH, by the official installer, or built from Go modules."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path

OLDEST = (3, 227, 0)
"""The first release whose `preview --expect-no-changes` exits 7, and nothing else does, when something drifted."""
INSTALLER = "https://get.pulumi.com"
INSTALLED = "3.259.0"
"""The release that the installer is asked for."""
PATIENCE = 5.0
"""Seconds that the installer's host may take to answer."""
BUILT = {
    "pulumi": ("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", "v3.232.0"),
    "language-python": ("github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python", "v3.79.0"),
}
"""What each Go module beside this file builds, and the version its go.mod pins.

Newer releases of the CLI cannot be had as modules, and v3.79.0 is the last whose module holds the language host.
"""
SDK = "github.com/pulumi/pulumi/sdk/v3"
BESIDE = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
"""Scripts in the SDK's module that the language host starts and expects on PATH."""
MODULES = Path(__file__).resolve().parent


class Absent(Exception):
    """Pulumi cannot be had in one way; the text says why."""


def find(root: Path, say: Callable[[str], None]) -> Path:
    """Return the `pulumi` to use, put into `root`/bin when PATH has none that is new enough.

    Raises `Absent` with one sentence that says why each way failed, and the remedy.
    """
    reasons = []
    for way in (from_path, from_installer, from_modules):
        try:
            return way(root, say)
        except Absent as absent:
            reasons.append(str(absent))
    remedy = "install Pulumi (https://www.pulumi.com/docs/install), or Go 1.25 or newer, and run make again"
    raise Absent(f"pulumi: {', '.join(reasons)}; {remedy}")


def candidate(root: Path) -> Path | None:
    """Return the `pulumi` that an earlier run put into `root`/bin, else the one that PATH offers."""
    found = shutil.which("pulumi", path=str(root / "bin")) or shutil.which("pulumi")
    return Path(found) if found else None


def from_path(root: Path, _say: Callable[[str], None]) -> Path:
    """Return the `pulumi` on PATH, not ours, if it is new enough and can run Python programs."""
    places = [place for place in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(place) != root / "bin"]
    found = shutil.which("pulumi", path=os.pathsep.join(places))
    if found is None:
        raise Absent("it is not on PATH")
    places.append(str(Path(found).resolve().parent))
    if shutil.which("pulumi-language-python", path=os.pathsep.join(places)) is None:
        raise Absent(f"{found} has no pulumi-language-python beside it")
    if version(Path(found)) < OLDEST:
        raise Absent(f"{found} is older than {'.'.join(map(str, OLDEST))}")
    return Path(found)


def from_installer(root: Path, say: Callable[[str], None]) -> Path:
    """Run the official installer, told to leave the user's home and shell profile alone."""
    try:
        with urllib.request.urlopen(INSTALLER, timeout=PATIENCE) as answer:
            script = answer.read()
    except OSError as error:
        raise Absent(f"its installer cannot be reached ({getattr(error, 'reason', error)})") from None
    say(f"pulumi: installing {INSTALLED}")
    arguments = ["--version", INSTALLED, "--install-root", str(root), "--no-edit-path"]
    try:
        ran = subprocess.run(
            ["sh", "-s", "--", *arguments], input=script, capture_output=True, check=False, timeout=600
        )
    except subprocess.TimeoutExpired:
        raise Absent("its installer did not end in 10 minutes") from None
    if ran.returncode or not (root / "bin" / "pulumi").exists():
        raise Absent(f"its installer failed ({last_line(ran.stderr)})")
    return root / "bin" / "pulumi"


def from_modules(root: Path, say: Callable[[str], None]) -> Path:
    """Build the CLI and the language host with Go."""
    if shutil.which("go") is None:
        raise Absent("there is no Go to build it with")
    say(f"pulumi: building {BUILT['pulumi'][1]} from Go modules, some 4 minutes the first time")
    (root / "bin").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as scratch:
        for module, (package, release) in BUILT.items():
            stamp = f"-s -w -X {SDK}/go/common/version.Version={release}"
            go(module, "build", "-mod=readonly", "-trimpath", "-ldflags", stamp, "-o", f"{scratch}/", package)
        sdk = Path(json.loads(go("pulumi", "list", "-mod=readonly", "-m", "-json", SDK))["Dir"])
        for script in BESIDE:
            copied = Path(shutil.copyfile(sdk / script, Path(scratch, Path(script).name)))
            copied.chmod(0o755)
        for tool in sorted(Path(scratch).iterdir(), reverse=True):  # `pulumi` last: where it is, all of it is
            tool.replace(root / "bin" / tool.name)
    return root / "bin" / "pulumi"


def go(module: str, *arguments: str) -> bytes:
    """Return what `go` prints when run in one of the modules beside this file."""
    ran = subprocess.run(["go", *arguments], cwd=MODULES / module, capture_output=True, check=False)
    if ran.returncode:
        raise Absent(f"Go could not build it ({last_line(ran.stderr)})")
    return ran.stdout


def version(pulumi: Path) -> tuple[int, ...]:
    """Return the version that a CLI prints, or zeros when it prints none."""
    quiet = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    ran = subprocess.run([pulumi, "version"], env=quiet, capture_output=True, text=True, check=False)
    numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", ran.stdout)
    return tuple(map(int, numbers.groups())) if numbers else (0, 0, 0)


def last_line(text: bytes, word: str = "") -> str:
    """Return the last line that says anything, if possible one with `word` in it."""
    lines = [line.strip() for line in text.decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if word in line.lower()] or lines
    return telling[-1] if telling else "it said nothing"
