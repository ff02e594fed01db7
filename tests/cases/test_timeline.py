"""The timeline of a week: when jobs run, how long they take, and what does not go together."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from homebackup.assess.conflicts import Conflict, conflicts
from homebackup.assess.jobs import Job
from homebackup.assess.timeline import Timeline, midnight, timeline, week
from homebackup.assess.usual import Usual, p95, usual
from homebackup.model.backups.task import GuestRun
from homebackup.model.site import Window
from pverules.local_time import wall_at

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
MINUTE, HOUR, DAY = 60, 3600, 86400
OFFSITE = Window.model_validate({"name": "offsite sync", "from": "09:00", "until": "10:00"})
NIGHTLY = Window.model_validate({"name": "shop vzdump", "from": "23:30", "until": "01:00"})


def job(name: str, schedule: str, rank: int | None = None, **more: object) -> Job:
    made = {
        "node": "pve",
        "nas": "10.0.0.150",
        "site": "home",
        "storage": "nas",
        "tier": "" if rank is None else f"p{rank}",
    }
    return Job(name, schedule, (100,), rank=rank, **{**made, **more})  # type: ignore[arg-type]


def line(
    *jobs: Job,
    windows: tuple[Window, ...] = (),
    zone: ZoneInfo = BERLIN,
    first: date = date(2026, 2, 2),
    days: int = 7,
    **minutes: int,
) -> Timeline:
    """A timeline of the days from `first` on, jobs as long as `minutes` by name say."""
    lasting = {name: Usual(length * MINUTE, 9) for name, length in minutes.items()}
    start, end = week(midnight(first, zone) + 5 * HOUR, zone, days)
    return timeline(jobs, windows, lasting, zone, start, end)


def told(found: Timeline) -> list[tuple[str, tuple[str, ...], int]]:
    return [(one.kind, one.jobs, len(one.times)) for one in conflicts(found)]


def said(found: Timeline) -> str:
    return "\n".join(map(str, conflicts(found)))


def clocks(found: Timeline) -> list[str]:
    return [f"{wall_at(run.start, found.zone):%a %d %H:%M}" for run in found.runs]


def test_the_home_site_has_a_quiet_week() -> None:
    jobs = (job("a", "03:00", 0), job("b", "03:15", 1), job("c", "sun 04:00", 2))
    found = line(*jobs, windows=(OFFSITE,), a=12, b=10, c=50)
    assert len(found.runs) == 15
    assert told(found) == []
    assert found.days[0] == date(2026, 2, 2)
    assert len(found.windows) == 7


def test_a_later_tier_that_starts_before_the_first_is_done_is_told_once() -> None:
    found = line(job("a", "03:00", 0), job("b", "03:15", 1), a=23, b=10)
    assert told(found) == [("order", ("a", "b"), 7)]
    assert said(found) == (
        "p1 (b) starts at 03:15, before p0 (a), which usually takes 23 min, is done, 7 times in these days;"
        " start it at 03:25 or later"
    )


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("03:00", "03:00", "at the same moment as p0 (a), which must be done first"),
        ("03:00", "02:45", "p1 (b), which usually takes 10 min, is not done when"),
        ("03:00", "01:00", "p1 (b) starts at 01:00, before p0 (a), which starts at 03:00"),
        ("00:30", "23:30", "p1 (b) starts at 23:30, before p0 (a), which starts at 00:30"),
    ],
)
def test_tiers_out_of_order(first: str, second: str, words: str) -> None:
    minutes = 20 if second == "02:45" else 10
    assert words.replace("10 min", f"{minutes} min") in said(
        line(job("a", first, 0), job("b", second, 1), a=10, b=minutes)
    )


@pytest.mark.parametrize(
    ("first", "second"), [("03:00", "16:00"), ("*/2:00", "03:15"), ("03:00", "20:00"), ("23:00", "01:00")]
)
def test_tiers_in_order(first: str, second: str) -> None:
    assert told(line(job("a", first, 0), job("b", second, 1), a=10, b=10)) == []


def test_jobs_of_no_tier_that_meet_wait_for_each_other() -> None:
    found = line(job("a", "mon 03:00"), job("b", "mon 03:15"), a=23)
    assert told(found) == [("overlap", ("a", "b"), 1)]
    assert "waits for it; start it at 03:25 or later" in said(found)


def test_jobs_of_two_nodes_do_not_wait_but_share_the_nas() -> None:
    nodes = (job("a", "mon 03:00", node="one"), job("b", "mon 03:15", node="two"))
    assert told(line(*nodes, a=23)) == [("nas", ("a", "b"), 1)]
    elsewhere = (nodes[0], job("b", "mon 03:15", node="two", storage="other"))
    assert told(line(*elsewhere, a=23)) == []


def test_two_sites_on_one_nas() -> None:
    shop = job("b", "mon 03:15", 0, site="shop", node="pve")
    found = line(job("a", "mon 03:00", 0), shop, a=23)
    assert told(found) == [("nas", ("a", "b"), 1)]
    assert "starts at 03:15 while p0 (a) writes to the same NAS 10.0.0.150; start it at 03:25 or later" in said(found)
    assert told(line(job("a", "mon 03:00", 0), job("b", "mon 03:15", 0, site="shop", nas="10.1.0.2"), a=23)) == []


def test_what_another_site_does_to_itself_is_its_own_affair() -> None:
    shop = [job(name, "mon 03:15", rank, site="shop", nas="10.1.0.2") for rank, name in enumerate(("b", "c"))]
    found = line(job("a", "mon 03:00", 0), *shop, a=23)
    assert told(found) == [("order", ("b", "c"), 1)]
    assert conflicts(found, "home") == []


def test_a_job_that_overtakes_itself() -> None:
    assert told(line(job("a", "*:0/30"), a=31, days=1)) == [("overlap", ("a",), 48)]


def test_a_run_inside_a_window_and_one_that_reaches_into_it() -> None:
    found = line(job("a", "mon 09:30"), job("b", "tue 08:30"), windows=(OFFSITE,), a=10, b=45)
    assert told(found) == [("window", ("a", "offsite sync"), 1), ("window", ("b", "offsite sync"), 1)]
    assert "starts at 09:30, inside offsite sync (09:00 to 10:00); start it at 10:00 or later" in said(found)
    assert "is usually not done before offsite sync (09:00 to 10:00); start it 15 min earlier or more" in said(found)


def test_a_window_across_midnight() -> None:
    found = line(job("a", "mon 00:30"), job("b", "fri 23:45"), job("c", "wed 01:00"), windows=(NIGHTLY,), c=10)
    assert told(found) == [("window", ("a", "shop vzdump"), 1), ("window", ("b", "shop vzdump"), 1)]
    assert len(found.windows) == 8


def test_what_began_before_the_span_is_still_on_it() -> None:
    found = line(job("a", "23:30"), a=60, days=1)
    assert clocks(found) == ["Sun 01 23:30", "Mon 02 23:30"]
    assert clocks(line(job("a", "23:30"), days=1)) == ["Mon 02 23:30"]


def test_a_disabled_job_and_one_nobody_understands_do_not_run() -> None:
    jobs = (job("a", "03:00", enabled=False), job("b", "whenever"), job("c", "*-02-30"))
    assert line(*jobs).runs == ()


@pytest.mark.parametrize(
    ("zone", "day", "schedule", "words"),
    [
        (BERLIN, date(2026, 3, 29), "02:30", "02:30 does not exist on 2026-03-29 in Europe/Berlin"),
        (NEW_YORK, date(2026, 3, 8), "02:30", "clocks go from 02:00 to 03:00; Proxmox VE leaves that run out"),
        (LORD_HOWE, date(2026, 10, 4), "02:15", "start it at 02:30 or later, or before 02:00"),
    ],
)
def test_a_run_that_the_clock_leaves_out(zone: ZoneInfo, day: date, schedule: str, words: str) -> None:
    found = line(job("a", schedule), zone=zone, first=day, days=2)
    assert len(found.runs) == 1
    assert told(found) == [("skipped", ("a",), 1)]
    assert words in said(found)


@pytest.mark.parametrize(
    ("zone", "day", "schedule"),
    [
        (BERLIN, date(2026, 10, 25), "02:30"),
        (NEW_YORK, date(2026, 11, 1), "01:30"),
        (LORD_HOWE, date(2026, 4, 5), "01:45"),
    ],
)
def test_a_time_that_comes_twice(zone: ZoneInfo, day: date, schedule: str) -> None:
    found = line(job("a", schedule), zone=zone, first=day, days=2)
    assert [run.passage for run in found.runs] == [1, 0]
    assert told(found) == [("twice", ("a",), 1)]
    assert f"the clock shows {schedule} twice on {day}; Proxmox VE runs it once, the first time" in said(found)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, date(2026, 3, 29), 23.0),
        (BERLIN, date(2026, 10, 25), 25.0),
        (NEW_YORK, date(2026, 11, 1), 25.0),
        (LORD_HOWE, date(2026, 10, 4), 23.5),
    ],
)
def test_days_are_as_long_as_the_clock_makes_them(zone: ZoneInfo, day: date, hours: float) -> None:
    start, end = week(midnight(day, zone) + 9 * HOUR, zone, 1)
    assert (end - start) / HOUR == hours
    hourly = line(job("a", "*:00"), zone=zone, first=day, days=1)
    assert told(hourly) == []


def test_runs_are_those_of_the_schedule() -> None:
    found = line(job("a", "mon..fri 22:00"), first=date(2026, 10, 24), days=7)
    assert clocks(found) == ["Mon 26 22:00", "Tue 27 22:00", "Wed 28 22:00", "Thu 29 22:00", "Fri 30 22:00"]


def test_the_usual_is_the_95th_percentile() -> None:
    assert p95([5]) == 5
    assert p95(list(range(1, 20))) == 19
    assert p95(list(range(1, 101))) == 95


def nights(*lengths: tuple[int, ...], guests: tuple[int, ...] = (100, 102)) -> list[GuestRun]:
    """Runs on one night after the other, the guests one after the other, each so many seconds; 0 leaves one out."""
    runs = []
    for night, seconds in enumerate(lengths):
        start = int(datetime(2026, 1, 1, 3, tzinfo=UTC).timestamp()) + night * DAY
        for vmid, length in zip(guests, seconds, strict=True):
            if length:
                runs.append(GuestRun(vmid, start, True, length))
            start += length
    return runs


def test_a_job_takes_as_long_as_its_nights() -> None:
    assert usual((100, 102), nights((60, 40), (90, 10), (50, 30))) == Usual(100, 3)
    assert usual((102,), nights((60, 40), (90, 10))) == Usual(40, 2)
    assert usual((100, 102), []) is None


def test_a_night_without_a_guest_and_a_backup_by_hand_measure_nothing() -> None:
    runs = nights((600, 400), (600, 400), (600, 0))
    by_hand = GuestRun(102, runs[0].started + 12 * HOUR, True, 5000)
    assert usual((100, 102), [by_hand, *runs]) == Usual(1000, 2)


def test_guests_never_seen_together_are_added_up_and_unmeasured_ones_named() -> None:
    assert usual((100, 102), nights((60, 0), (0, 40), (80, 0))) == Usual(120, 0)
    assert usual((100, 102, 110), nights((60, 40))) == Usual(100, 1, (110,))


def test_a_conflict_reads_as_a_sentence() -> None:
    assert str(Conflict("order", ("a",), (1,), "said", "do")) == "said; do"
    assert str(Conflict("twice", ("a",), (1,), "said")) == "said"
