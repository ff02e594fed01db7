"""Retention over time: which archives exist, how far back they reach, and what a change would prune."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from homebackup.assess.agenda import agenda
from homebackup.assess.jobs import Job
from homebackup.assess.outlook import outlooks
from homebackup.assess.retention import (
    Copy,
    Shelf,
    copies,
    effective,
    marked,
    pruned_by,
    reach,
    runs_of,
    simulate,
    uncovered,
)
from homebackup.model.backups.archive import Archive
from pverules.archive_name import ArchiveName
from pverules.local_time import wall_at
from pverules.retention import Retention
from tests.cases.played_backups import NOON, Story, site
from tests.cases.played_backups import archive as backup

BERLIN = ZoneInfo("Europe/Berlin")
RECORDED = Path(__file__).resolve().parents[1] / "lab" / "recordings" / "prune.jsonl"


def noon(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=BERLIN).timestamp())


def job(schedule: str, keep: str | None = None, **more: Any) -> Job:
    return Job("j", schedule, more.pop("guests", (100,)), retention=Retention.parse(keep) if keep else None, **more)


def shelf(keep: str, *there: Copy) -> Shelf:
    return Shelf(100, "qemu", Retention.parse(keep), BERLIN, list(there))


def copy(stamp: str, *, protected: bool = False) -> Copy:
    at = int(datetime.fromisoformat(stamp).replace(tzinfo=BERLIN).timestamp())
    return Copy(str(ArchiveName.at("qemu", 100, at, BERLIN, "vma.zst")), at, protected)


def dates(there: tuple[Copy, ...] | list[Copy]) -> list[str]:
    return [f"{wall_at(one.time, BERLIN):%m-%d}" for one in there]


def run(schedule: str, keep: str, days: int, first: str = "2026-02-11", *there: Copy) -> list[Any]:
    start = noon(first)
    return simulate(shelf(keep, *there), runs_of(job(schedule), BERLIN, start, days), start, days)


def test_three_daily_copies_after_ninety_days() -> None:
    days = run("03:00", "keep-last=3", 90)
    assert len(days) == 90
    assert [len(day.kept) for day in days[:6]] == [0, 1, 2, 3, 3, 3]
    assert days[-1].day == date(2026, 5, 11)
    assert dates(days[-1].kept) == ["05-11", "05-10", "05-09"]
    assert days[0].oldest is None
    assert dates([days[-1].oldest]) == ["05-09"]
    assert max(day.most for day in days) == 4
    assert reach(days, BERLIN) == (2, 2)


def test_grandfathers() -> None:
    """A month's last day is pruned while a Sunday stands for its month, so the Sunday is what is left of it."""
    days = run("03:00", "keep-daily=7,keep-weekly=4,keep-monthly=3", 400, "2025-02-11")
    assert (
        dates(days[-1].kept)
        == "03-17 03-16 03-15 03-14 03-13 03-12 03-11 03-08 03-01 02-22 02-15 01-25 12-28 11-30".split()
    )
    least, most = reach(days, BERLIN) or (0, 0)
    assert (least, most) == (91, 132)


def test_what_is_never_pruned_reaches_further_every_day() -> None:
    days = run("sun 04:00", "keep-all=1", 28)
    assert len(days[-1].kept) == 4
    assert reach(days, BERLIN) is None


def test_archives_that_are_there_count_and_protected_ones_do_not() -> None:
    old, held = copy("2026-01-01T03:00"), copy("2025-12-01T03:00", protected=True)
    days = run("03:00", "keep-last=2", 4, "2026-02-11", held, old)
    assert [dates(day.kept) for day in days] == [
        ["01-01", "12-01"],
        ["02-12", "01-01", "12-01"],
        ["02-13", "02-12", "12-01"],
        ["02-14", "02-13", "12-01"],
    ]
    assert dates(days[2].pruned) == ["01-01"]


def test_a_disabled_job_makes_nothing() -> None:
    assert runs_of(job("03:00", enabled=False), BERLIN, noon("2026-02-11"), 10) == ()
    assert len(runs_of(job("03:00"), BERLIN, noon("2026-02-11"), 10)) == 9


def test_an_hour_that_comes_twice_makes_names_once() -> None:
    start = noon("2026-10-24")
    days = simulate(shelf("keep-all=1"), [start + 14 * 3600 + 1800, start + 15 * 3600 + 1800], start, 2)
    assert [one.name for one in days[-1].kept] == ["vzdump-qemu-100-2026_10_25-02_30_00.vma.zst"]


