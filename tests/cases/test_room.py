"""Whether a storage holds what jobs are going to keep: told from sections as listed and a listing of its directory."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from homebackup.assess.room import tight
from homebackup.model.backups.archive import Archive, Dump
from pverules.archive_name import ArchiveName

UTC = ZoneInfo("UTC")
GIB = 1 << 30
DAY = 86400
NOON = 1_795_348_800
STORAGES = [{"storage": "nas", "type": "dir", "path": "/mnt/nas", "prune-backups": "keep-last=3"}]
JOB = {"id": "one", "type": "vzdump", "schedule": "03:00", "vmid": "100", "storage": "nas", "enabled": 1}


def archive(days_ago: int, size: int = 10 * GIB) -> Archive:
    at = NOON - 9 * 3600 - days_ago * DAY
    name = str(ArchiveName.at("qemu", 100, at, UTC, "vma.zst"))
    return Archive("nas", name, "qemu", 100, at, size, None, None, protected=False, folder="/mnt/nas/dump")


DUMP = Dump("nas", "/mnt/nas/dump", tuple(archive(days) for days in range(3)), clock=float(NOON), free=15 * GIB)


def test_what_fits_is_not_doubted() -> None:
    assert tight([JOB], STORAGES, DUMP, UTC) == []


@pytest.mark.parametrize(
    ("more", "full"), [({"prune-backups": {"keep-last": "7"}}, 1), ({"prune-backups": {"keep-all": 1}}, 1)]
)
def test_a_longer_retention_of_the_job_does_not_fit(more: dict[str, object], full: int) -> None:
    (doubt,) = tight([JOB | more], STORAGES, DUMP, UTC)
    assert (doubt.id, doubt.subject) == ("does-not-fit", "storage nas")
    assert f"so it is full in {full} days" in doubt.said


def test_the_storages_retention_counts_where_the_job_has_none() -> None:
    kept = [STORAGES[0] | {"prune-backups": "keep-last=9"}]
    assert [doubt.id for doubt in tight([JOB], kept, DUMP, UTC)] == ["does-not-fit"]
    assert tight([JOB | {"prune-backups": {"keep-last": "2"}}], kept, DUMP, UTC) == []


def test_archives_of_another_kind_of_guest_that_had_the_vmid_before_are_neither_pruned_nor_made_more_of() -> None:
    old = replace(archive(30, GIB), kind="lxc")
    old = replace(old, name=old.name.replace("qemu", "lxc").replace("vma", "tar"))
    assert tight([JOB], STORAGES, replace(DUMP, archives=(old, *DUMP.archives)), UTC) == []


SILENT = {
    "a job of another storage": ([JOB | {"storage": "local", "prune-backups": {"keep-all": 1}}], DUMP),
    "a disabled job": ([JOB | {"enabled": 0, "prune-backups": {"keep-all": 1}}], DUMP),
    "a guest that was never backed up": ([JOB | {"vmid": "102", "prune-backups": {"keep-all": 1}}], DUMP),
    "room that nobody could ask for": ([JOB | {"prune-backups": {"keep-all": 1}}], replace(DUMP, free=None)),
    "no clock": ([JOB | {"prune-backups": {"keep-all": 1}}], replace(DUMP, clock=None)),
}


@pytest.mark.parametrize(("jobs", "dump"), SILENT.values(), ids=SILENT.keys())
def test_what_is_not_known_is_not_doubted(jobs: list[dict[str, object]], dump: Dump) -> None:
    assert tight(jobs, STORAGES, dump, UTC) == []
