"""Backups as vzdump makes them: what is written while it works, what is left behind, and the ways in which it fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lab.box import Box
from lab.pve.call import ROOT
from lab.pve.pace import pace_of
from lab.pve.side import VZDUMP_LOCK
from lab.pve.tasks import Task

DUMP = "/var/lib/vz/dump"


async def started(box: Box, **params: Any) -> Task:
    answer = await box.api.call(ROOT, "POST", "/nodes/pve/vzdump", {k.replace("_", "-"): v for k, v in params.items()})
    assert answer.status == 200, answer.message
    task = box.api.tasks.find(answer.data)
    assert task is not None
    return task


async def ended(box: Box, **params: Any) -> Task:
    task = await started(box, **params)
    assert await task.wait(10)
    return task


async def said(task: Task, text: str) -> None:
    """Return when a line of the task's log has the text."""
    async with asyncio.timeout(10):
        while not any(text in line for line in task.lines):
            task.changed.clear()
            await task.changed.wait()


def fresh(box: Box, vmid: int) -> list[str]:
    """Names beside the fixture's archives of a guest."""
    return [n for n in box.root.listdir(DUMP) if f"-{vmid}-" in n and "2026_11_0" not in n and "2026_10" not in n]


async def test_while_it_works_the_archive_has_another_name(box: Box) -> None:
    pace_of(box.api).factor = 1
    task = await started(box, vmid="105", storage="local", mode="stop", compress="zstd")
    await said(task, "creating vzdump archive")
    assert [name.partition(".")[2] for name in fresh(box, 105)] == ["tar.dat"]
    box.api.tasks.stop(task)
    await task.wait(10)
    assert task.status == "received interrupt"
    assert fresh(box, 105) == []


async def test_log_notes_and_protection_are_left_beside_the_archive(box: Box) -> None:
    task = await ended(
        box,
        vmid="105",
        storage="local",
        mode="stop",
        compress="gzip",
        protected=1,
        notes_template="{{guestname}} on {{node}}\\n{{vmid}}",
    )
    assert task.status == "OK"
    names = fresh(box, 105)
    assert [name.partition(".")[2] for name in names] == ["log", "tar.gz", "tar.gz.notes", "tar.gz.protected"]
    assert box.root.text(f"{DUMP}/{names[2]}") == "ct-b on pve\n105"
    assert "INFO: Finished Backup of VM 105" in box.root.text(f"{DUMP}/{names[0]}")


async def test_two_backups_at_once_wait_for_the_lock(box: Box) -> None:
    lock = box.root.lock(VZDUMP_LOCK)
    await lock.acquire()
    task = await started(box, vmid="105", storage="local", mode="stop")
    await said(task, "trying to get global lock")
    assert task.lines == ["INFO: trying to get global lock - waiting..."]
    lock.release()
    await task.wait(10)
    assert task.lines[1] == "INFO: got global lock"
    assert task.status == "OK"


async def test_a_failing_guest_does_not_stop_the_others(box: Box) -> None:
    box.root.unlink("/var/lib/vmdata/images/100/vm-100-disk-0.raw")
    task = await ended(box, vmid="100,102", storage="local")
    assert task.status == "job errors"
    assert any("ERROR: Backup of VM 100 failed - volume" in line for line in task.lines)
    assert [name.partition(".")[2] for name in fresh(box, 100)] == ["log"]
    assert [name.partition(".")[2] for name in fresh(box, 102)] == ["log", "vma"]


@pytest.mark.parametrize(
    ("vmid", "compress", "said", "ended_with"),
    [
        (105, "0", "tar: -: Cannot write: No space left on device", "failed: exit code 2"),
        (105, "zstd", "zstd: error 70 : Write error : cannot write block : No space left on device", "exit code 70"),
        (105, "gzip", "gzip: stdout: No space left on device", "failed: exit code 1"),
        (
            100,
            "zstd",
            "zstd: error 70 : Write error : cannot write block",
            "vma_queue_write: write error - Broken pipe",
        ),
        (100, "0", "creating vzdump archive", "vma_queue_write: write error - No space left on device"),
    ],
)
async def test_a_full_disk_fails_the_guest_and_leaves_no_half_archive(
    box: Box, vmid: int, compress: str, said: str, ended_with: str
) -> None:
    box.root.spaces.limit(100)
    task = await ended(box, vmid=str(vmid), storage="local", compress=compress)
    box.root.spaces.limit(None)
    assert task.status == "job errors"
    assert any(said in line for line in task.lines)
    assert any(line.startswith(f"ERROR: Backup of VM {vmid} failed") and ended_with in line for line in task.lines)
    assert not any(name.endswith((".tar", ".vma", ".dat", ".tmp")) for name in fresh(box, vmid))


