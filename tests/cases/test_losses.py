"""What a change of jobs takes away."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from homebackup.assess.jobs import Job
from homebackup.assess.losses import MOST, Losses, Stake, losses, of_sections, stakes
from homebackup.model.backups.archive import Archive
from pverules.archive_name import ArchiveName
from pverules.retention import Retention

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 2, 11, 12, tzinfo=BERLIN)
NOW = NOON.timestamp()
P0 = Job("p0", "03:00", (100, 102), storage="nas", retention=Retention(last=7), tier="p0", rank=0)
P1 = Job("p1", "03:15", (103,), storage="nas", retention=Retention(last=3), tier="p1", rank=1)
DAYS = 7


def archive(vmid: int, days_ago: int, *, protected: bool = False, storage: str = "nas") -> Archive:
    """An archive of 1 KiB from 03:00 so many days ago."""
    at = int((NOON - timedelta(days=days_ago, hours=9)).timestamp())
    name = str(ArchiveName.at("qemu", vmid, at, BERLIN, "vma.zst"))
    return Archive(storage, name, "qemu", vmid, at, 1024, None, None, protected, "/mnt/nas/dump")


THERE = [archive(vmid, days) for vmid in (100, 102) for days in range(DAYS)]


def lost(before: list[Job], after: list[Job], there: list[Archive] = THERE, **kept: int) -> Losses:
    storages = {name: Retention(last=count) for name, count in kept.items()}
    return losses(before, after, there, BERLIN, NOW, kept=storages)


def names(found: Losses) -> dict[int, list[str]]:
    return {one.vmid: [copy.name[16:26] for copy in one.archives] for one in found.pruned}


def test_a_change_of_nothing_loses_nothing() -> None:
    assert not lost([P0, P1], [P0, P1])
    assert lost([P0, P1], [P1, P0]) == Losses()


def test_a_shorter_retention_names_what_the_next_run_prunes() -> None:
    found = lost([P0, P1], [replace(P0, retention=Retention(last=5)), P1])
    assert names(found) == {vmid: ["2026_02_07", "2026_02_06"] for vmid in (100, 102)}
    assert found.guests == ()
    assert found.lines(BERLIN)[0] == (
        "the run of p0 on Thu 2026-02-12 03:00 prunes 2 archives of guest 100 that would stay otherwise (2.0 KiB):"
    )
    assert found.lines(BERLIN)[1] == "  nas: vzdump-qemu-100-2026_02_07-03_00_00.vma.zst"


@pytest.mark.parametrize("retention", [Retention(last=7), Retention(last=9), Retention(daily=7), Retention()], ids=str)
def test_a_longer_or_equal_retention_loses_nothing(retention: Retention) -> None:
    assert not lost([P0, P1], [replace(P0, retention=retention), P1])


def test_of_a_vmid_that_was_another_kind_of_guest_before_only_the_archives_of_the_one_there_is_are_pruned() -> None:
    """Proxmox VE prunes by VMID and kind."""
    old = [replace(archive(100, days), kind="lxc") for days in (12, 11, 10)]
    old = [replace(one, name=one.name.replace("qemu", "lxc").replace("vma", "tar")) for one in old]
    there = [*old, *(archive(100, days) for days in (2, 1, 0))]
    found = lost([replace(P0, retention=Retention(last=3))], [replace(P0, retention=Retention(last=1))], there)
    assert names(found) == {100: ["2026_02_11", "2026_02_10"]}


def test_dropping_the_jobs_retention_leaves_it_to_the_storage() -> None:
    dropped = [replace(P0, retention=None)]
    assert names(lost([P0], dropped, nas=6)) == {100: ["2026_02_06"], 102: ["2026_02_06"]}
    assert not lost([P0], dropped)


def test_a_shorter_retention_of_the_storage_prunes_for_jobs_without_their_own() -> None:
    own = replace(P0, guests=(100,), retention=None)
    found = losses(
        [own, replace(P1, guests=(102,), retention=Retention(last=7))],
        [own, replace(P1, guests=(102,), retention=Retention(last=7))],
        THERE,
        BERLIN,
        NOW,
        kept={"nas": Retention(last=7)},
        keeps={"nas": Retention(last=6)},
    )
    assert list(names(found)) == [100]


def test_a_new_job_prunes_what_lay_there_unpruned() -> None:
    assert len(names(lost([], [replace(P0, guests=(100,), retention=Retention(last=3))]))[100]) == 5
    assert not lost([], [replace(P0, guests=(101,))])


def test_an_enabled_job_prunes_again() -> None:
    off = replace(P0, enabled=False, retention=Retention(last=3))
    assert len(names(lost([off], [replace(off, enabled=True)]))[100]) == 5


def test_protected_archives_and_those_elsewhere_are_left_alone() -> None:
    there = [archive(100, days, protected=days > 2) for days in range(DAYS)]
    assert not lost([P0], [replace(P0, retention=Retention(last=4))], there)
    assert not lost([P0], [replace(P0, retention=Retention(last=1))], [archive(100, 1, storage="other")])


@pytest.mark.parametrize(
    "after",
    [
        [P1],
        [replace(P0, enabled=False), P1],
        [replace(P0, guests=()), P1],
    ],
    ids=["deleted", "disabled", "emptied"],
)
def test_guests_without_a_job_lose_their_cover(after: list[Job]) -> None:
    found = lost([P0, P1], after)
    assert found.guests == (100, 102)
    assert found.lines(BERLIN) == ["guests 100, 102 lose their cover: no enabled job has them any more"]


def test_a_guest_that_moves_to_another_job_keeps_its_cover_and_may_lose_archives() -> None:
    moved = lost([P0, P1], [replace(P0, guests=(100,)), replace(P1, guests=(102, 103))])
    assert moved.guests == ()
    assert len(names(moved)[102]) == 4
    one = lost([P1], [replace(P1, guests=())])
    assert one.lines(BERLIN) == ["guest 103 loses its cover: no enabled job has it any more"]


def test_a_long_list_is_cut() -> None:
    there = [archive(100, days) for days in range(MOST + 5)]
    old = replace(P0, guests=(100,), retention=Retention())
    told = lost([old], [replace(old, retention=Retention(last=2))], there).lines(BERLIN)
    assert len(told) == MOST + 2
    assert told[-1] == "  and 4 older ones"


def test_sections_before_and_after_a_write() -> None:
    before = [{"id": "p0", "schedule": "03:00", "vmid": "100,102", "storage": "nas", "prune-backups": "keep-last=7"}]
    after = [before[0] | {"vmid": "100", "prune-backups": {"keep-last": 5}}]
    storages = [{"storage": "nas", "prune-backups": "keep-last=3"}, {"storage": "local"}]
    found = of_sections(before, after, THERE, BERLIN, NOW, storages=storages)
    assert names(found) == {100: ["2026_02_07", "2026_02_06"]}
    assert found.guests == (102,)
    bare = [{key: value for key, value in before[0].items() if key != "prune-backups"}]
    shorter = [{"storage": "nas", "prune-backups": "keep-last=2"}]
    left = of_sections(bare, bare, THERE, BERLIN, NOW, storages=storages, storages_after=shorter)
    assert {vmid: len(gone) for vmid, gone in names(left).items()} == {100: 1, 102: 1}


def test_a_guest_with_another_job_elsewhere_keeps_its_cover() -> None:
    before = [{"id": "p0", "schedule": "03:00", "vmid": "100,102", "storage": "nas"}]
    found = of_sections(before, [], [], BERLIN, NOW, storages=[], elsewhere={102})
    assert found.guests == (100,)


@pytest.mark.parametrize(
    ("old", "new", "at_stake"),
    [
        ("keep-last=3", "keep-last=3", None),
        ("keep-last=3", None, None),
        (None, "keep-last=3", True),
        ("keep-last=3", "keep-last=2", True),
        ("keep-last=3", "keep-daily=9", True),
        ("keep-last=3", "keep-last=3,keep-weekly=1", False),
    ],
)
def test_archives_matter_to_jobs_whose_retention_is_another(
    old: str | None, new: str | None, at_stake: bool | None
) -> None:
    before, after = (
        [{"id": "p0", "schedule": "03:00", "vmid": "100", "storage": "nas", "prune-backups": kept}]
        for kept in (old, new)
    )
    found = stakes(before, after, storages=[], storages_after=[])
    assert found == ([] if at_stake is None else [Stake("p0", "nas", at_stake)])
