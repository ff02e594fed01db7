"""The truth table: what there is, and the verdict on it, however it was seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from homebackup.model.seen import Unseen
from tests.cases.played_backups import (
    GIB,
    HOUR,
    JOB,
    NOON,
    OFF,
    SOURCES,
    VIENNA,
    File,
    Source,
    Story,
    archive,
    task,
)

NIGHT = NOON - 9 * HOUR
"""The run of 03:00 today."""
DAY = 24 * HOUR
NIGHTS = tuple(archive(NIGHT - n * DAY) for n in range(3))
STEM = "vzdump-qemu-100-2026_11_22-03_00_00"
FAILED = task(
    NIGHT,
    "job errors",
    "INFO: starting new backup job: vzdump 100 --storage nas-backups",
    "INFO: Starting Backup of VM 100 (qemu)",
    "INFO: Backup started at 2026-11-22 03:00:00",
    "ERROR: Backup of VM 100 failed - vma_queue_write: write error - Broken pipe",
)
WELL = task(
    NIGHT,
    "OK",
    "INFO: Starting Backup of VM 100 (qemu)",
    "INFO: Backup started at 2026-11-22 03:00:00",
    "INFO: archive file size: 5.00GB",
    "INFO: Finished Backup of VM 100 (00:05:00)",
)
RUNNING = task(NIGHT, "", "INFO: Starting Backup of VM 100 (qemu)", took=None)
OUT = {"id": "100:scsi0", "included": 0, "reason": "backup=no"}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=VIENNA).timestamp())


# What there is, the verdict by source (one for both), and words of the sentence that says why.
TABLE: dict[str, tuple[Story, str | dict[Source, str], str]] = {
    "backed up tonight": (Story(NIGHTS), "OK", "backed up 9 h ago"),
    "one archive alone": (Story(NIGHTS[:1]), "OK", "backed up"),
    "a warning is no failure": (Story(NIGHTS, tasks=(task(NIGHT, "WARNINGS: 1"),)), "OK", ""),
    "a failure that was made up for": (
        Story((archive(NIGHT + HOUR), *NIGHTS[1:]), tasks=(FAILED,)),
        "OK",
        "backed up 8 h ago",
    ),
    "still within what it usually takes": (Story(NIGHTS[1:], now=NIGHT + 300), "OK", "backed up 24 h ago"),
    "a scheduled run left nothing": (
        Story(NIGHTS[1:], declared={"stale-after-hours": 72}),
        "LATE",
        "its run of Sun 22 Nov 03:00 left no archive",
    ),
    "a run left nothing after a backup by hand": (
        Story((archive(NOON - DAY), *NIGHTS[1:])),
        "LATE",
        "its run of Sun 22 Nov 03:00 left no archive",
    ),
    "a run left nothing after a backup by hand that made up for a failure": (
        Story(
            (archive(NOON - DAY, took=60), *NIGHTS[2:]),
            tasks=(task(NIGHT - DAY, "vma_queue_write: write error", id="100"),),
        ),
        "LATE",
        "its run of Sun 22 Nov 03:00 left no archive",
    ),
    "two runs left nothing": (
        Story(NIGHTS[2:], declared={"stale-after-hours": 72}),
        "LATE",
        "2 runs since Sat 21 Nov 03:00 left no archive",
    ),
    "a run that goes on too long": (
        Story(NIGHTS[1:], tasks=(RUNNING,), declared={"stale-after-hours": 72}),
        "LATE",
        "has been going on for 9 h",
    ),
    "older than it may be": (
        Story(NIGHTS[1:]),
        "STALE",
        "its newest archive is 33 h old, and may be 26 h: a run was missed since Sun 22 Nov 03:00",
    ),
    "an outage of three nights": (
        Story((archive(NIGHT - 3 * DAY),)),
        "STALE",
        "3 runs were missed since Fri 20 Nov 03:00",
    ),
    "a threshold below the gap of the schedule": (
        Story((archive(NIGHT),), declared={"stale-after-hours": 8}),
        "STALE",
        "though no run was missed",
    ),
    "never backed up": (Story(), "STALE", "there is no archive of it; its next run is Mon 23 Nov 03:00"),
    "only the archive of another kind of guest": (
        Story((archive(NIGHT, kind="lxc"),)),
        "STALE",
        "there is no archive of it",
    ),
    "dated in the future": (
        Story((archive(NOON + 5 * HOUR), NIGHTS[1])),
        "STALE",
        "(one dated Sun 22 Nov 17:00, in the future, does not count)",
    ),
    "a clock half a minute ahead": (Story((archive(NOON + 30, took=-300), *NIGHTS[1:])), "OK", "a minute ago"),
    "being written": (
        Story((File(f"{STEM}.vma.zst", 5 * GIB, NOON - 10), *NIGHTS[1:])),
        {"ssh": "STALE", "https": "OK"},  # the API does not tell when a file was last written
        "",
    ),
    "just written, as its task says": (
        Story((File(f"{STEM}.vma.zst", 5 * GIB, NOON - 10), *NIGHTS[1:]), tasks=(WELL,)),
        "OK",
        "",
    ),
    "the first one being written": (
        Story((File(f"{STEM}.vma.zst", GIB, NOON - 10),)),
        {"ssh": "STALE", "https": "OK"},
        "",
    ),
    "a backup under way": (
        Story((File(f"{STEM}.vma.dat", GIB, NOON - 5), *NIGHTS[1:]), tasks=(RUNNING,), now=NOON),
        "STALE",
        "its newest archive is 33 h old",
    ),
    "the newest run failed": (
        Story(NIGHTS[1:], tasks=(FAILED,)),
        "FAILED",
        "its backup of Sun 22 Nov 03:00 failed: vma_queue_write: write error - Broken pipe",
    ),
    "the whole task of this guest failed": (
        Story(NIGHTS[1:], tasks=(task(NIGHT, "could not activate storage 'nas-backups': not mounted", id="100"),)),
        "FAILED",
        "could not activate storage",
    ),
    "the whole task of its job failed before it named anybody": (
        Story(NIGHTS[1:], tasks=(task(NIGHT + 1, "could not activate storage 'nas-backups': not mounted"),)),
        "FAILED",
        "could not activate storage",
    ),
    "a task at another time failed for nobody knows whom": (
        Story(NIGHTS, tasks=(task(NOON - HOUR, "could not activate storage 'x'"),)),
        "OK",
        "",
    ),
    "a task that was stopped in the middle of it": (
        Story(NIGHTS[1:], tasks=(task(NIGHT, "received interrupt", "INFO: Starting Backup of VM 100 (qemu)"),)),
        "FAILED",
        "received interrupt",
    ),
    "empty": (
        Story((archive(NIGHT, 0), *NIGHTS[1:])),
        "BROKEN",
        f"its newest archive {STEM}.vma.zst is empty; the newest that looks whole is from Sat 21 Nov 03:00",
    ),
    "empty, and nothing else": (Story((archive(NIGHT, 0),)), "BROKEN", "is empty; there is no other"),
    "suspiciously small": (
        Story((archive(NIGHT, GIB), *NIGHTS[1:])),
        "BROKEN",
        "is suspiciously small: 1.0 GiB, where 5.0 GiB is usual",
    ),
    "smaller, but not suspicious": (Story((archive(NIGHT, 3 * GIB), *NIGHTS[1:])), "OK", ""),
    "less than its task wrote": (
        Story((archive(NIGHT, 4 * GIB), *NIGHTS[1:]), tasks=(WELL,)),
        "BROKEN",
        "is cut off: 4.0 GiB of the 5.0 GiB that were written",
    ),
    "only an unfinished file": (
        Story((File(f"{STEM}.vma.dat", GIB, NIGHT + 60), *NIGHTS[1:])),
        {"ssh": "BROKEN", "https": "STALE"},  # the API lists no unfinished file
        "",
    ),
    "an old unfinished file": (
        Story((*NIGHTS, File("vzdump-qemu-100-2026_11_19-03_00_00.vma.dat", GIB, NIGHT - 3 * DAY))),
        "OK",
        "",
    ),
    "a directory, a link and a text with the names of archives": (
        Story(
            (
                File(f"{STEM}.vma.zst", 5 * GIB, NIGHT + 300, "l"),
                File("vzdump-qemu-100-2026_11_22-04_00_00.vma.zst", 4096, NIGHT + 300, "d"),
                File("vzdump-qemu-100-2026_11_22-05_00_00.vma.zst\n", 5 * GIB, NIGHT + 300),
                *NIGHTS[1:],
            )
        ),
        "STALE",
        "33 h old",
    ),
    "no job": (Story(NIGHTS, jobs=()), "UNPROTECTED", "its job p0-daily does not exist"),
    "a disabled job": (Story(NIGHTS, jobs=(JOB | {"enabled": 0},)), "UNPROTECTED", "its job p0-daily is disabled"),
    "a job for other guests": (Story(NIGHTS, jobs=(JOB | {"vmid": "101"},)), "UNPROTECTED", "no job has it"),
    "a job of another node": (
        Story(NIGHTS, jobs=(JOB | {"node": "other"},)),
        "UNPROTECTED",
        "it runs on node pve, but job p0-daily runs on other only",
    ),
    "every disk left out": (
        Story(NIGHTS, volumes=(OUT,)),
        "UNPROTECTED",
        "none of its disks is backed up: scsi0 (backup=no)",
    ),
    "another job than declared has it": (
        Story(NIGHTS, jobs=(JOB | {"enabled": 0}, JOB | {"id": "by-hand", "schedule": "04:00"}), now=NIGHT + HOUR),
        "OK",
        "",
    ),
    "unprotected, and the NAS off": (Story(dump=OFF, jobs=()), "UNPROTECTED", "does not exist"),
    "deferred": (
        Story(declared={"deferred": "waits for the new disk"}),
        "DEFERRED",
        "waits for the new disk",
    ),
    "deferred, and the NAS off": (Story(dump=OFF, declared={"deferred": "waits"}), "DEFERRED", "waits"),
    "gone from the cluster": (Story(NIGHTS, guests=()), "DEFERRED", "it is not in the cluster any more"),
    "the NAS is off": (Story(dump=OFF), "UNKNOWN", "the NAS 10.0.0.150 does not answer"),
    "the NAS is off after a failure": (Story(dump=OFF, tasks=(FAILED,)), "UNKNOWN", "does not answer"),
    "jobs that may not be read": (
        Story(NIGHTS, jobs=Unseen("Sys.Audit on / is missing", "grant it")),
        "UNKNOWN",
        "Sys.Audit on / is missing",
    ),
    "guests that may not be seen": (
        Story(NIGHTS, guests=Unseen("VM.Audit on /vms is missing", "grant it")),
        "UNKNOWN",
        "VM.Audit on /vms is missing",
    ),
    "tasks that may not be seen": (Story(NIGHTS, tasks=Unseen("Sys.Audit is missing", "")), "OK", ""),
    "spring, in the hour that is left out": (
        Story((archive(at("2026-03-29 03:30")),), now=at("2026-03-29 04:00"), jobs=(JOB | {"schedule": "02:30"},)),
        "OK",
        "backed up 30 min ago",
    ),
    "autumn, in the hour that comes twice": (
        Story(
            (File("vzdump-qemu-100-2026_10_25-02_30_00.vma.zst", GIB, at("2026-10-25 03:30") - HOUR),),
            now=at("2026-10-25 06:00"),
            jobs=(JOB | {"schedule": "02:30"},),
        ),
        "OK",
        "",
    ),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", TABLE)
def test_the_verdict(name: str, source: Source) -> None:
    story, expected, said = TABLE[name]
    verdict = story.verdict(source)
    assert verdict.state == (expected if isinstance(expected, str) else expected[source]), verdict.said
    assert said in verdict.said
    assert verdict.said
    assert verdict.remedy
    assert "\n" not in verdict.said + verdict.remedy


def test_every_state_is_in_the_table_for_both_sources() -> None:
    seen: dict[Any, set[str]] = {source: set() for source in SOURCES}
    for _, expected, _ in TABLE.values():
        for source in SOURCES:
            seen[source].add(expected if isinstance(expected, str) else expected[source])
    assert seen["ssh"] == {"OK", "LATE", "STALE", "FAILED", "BROKEN", "UNPROTECTED", "DEFERRED", "UNKNOWN"}
    assert seen["https"] == seen["ssh"]
