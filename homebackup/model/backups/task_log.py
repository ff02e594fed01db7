"""What the log of a vzdump task says of each guest; the task's own status only tells that some guest failed."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from homebackup.model.backups.task import GuestRun
from pverules.local_time import HOUR, archive_epoch

ERRORS = "job errors"
"""The status of a task in which some guests failed; its log says which."""
_JOB = re.compile(r"INFO: starting new backup job: vzdump((?: \d+)*)(?: .*)?")
_START = re.compile(r"INFO: Starting Backup of VM (\d+) \(\w+\)")
_AT = re.compile(r"INFO: Backup started at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_SIZE = re.compile(r"INFO: archive file size: (\d+(?:\.\d+)?)([KMGT]?)B")
_END = re.compile(r"INFO: Finished Backup of VM (\d+) \((\d+):(\d\d):(\d\d)\)")
_FAILED = re.compile(r"ERROR: Backup of VM (\d+) failed - (.*)")
_UNIT = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def read_log(lines: Iterable[str], started: int, status: str, zone: ZoneInfo) -> tuple[GuestRun, ...]:
    """The runs of the guests of a task, in the log's order.

    `status` is the task's, empty while it runs; `started` its epoch, which a run has whose own start is not told. A
    guest that the job names and the log does not reach has a run of its own when the task ended badly before it.
    """
    runs: dict[int, GuestRun] = {}
    named: list[int] = []
    current = 0
    for line in lines:
        if found := _JOB.fullmatch(line):
            named = [int(vmid) for vmid in found[1].split()]
        elif found := _START.fullmatch(line):
            current = int(found[1])
            runs[current] = GuestRun(current, started, None)
        elif (found := _AT.fullmatch(line)) and current in runs:
            runs[current] = replace(runs[current], started=_epoch(found[1], started, zone))
        elif (found := _SIZE.fullmatch(line)) and current in runs:
            runs[current] = replace(runs[current], size=int(float(found[1]) * _UNIT[found[2]]))
        elif found := _END.fullmatch(line):
            seconds = int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4])
            known = runs.get(int(found[1]), GuestRun(int(found[1]), started, None))
            runs[known.vmid] = replace(known, ok=True, seconds=seconds)
        elif found := _FAILED.fullmatch(line):
            known = runs.get(int(found[1]), GuestRun(int(found[1]), started, None))
            runs[known.vmid] = replace(known, ok=False, said=found[2].strip())
    if not status:
        return tuple(runs.values())
    over = {vmid: run if run.ok is not None else replace(run, ok=False, said=status) for vmid, run in runs.items()}
    if not well(status) and status != ERRORS:
        over = {vmid: GuestRun(vmid, started, ok=False, said=status) for vmid in named} | over
    return tuple(over.values())


def job_guests(lines: Iterable[str]) -> set[int] | None:
    """The guests that a task's job names, none of them where it takes all there are; None where its log has no job."""
    job = next((found for line in lines if (found := _JOB.fullmatch(line))), None)
    return None if job is None else {int(vmid) for vmid in job[1].split()}


def well(status: str) -> bool:
    """Whether a task ended well; warnings are no failure."""
    return status == "OK" or status.startswith("WARNINGS: ")


def _epoch(text: str, near: int, zone: ZoneInfo) -> int:
    """The epoch of a time by the node's clock; of a time that the clock showed twice the one after the task's start."""
    epoch = archive_epoch(datetime.fromisoformat(text), zone)
    return next((at for at in (epoch, epoch + HOUR) if at >= near - 60), near)
