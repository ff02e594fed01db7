"""What the benches share: a lab, a project with a stack of its own, and times of a command."""

from __future__ import annotations

import contextlib
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.pulumi.cli import Stack
from tests.running_lab import Lab

ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="homebackup-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """A lab that keeps its state in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lab = Lab.start(folder)
    try:
        yield lab
    finally:
        lab.stop()


def project(folder: Path, lab: Lab, *, pulumi: Path = ROOT, program: str | None = None, api: str = "ssh") -> Stack:
    """A copy of the project on the lab; `pulumi` holds its Pulumi.yaml and provider, `program` replaces __main__.py."""
    folder.mkdir(parents=True)
    config = (ROOT / "Pulumi.lab.yaml").read_text().split("encryptionsalt")[0]
    config = config.replace(".lab/ready.json", f"{lab.ready}\n  homebackup:api: {api}")
    (folder / "Pulumi.lab.yaml").write_text(config)
    (folder / "Pulumi.yaml").write_text((pulumi / "Pulumi.yaml").read_text())
    (folder / "provider").symlink_to(pulumi / "provider")
    for entry in ("components", "homebackup", "pverules"):
        (folder / entry).symlink_to(ROOT / entry)
    (folder / "__main__.py").write_text(program or (ROOT / "__main__.py").read_text())
    return Stack.init(folder, folder.with_name(folder.name + "-state"), "lab")


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one run."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def spread(times: list[float]) -> str:
    """Median and range, as text."""
    return f"{statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f})"