def test_the_jobs_retention_goes_before_the_storages() -> None:
    storage = Retention(last=5)
    assert effective(job("03:00", "keep-last=3", storage="nas"), storage) == (Retention(last=3), "job j")
    assert effective(job("03:00", storage="nas"), storage) == (storage, "storage nas")
    assert effective(job("03:00", storage="nas"), None)[0].keeps_all
    assert effective(job("03:00", "keep-all=1"), storage)[0].keeps_all


def test_a_shorter_retention_prunes_what_the_old_would_keep() -> None:
    there = [copy(f"2026-02-{day:02}T03:00") for day in range(5, 12)]
    before = shelf("keep-last=7", *there)
    next_run = noon("2026-02-11") + 15 * 3600
    assert dates(pruned_by(before, Retention(last=3), next_run)) == ["02-09", "02-08", "02-07", "02-06"]
    assert pruned_by(before, Retention(last=9), next_run) == []
    assert pruned_by(before, Retention(), next_run) == []
    assert before.copies == there


def test_a_protected_archive_is_never_lost() -> None:
    there = [copy("2026-02-09T03:00", protected=True), copy("2026-02-10T03:00"), copy("2026-02-11T03:00")]
    gone = pruned_by(shelf("keep-last=3", *there), Retention(last=1), noon("2026-02-12"))
    assert dates(gone) == ["02-11", "02-10"]


def test_guests_that_lose_their_cover() -> None:
    before = [job("03:00", guests=(100, 102)), job("04:00", guests=(103,)), job("05:00", guests=(9,), enabled=False)]
    assert uncovered(before, [job("03:00", guests=(100,)), job("04:00", guests=(103, 105))]) == [102]
    assert uncovered(before, [job("03:00", guests=(100, 102), enabled=False), job("04:00", guests=(103, 102))]) == [100]
    assert uncovered(before, before) == []


def test_copies_of_a_guest_are_read_from_the_archives() -> None:
    def archive(vmid: int, time: int, storage: str = "nas") -> Archive:
        return Archive(storage, f"n{time}", "qemu", vmid, time, 7, None, None, False, "/mnt/nas/dump")

    found = copies([archive(100, 5), archive(101, 6), archive(100, 3), archive(100, 4, "other")], 100, "qemu", "nas")
    assert found == [Copy("n3", 3, False, 7), Copy("n5", 5, False, 7)]


def test_archives_of_another_kind_of_guest_that_had_the_vmid_before_are_none_of_the_guest() -> None:
    made = [backup(NOON - days * 86400, kind=kind) for days, kind in ((20, "lxc"), (2, "qemu"), (1, "qemu"))]
    declared, facts = site(), Story(files=tuple(made)).facts("ssh")
    (found,) = outlooks(declared, facts, agenda(declared, facts, NOON), NOON, 9)
    assert [copy.name for copy in found.there] == [file.name for file in made[1:]]
    assert not [copy.name for day in found.days for copy in day.kept if "lxc" in copy.name]


def test_a_shelf_is_pruned_as_recorded() -> None:
    rows = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        there = [Copy(a["volid"].rpartition("/")[2], a["ctime"], a["protected"]) for a in row["archives"]]
        pruned = Shelf(100, "qemu", Retention.parse(row["keep"]), ZoneInfo(row["timezone"]), there)
        removed = {one.name for one in pruned.prune()}
        assert removed == {name.rpartition("/")[2] for name, mark in row["marks"].items() if mark == "remove"}, row[
            "id"
        ]
    assert len(rows) == 168


counts = st.integers(0, 4)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(Retention, last=counts, hourly=counts, daily=counts, weekly=counts, monthly=counts),
    st.lists(st.integers(1, 40 * 24), min_size=1, max_size=40, unique=True),
)
def test_day_by_day_and_all_at_once_agree_on_the_newest(keep: Retention, hours: list[int]) -> None:
    """Pruning after each backup never loses the newest, and leaves what a prune would leave alone."""
    start = noon("2026-02-11")
    there = Shelf(100, "qemu", keep, BERLIN)
    days = simulate(there, [start + hour * 3600 for hour in sorted(hours)], start, 42)
    assert set(marked(there.copies, keep, BERLIN).values()) <= {"keep"}
    made = len([one for day in days for one in day.pruned]) + len(days[-1].kept)
    assert made == len(hours)
    per_day: dict[date, int] = defaultdict(int)
    for earlier, later in pairwise(days):
        per_day[later.day] = len(later.kept) + len(later.pruned) - len(earlier.kept)
    assert all(added >= 0 for added in per_day.values())
    assert days[-1].kept[0].time == start + max(hours) * 3600
    assert timedelta(0) <= wall_at(days[-1].kept[-1].time, BERLIN) - wall_at(start, BERLIN)
