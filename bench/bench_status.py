"""`homebackup status` with 10,000 archives against the same with 10, and of a cluster of 50 nodes with 1,000 guests.

The first is on the lab, the ratio of runs in turn; the cluster is made up in the process that looks at it.
"""

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
MEMORY = 100
"""MiB that a process may take for a cluster."""
REPORT = 3
"""How many times what a status takes a report may take, which looks 90 days ahead."""
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
    """Of how many guests a run finds an archive."""
    command = [sys.executable, "-m", "homebackup.commands", "status", "--json", "--cwd", str(stack.project)]
    ran = subprocess.run(command, env=stack.environment, cwd=stack.project, stdout=subprocess.PIPE, check=True)  # noqa: S603
    verdicts = json.loads(ran.stdout)["verdicts"]
    return sum(verdict["kind"] == "guest" and verdict["newest"] is not None for verdict in verdicts)


def cluster() -> bool:
    """Print what a process takes that looks at a cluster and judges it; whether all is in bounds."""
    figures = {}
    for nodes, guests in ((50, 100), (50, 1000), (100, 1000)):
        command = [sys.executable, "-m", "bench.cluster", str(nodes), str(guests)]
        ran = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603
        figures[nodes, guests] = told = json.loads(ran.stdout)
        said = f"{told['calls']} calls, {told['seconds']:.1f} s, {told['mib']:.0f} MiB (limit {MEMORY})"
        print(f"status of {guests} guests on {nodes} nodes: {said}")
    told = figures[50, 1000]
    report = told["report"] / told["seconds"]
    print(f"report of 1000 guests: {told['report']:.1f} s, {report:.1f} times their status (limit {REPORT})")
    calls = {size: told["calls"] for size, told in figures.items()}
    linear = calls[50, 100] == calls[50, 1000] and calls[100, 1000] <= 2 * calls[50, 1000]
    return linear and report <= REPORT and all(told["mib"] < MEMORY for told in figures.values())


def main() -> None:
    """Print the ratio, the wall times and the figures of the cluster; exit 1 when one is over its limit."""
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
        sys.exit(ratio > LIMIT or not cluster())


if __name__ == "__main__":
    main()
