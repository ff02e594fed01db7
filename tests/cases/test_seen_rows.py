"""What lists of the API and logs of tasks say: privileges, guests, jobs' guests, runs."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from homebackup.model.backups.content import read_content
from homebackup.model.backups.facts import Volume
from homebackup.model.backups.places import Place, place
from homebackup.model.backups.rows import Rights, guests, tasks
from homebackup.model.backups.task import GuestRun
from homebackup.model.backups.task_log import read_log
from homebackup.model.seen import Unseen

ZONE = ZoneInfo("Europe/Vienna")
START = 1_795_312_800
"""Sunday 22 November 2026, 03:00 in Vienna."""
LOG = """INFO: starting new backup job: vzdump 100 102 103 --storage nas --quiet 1
INFO: Starting Backup of VM 100 (qemu)
INFO: Backup started at 2026-11-22 03:00:00
INFO: archive file size: 5.04GB
INFO: Finished Backup of VM 100 (00:02:10)
INFO: Starting Backup of VM 102 (qemu)
INFO: Backup started at 2026-11-22 03:02:10
ERROR: Backup of VM 102 failed - vma_queue_write: write error - Broken pipe
INFO: Failed at 2026-11-22 03:03:00
INFO: Starting Backup of VM 103 (lxc)
INFO: Backup started at 2026-11-22 03:03:00""".splitlines()


def test_a_log_tells_of_each_guest() -> None:
    first, second, third = read_log(LOG, START, "job errors", ZONE)
    assert first == GuestRun(100, START, True, 130, int(5.04 * 2**30))
    assert second == GuestRun(102, START + 130, False, said="vma_queue_write: write error - Broken pipe")
    assert (third.vmid, third.ok, third.said) == (103, False, "job errors")


def test_a_running_task_leaves_its_last_guest_open() -> None:
    assert [run.ok for run in read_log(LOG, START, "", ZONE)] == [True, False, None]


def test_guests_that_a_task_never_came_to_failed_with_it() -> None:
    runs = read_log(LOG[:5], START, "received interrupt", ZONE)
    assert {run.vmid: run.ok for run in runs} == {100: True, 102: False, 103: False}
    assert {run.said for run in runs if not run.ok} == {"received interrupt"}


@pytest.mark.parametrize("line", ["", "INFO: Starting Backup of VM x (qemu)", "ERROR: Backup of VM", "\x00"])
def test_other_lines_say_nothing(line: str) -> None:
    assert read_log([line], START, "OK", ZONE) == ()


def test_a_start_in_the_doubled_hour_is_the_one_after_the_tasks() -> None:
    start = int(datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZONE).timestamp())
    lines = ["INFO: Starting Backup of VM 100 (qemu)", "INFO: Backup started at 2026-10-25 02:30:00"]
    assert read_log(lines, start, "", ZONE)[0].started == start


TREE = {"/": {"Sys.Audit": 1}, "/storage": {"Datastore.AllocateSpace": 1}, "/vms": {"VM.Audit": 0}, "/vms/100": {}}


@pytest.mark.parametrize(
    ("path", "privilege", "held"),
    [
        ("/", "Sys.Audit", True),
        ("/nodes/pve", "Sys.Audit", True),
        ("/storage/nas", "Datastore.AllocateSpace", True),
        ("/storage/nas", "Sys.Audit", False),
        ("/vms", "VM.Audit", True),
        ("/vms/200", "VM.Audit", False),  # not handed down
        ("/vms/100", "VM.Audit", False),
    ],
)
def test_privileges_are_handed_down(path: str, privilege: str, held: bool) -> None:
    assert Rights(TREE).has(path, privilege) is held
    assert Rights(None).has(path, privilege)


def test_hidden_archives_are_named_with_what_is_missing() -> None:
    told = Rights(TREE).archives("nas", [100, 102])
    assert told is not None
    assert told.said == "the archives of guest 100, 102 in storage nas are hidden, because VM.Backup on /vms is missing"
    assert "VM.Backup on /vms" in told.remedy
    assert Rights({"/": {"Datastore.Allocate": 1}}).archives("nas", [100]) is None
    assert Rights({"/": {}}).archives("nas", [100]) == Rights({}).archives("nas", [100])
    assert Rights({"/": {"VM.Audit": 1}}).guests() is None


def test_guests_and_whom_jobs_take() -> None:
    rows: list[dict[str, object]] = [
        {"type": "lxc", "vmid": 103, "node": "b", "status": "stopped", "template": 1},
        {"type": "qemu", "vmid": 100, "node": "a", "name": "ha", "status": "running"},
        {"type": "storage", "storage": "nas"},
    ]
    children = [{"id": 100, "children": [{"id": "100:scsi0", "included": 1, "reason": "backup=yes"}]}]
    found, members = guests(rows, {"p0": {"children": children}, "p1": Unseen("no answer")})
    assert [(g.vmid, g.kind, g.name, g.node, g.running, g.template) for g in found] == [
        (100, "qemu", "ha", "a", True, False),
        (103, "lxc", "", "b", False, True),
    ]
    assert found[0].volumes == (Volume("scsi0", True, "backup=yes"),)
    assert found[1].volumes == Unseen("no answer")
    assert members == {"p0": frozenset({100}), "p1": Unseen("no answer")}


def test_tasks_are_newest_first_and_a_running_one_has_no_status() -> None:
    rows: list[dict[str, object]] = [
        {"upid": "a", "node": "pve", "starttime": 1, "endtime": 5, "status": "OK", "type": "vzdump"},
        {"upid": "b", "node": "pve", "starttime": 2, "status": "RUNNING", "type": "vzdump"},
        {"upid": "c", "node": "pve", "starttime": 3, "endtime": 4, "status": "OK", "type": "qmstart"},
    ]
    assert [(t.upid, t.ended, t.status) for t in tasks(rows)] == [("b", None, ""), ("a", 5, "OK")]


def test_content_of_other_names_is_left_over() -> None:
    name = "vzdump-qemu-100-2026_11_22-03_00_00.vma.zst"
    dump = read_content(
        "nas",
        [
            {"volid": f"nas:backup/{name}", "ctime": START, "size": 5, "notes": "one\ntwo", "protected": 1},
            {"volid": "nas:backup/old.tar", "ctime": 1, "size": 7},
        ],
    )
    (archive,) = dump.archives
    assert (archive.time, archive.notes, archive.protected, archive.written) == (START, "one", True, None)
    assert [(left.name, left.size) for left in dump.leftovers] == [("old.tar", 7)]


@pytest.mark.parametrize(
    ("storage", "where"),
    [
        ({"path": "/a/"}, Place("s", "/a/dump")),
        ({"path": "/a", "is_mountpoint": 1}, Place("s", "/a/dump", "/a")),
        ({"path": "/a/b", "is_mountpoint": "/a"}, Place("s", "/a/b/dump", "/a")),
        ({"path": "/a", "is_mountpoint": "no"}, Place("s", "/a/dump")),
        ({"path": "/a", "content-dirs": "backup=/vz,iso=i"}, Place("s", "/a/vz")),
        ({"path": "/a", "content-dirs": {"backup": "vz"}}, Place("s", "/a/vz")),
        ({"path": "/mnt/pve/s", "type": "nfs"}, Place("s", "/mnt/pve/s/dump", "/mnt/pve/s")),
        ({"path": "/a", "nodes": "other"}, None),
        ({"type": "pbs"}, None),
    ],
)
def test_where_a_storage_keeps_its_archives(storage: dict[str, object], where: Place | None) -> None:
    assert place({"storage": "s"} | storage, "pve") == where
