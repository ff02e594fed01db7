"""What a check of an application's newest dump comes to, in sentences."""

from statistics import median

from homebackup.assess.amounts import size
from homebackup.assess.app import BEFORE, SMALL
from homebackup.assess.verdict import State, about, ago
from homebackup.model.backups.dump_check import DumpCheck
from pverules.local_time import HOUR

FAULTS = {
    "sum": "its bytes are not those that were written",
    "packed": "it is cut off or damaged: gzip cannot unpack it",
    "ended": "it stops before the end of the database",
    "sealed": "it is no file of age",
}
"""What it means not to pass a check."""
PASSED = {
    "sum": "its bytes are those that were written",
    "packed": "gzip unpacks it to its end",
    "ended": "it has the end of the database",
    "sealed": "it is a file of age, which only the secret key opens",
}


def judged(found: DumpCheck, stale_after_hours: int) -> tuple[State, list[str]]:
    """The state of the newest dump and what there is to say of it, the worst first."""
    if not found.dumps:
        return "STALE", ["there is none"]
    now = found.now
    newest, before = found.dumps[-1], [file.size for file in found.dumps[-1 - BEFORE : -1] if file.size]
    said = [f"{newest.name}, {size(newest.size)}, made {ago(now - newest.written)}"]
    if newest.size == 0:
        return "BROKEN", ["it is empty", *said]
    faults = [FAULTS[name] for name, passed in found.checks.items() if not passed]
    if before and newest.size < median(before) * SMALL:
        faults.append(f"it is suspiciously small: {size(newest.size)}, where {size(median(before))} is usual")
    said += [PASSED[name] for name, passed in found.checks.items() if passed]
    if faults:
        return "BROKEN", [*faults, *said]
    if now - newest.written > stale_after_hours * HOUR:
        return "STALE", [f"it is {about(now - newest.written)} old, and may be {stale_after_hours} h", *said]
    return "OK", said
