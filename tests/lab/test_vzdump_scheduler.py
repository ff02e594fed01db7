"""The lab's scheduler: jobs run at their time, in order, with archives from then, and miss what Proxmox misses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lab.box import Box
from lab.pve.call import ROOT
from lab.pve.scheduler import Scheduler
from lab.pve.tasks import Task

DAY = 86400
START = datetime(2026, 11, 10, 12, 0, tzinfo=UTC).timestamp()


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[tuple[Box, Scheduler]]:
    """A node on 10 November 2026 at noon whose scheduler was just started."""
    box = Box(tmp_path / "lab", fixture="conformance", patience=0, delay=0)
    scheduler = getattr(box, "scheduler", None) or Scheduler(box.api)
    box.clock.set(START)
    await box.clock.settled()
    scheduler.boot()
    yield box, scheduler
    await box.stop()


def spelled(options: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "-"): value for name, value in options.items()}


async def change(box: Box, name: str, **options: Any) -> None:
    answer = await box.api.call(ROOT, "PUT", f"/cluster/backup/{name}", spelled(options))
    assert answer.status == 200, answer.message


async def make(box: Box, **options: Any) -> None:
    answer = await box.api.call(ROOT, "POST", "/cluster/backup", spelled(options))
    assert answer.status == 200, answer.message


async def go_on(box: Box, days: float) -> None:
    box.clock.set(box.clock.now() + days * DAY)
    await box.clock.settled()


def runs(box: Box) -> list[str]:
    """When each vzdump task began."""
    return [f"{box.clock.local(task.start):%d %H:%M}" for task in box.api.tasks if task.kind == "vzdump"]


def last(box: Box) -> Task:
    return list(box.api.tasks)[-1]


def archives(box: Box, vmid: int) -> list[str]:
    names = box.root.listdir("/var/lib/vz/dump")
    return [name for name in names if f"-{vmid}-2026_11_1" in name and name.endswith((".vma.zst", ".tar"))]


async def test_three_days_run_every_job_at_its_time_and_prune(node: tuple[Box, Scheduler]) -> None:
    box, _ = node
    await change(box, "backup-daily-local", enabled=1, prune_backups="keep-last=2")
    await change(box, "backup-ct", enabled=1)
    await go_on(box, 3)
    assert runs(box) == ["11 02:00", "11 03:30", "12 02:00", "12 03:30", "13 02:00", "13 03:30"]
    assert archives(box, 100) == [f"vzdump-qemu-100-2026_11_{day}-02_00_00.vma.zst" for day in (12, 13)]
    assert archives(box, 103) == [f"vzdump-lxc-103-2026_11_{day}-03_30_00.tar" for day in (11, 12, 13)]
    assert all(task.status == "OK" and task.user == "root@pam" for task in box.api.tasks)
    stat = box.root.stat("/var/lib/vz/dump/vzdump-qemu-100-2026_11_13-02_00_00.vma.zst")
    assert datetime.fromtimestamp(stat.st_mtime, UTC).day == 13
    assert box.clock.now() == pytest.approx(START + 3 * DAY, abs=60)


async def test_a_disabled_job_never_runs_and_one_enabled_late_does_not_catch_up(node: tuple[Box, Scheduler]) -> None:
    box, _ = node
    await go_on(box, 5)
    assert runs(box) == []
    await change(box, "backup-daily-local", enabled=1)
    await go_on(box, 1)
    assert runs(box) == ["16 02:00"]


async def test_a_new_schedule_counts_from_the_change(node: tuple[Box, Scheduler]) -> None:
    box, _ = node
    await change(box, "backup-ct", enabled=1, schedule="sat 01:00")
    await go_on(box, 3)
    assert runs(box) == []
    await change(box, "backup-ct", schedule="*:0/30")
    await go_on(box, 1 / 24)
    assert runs(box) == ["13 12:30", "13 13:00"]


@pytest.mark.parametrize(("repeat", "expected"), [(0, []), (1, ["14 12:00"])])
async def test_runs_missed_while_the_node_was_off(
    node: tuple[Box, Scheduler], repeat: int, expected: list[str]
) -> None:
    box, scheduler = node
    await make(box, id="night", schedule="02:00", vmid="105", storage="local", mode="stop", repeat_missed=repeat)
    box.clock._offset += 4 * DAY  # the node was off: nobody was told of the time that passed
    scheduler.boot()
    for task in scheduler.run_due():
        await task.wait()
    assert runs(box) == expected


async def test_the_state_of_a_job_lies_where_proxmox_keeps_it(node: tuple[Box, Scheduler]) -> None:
    box, _ = node
    await make(box, id="night", schedule="02:00", vmid="105", storage="local", mode="stop")
    await go_on(box, 1)
    state = json.loads(box.root.text("/var/lib/pve-manager/jobs/vzdump-night.json"))
    assert state == {
        "state": "stopped",
        "upid": last(box).upid,
        "msg": "OK",
        "config": {"enabled": 1, "schedule": "02:00"},
    }


async def test_a_missing_storage_fails_every_night_and_the_job_stays(node: tuple[Box, Scheduler]) -> None:
    box, _ = node
    await change(box, "backup-nas", enabled=1, schedule="01:00")
    await go_on(box, 2)
    assert runs(box) == ["11 01:00", "12 01:00"]
    assert "storage 'synology-nas-storage' does not exist" in str(last(box).status)
    answer = await box.api.call(ROOT, "GET", "/cluster/backup/backup-nas", {})
    assert answer.data["enabled"] == 1


async def test_a_job_of_another_node_is_left_alone(node: tuple[Box, Scheduler]) -> None:
    box, _ = node
    await make(box, id="away", schedule="02:00", vmid="105", storage="local", node="other")
    await go_on(box, 2)
    assert runs(box) == []


async def test_two_jobs_due_at_once_wait_for_each_other(node: tuple[Box, Scheduler]) -> None:
    box, _ = node
    await make(box, id="one", schedule="02:00", vmid="105", storage="local", mode="stop")
    await make(box, id="two", schedule="02:00", vmid="103", storage="local", mode="stop")
    await go_on(box, 1)
    assert runs(box) == ["11 02:00", "11 02:00"]
    first, second = [task for task in box.api.tasks if task.kind == "vzdump"]
    assert second.lines[0] == "INFO: trying to get global lock - waiting..."
    assert (first.end or 0) <= (second.end or 0)


async def test_a_job_edited_by_hand_is_seen(node: tuple[Box, Scheduler]) -> None:
    box, _ = node
    text = box.root.text("/etc/pve/jobs.cfg")
    box.root.write("/etc/pve/jobs.cfg", text.replace("enabled 0", "enabled 1").encode())
    await go_on(box, 1)
    assert runs(box) == ["11 02:00", "11 03:30"]


async def test_the_watch_starts_what_is_due_by_itself(node: tuple[Box, Scheduler]) -> None:
    box, scheduler = node
    await make(box, id="soon", schedule="02:00", vmid="105", storage="local", mode="stop")
    scheduler.start()
    box.clock._offset += DAY
    try:
        await asyncio.wait_for(scheduler.looked.wait(), 10)
    finally:
        await scheduler.stop()
    assert len(runs(box)) == 1


async def test_a_look_in_the_moment_of_a_move_leaves_its_time_to_the_replay(node: tuple[Box, Scheduler]) -> None:
    box, scheduler = node
    await change(box, "backup-daily-local", enabled=1)
    scheduler.look()
    box.clock.set(box.clock.now() + 2 * DAY)
    scheduler.look()
    await box.clock.settled()
    assert runs(box) == ["11 02:00", "12 02:00"]
    scheduler.look()
    assert len(runs(box)) == 2
