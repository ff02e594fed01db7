"""`homebackup status` with 10,000 archives against the same with 10: the ratio, runs in turn."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.measure import project, running_lab, scratch, seconds, spread
from pverules.archive_name import ArchiveName
from tests.commands.living_site import settle
from tests.pulumi.cli import Stack
from tests.running_lab import Lab

RUNS = 7
LIMIT = 1.5
FEW, MANY = 10, 10_000
GUESTS = {100: "qemu", 102: "qemu", 103: "lxc", 101: "qemu", 105: "lxc"}
SIZE = 1 << 30


def fill(lab: Lab, archives: int) -> None:
    """Put sparse archives of the five guests on the lab's NAS, the newest an hour old, and notes to the newest ten."""
    folder = Path(lab.facts["nas"]["folders"]["/volume1/backups/proxmox_backups"]) / "dump"
    zone, now = ZoneInfo("Europe/Vienna"), int(time.time())
    for number in range(archives):
        vmid = list(GUESTS)[number % len(GUESTS)]
        kind, begun = GUESTS[vmid], now - 3600 * (1 + number // len(GUESTS))
        name = ArchiveName.at(kind, vmid, begun, zone, "vma.zst" if kind == "qemu" else "tar.zst")
        with (folder / str(name)).open("wb") as file:
            file.truncate(SIZE)
        if number < FEW:
            (folder / name.notes).write_text("guest")
        os.utime(folder / str(name), (begun + 60, begun + 60))


def status(stack: Stack) -> int:
    """How many verdicts a run gives."""
    command = [sys.executable, "-m", "homebackup.commands", "status", "--json", "--cwd", str(stack.project)]
    ran = subprocess.run(command, env=stack.environment, cwd=stack.project, stdout=subprocess.PIPE, check=True)  # noqa: S603
    return sum(verdict["newest"] is not None for verdict in json.loads(ran.stdout)["verdicts"])


def main() -> None:
    """Print the ratio and the wall times; exit 1 when it is over the limit."""
    with scratch() as folder, running_lab(folder / "few") as few, running_lab(folder / "many") as many:
        stacks = {}
        for lab, count in ((few, FEW), (many, MANY)):
            settle(lab, wait=False)
            fill(lab, count)
            stacks[count] = project(folder / f"site-{count}", lab)
            assert status(stacks[count]) == len(GUESTS)
        times: dict[int, list[float]] = {count: [] for count in stacks}
        for _ in range(RUNS):
            for count, stack in stacks.items():
                times[count].append(seconds(lambda stack=stack: status(stack)))  # type: ignore[misc]
        ratio = statistics.median(m / f for m, f in zip(times[MANY], times[FEW], strict=True))
        print(f"status with {FEW} archives: {spread(times[FEW])}, with {MANY}: {spread(times[MANY])}")
        print(f"status ratio: {ratio:.2f} (limit {LIMIT})")
        sys.exit(ratio > LIMIT)


if __name__ == "__main__":
    main()