async def test_a_closed_directory_fails_unprivileged_containers_only(box: Box) -> None:
    box.root.chmod("/var/lib/vz", 0o700)
    box.root.table.mounts[0].fstype = "ext4"
    task = await ended(box, vmid="102,105", storage="local", mode="stop")
    assert task.status == "job errors"
    assert any("Cannot open: Permission denied" in line for line in task.lines)
    assert [name.partition(".")[2] for name in fresh(box, 102)] == ["log", "vma"]
    box.root.write("/etc/vzdump.conf", b"tmpdir: /var/tmp\n")
    again = await ended(box, vmid="105", storage="local", mode="stop")
    assert again.status == "OK", again.lines


async def test_a_snapshot_of_a_container_becomes_a_suspend(box: Box) -> None:
    task = await ended(box, vmid="103", storage="local", mode="snapshot")
    lines = [line.removeprefix("INFO: ") for line in task.lines]
    at = lines.index("mode failure - some volumes do not support snapshots")
    assert lines[at + 1 : at + 3] == ["trying 'suspend' mode instead", "backup mode: suspend"]
    assert lines.count("CT Name: ct-a") == 2


async def test_excluded_guests_and_drives_are_left_out(box: Box) -> None:
    task = await ended(box, all=1, exclude="100,103", storage="local", mode="stop")
    text = "\n".join(task.lines)
    assert "Starting Backup of VM 101" in text
    assert "exclude disk 'scsi0' 'vmdata:101/vm-101-disk-0.raw' (backup=no)" in text
    assert "backup contains no disks" in text
    assert "Starting Backup of VM 100" not in text


async def test_the_retention_of_the_storage_holds_where_the_job_says_none(box: Box) -> None:
    await box.api.call(ROOT, "PUT", "/storage/local", {"prune-backups": "keep-last=1"})
    box.root.write("/etc/vzdump.conf", b"prune-backups: keep-last=9\n")
    task = await ended(box, vmid="105", storage="local", mode="stop")
    assert "INFO: prune older backups with retention: keep-last=1" in task.lines
    assert "INFO: removing backup 'local:backup/vzdump-lxc-105-2026_11_08-02_12_00.tar.gz'" in task.lines


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{{guestname}} {{nosuch}}", "found unknown: variable 'nosuch' at char"),
        ("one\ntwo", "contains a line feed"),
        ("a \\x b", "escape sequence '\\x'"),
    ],
)
async def test_a_bad_template_is_refused(box: Box, template: str, fault: str) -> None:
    answer = await box.api.call(
        ROOT, "POST", "/nodes/pve/vzdump", {"vmid": "105", "storage": "local", "notes-template": template}
    )
    assert answer.status == 400
    assert fault in (answer.errors or {})["notes-template"]


async def test_a_power_cut_ends_what_ran_without_a_word_and_forgets_nothing(box: Box) -> None:
    before = await ended(box, vmid="105", storage="local", mode="stop")
    pace_of(box.api).factor = 1e6
    cut = await started(box, vmid="105", storage="local", mode="stop")
    while not any("Starting Backup" in line for line in cut.lines):
        cut.changed.clear()
        await asyncio.wait_for(cut.changed.wait(), 10)
    await box.reboot()
    assert [before.status, cut.status] == ["OK", "unexpected status"]
    assert not any(line.startswith("TASK") for line in cut.lines)
    listed = (await box.api.call(ROOT, "GET", "/nodes/pve/tasks", {"typefilter": "vzdump"})).data
    assert [task["status"] for task in listed] == ["unexpected status", "OK"]
