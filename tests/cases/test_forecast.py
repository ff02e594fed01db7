"""Forecasts against answers worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homebackup.assess.course import courses
from homebackup.assess.forecast import DAY, Growth, Load, forecast, growth, rate, transfer
from homebackup.assess.jobs import Job
from homebackup.assess.retention import Copy, Shelf, runs_of
from homebackup.assess.timeline import timeline
from homebackup.assess.usual import Usual
from homebackup.model.backups.task import GuestRun
from homebackup.model.site import Window
from pverules.archive_name import ArchiveName
from pverules.retention import Retention

BERLIN = ZoneInfo("Europe/Berlin")
GIB = 1 << 30
NOON = int(datetime(2026, 2, 11, 12, tzinfo=BERLIN).timestamp())


def archive(days_ago: int, size: int, vmid: int = 100) -> Copy:
    at = NOON - 9 * 3600 - days_ago * DAY
    return Copy(str(ArchiveName.at("qemu", vmid, at, BERLIN, "vma.zst")), at, size=size)


def load(keep: str, there: list[Copy], *, vmid: int = 100, days: int = 90, told: Growth | None = None) -> Load:
    runs = runs_of(Job("j", "03:00"), BERLIN, NOON, days)
    return Load(Shelf(vmid, "qemu", Retention.parse(keep), BERLIN, there), runs, told or growth(there, NOON))


def test_equal_archives_do_not_grow() -> None:
    found = growth([archive(days, 10 * GIB) for days in range(9)], NOON)
    assert found == Growth(10 * GIB, 0.0, NOON)


def test_archives_that_gain_a_gibibyte_a_day() -> None:
    found = growth([archive(days, (20 - days) * GIB) for days in range(9)], NOON)
    assert found is not None
    assert found.per_day == pytest.approx(GIB)
    assert found.size_at(NOON) == pytest.approx(20.375 * GIB)
    assert found.size_at(NOON + 10 * DAY) == pytest.approx(30.375 * GIB)


def test_one_outlier_does_not_bend_the_growth() -> None:
    there = [archive(days, 10 * GIB) for days in range(9)]
    there[4] = archive(4, 900 * GIB)
    assert growth(there, NOON) == Growth(10 * GIB, 0.0, NOON)


def test_shrinking_is_not_trusted_and_two_archives_tell_no_growth() -> None:
    shrinking = growth([archive(days, (10 + days) * GIB) for days in range(9)], NOON)
    assert shrinking is not None
    assert shrinking.per_day == 0
    two = growth([archive(9, GIB), archive(0, 2 * GIB)], NOON)
    assert two is not None
    assert two.per_day == 0
    assert growth([], NOON) is None


def test_a_settled_guest_needs_its_copies_and_the_one_being_written() -> None:
    there = [archive(days, 10 * GIB) for days in range(3)]
    found = forecast("nas", [load("keep-last=3", there)], 10 * GIB)
    assert (found.now, found.need, found.peak) == (30 * GIB, 40 * GIB, 40 * GIB)
    assert found.room == 40 * GIB
    assert (found.full, found.settles) == (None, True)


def test_a_byte_too_little_fails_the_first_run() -> None:
    there = [archive(days, 10 * GIB) for days in range(3)]
    found = forecast("nas", [load("keep-last=3", there)], 10 * GIB - 1)
    assert found.full == NOON + 15 * 3600
    assert found.days_to_full(NOON) == 0


def test_days_until_a_retention_that_never_prunes_fills_the_storage() -> None:
    found = forecast("nas", [load("keep-all=1", [archive(0, 10 * GIB)])], 105 * GIB)
    assert found.settles is False
    assert found.full == NOON + 15 * 3600 + 10 * DAY
    assert found.days_to_full(NOON) == 10


def test_growth_fills_what_settled_sizes_would_not() -> None:
    there = [archive(0, 10 * GIB)]
    growing = load("keep-last=1", there, told=Growth(10 * GIB, GIB, NOON - 9 * 3600))
    found = forecast("nas", [growing], 30 * GIB)
    assert found.need == 20 * GIB
    assert found.room == 40 * GIB
    # on day d its archive of 10 + d lies beside the one of the day before: 19 + 2 d is more than 40 on day 11
    assert found.full == NOON - 9 * 3600 + 11 * DAY
    assert found.days_to_full(NOON) == 10


def test_guests_take_turns_so_only_one_more_archive_is_written_at_a_time() -> None:
    one = load("keep-last=2", [archive(days, 10 * GIB) for days in range(2)])
    other = load("keep-last=2", [archive(days, 4 * GIB, 102) for days in range(2)], vmid=102)
    found = forecast("nas", [one, other], None)
    assert found.now == 28 * GIB
    assert found.need == 38 * GIB
    assert (found.room, found.full) == (None, None)


def test_a_guest_without_an_archive_is_named() -> None:
    found = forecast("nas", [load("keep-last=3", [])], GIB)
    assert found.unknown == (100,)
    assert found.need == 0


def test_a_longer_retention_moves_the_forecast() -> None:
    there = [archive(days, 10 * GIB) for days in range(3)]
    needs = [forecast("nas", [load(f"keep-last={keep}", there)], None).need for keep in (3, 7, 14)]
    assert needs == [40 * GIB, 80 * GIB, 150 * GIB]


def test_the_rate_is_bytes_over_seconds() -> None:
    runs = [
        GuestRun(100, 0, True, 100, 50 * GIB),
        GuestRun(102, 0, True, 100, 10 * GIB),
        GuestRun(103, 0, False, 5, GIB),
    ]
    assert rate(runs) == 60 * GIB / 200
    assert rate([GuestRun(100, 0, True)]) is None


def test_transfer_time_against_the_next_window() -> None:
    job = Job("j", "03:00", (100,))
    window = Window.model_validate({"name": "offsite sync", "from": "09:00", "until": "10:00"})
    line = timeline([job], [window], {}, BERLIN, NOON, NOON + 7 * DAY)
    guess = transfer(job, line, None, 60 * GIB, GIB / 100)
    assert (guess.seconds, guess.measured) == (6000, False)
    assert (guess.room, guess.until) == (6 * 3600, "offsite sync")
    assert guess.fits
    known = transfer(job, line, Usual(7 * 3600, 9), 0, None)
    assert (known.seconds, known.measured, known.fits) == (7 * 3600, True, False)
    nobody = transfer(job, line, None, 60 * GIB, None)
    assert nobody.seconds is None
    assert nobody.fits


def test_without_windows_a_job_has_until_its_own_next_run() -> None:
    job = Job("j", "*/6:00", (100,))
    found = transfer(job, timeline([job], [], {}, BERLIN, NOON, NOON + DAY), Usual(3 * 3600, 9), 0, None)
    assert (found.room, found.until) == (6 * 3600, "its own next run")


def _plainly(loads: list[Load], room: int, *, growing: bool) -> tuple[int, int | None]:
    """The most bytes and the first run over `room`, with every run of every guest pruned on its own."""
    shelves = [replace(load.shelf, copies=[*load.shelf.copies]) for load in loads]
    most = sum(copy.size for shelf in shelves for copy in shelf.copies)
    full = None
    for at, place in sorted((run, place) for place, load in enumerate(loads) for run in load.runs):
        told = loads[place].growth
        size = told.size_at(at if growing else told.at) if told else 0
        new = replace(shelves[place].made(at), size=size)
        lying = sum(copy.size for shelf in shelves for copy in shelf.copies) + size
        most = max(most, lying)
        full = at if full is None and lying > room else full
        shelves[place].back_up(new)
    return most, full


counts = st.integers(0, 3)
kept = st.builds(Retention, last=counts, hourly=counts, daily=counts, weekly=counts, monthly=counts)
there = st.lists(st.tuples(st.integers(-30 * 24 * 60, 600), st.integers(1, 99), st.booleans()), max_size=6)


@settings(max_examples=150, deadline=None)
@given(
    kept,
    st.lists(there, min_size=1, max_size=6),
    st.sampled_from(["*/2:30", "03:00", "sun 02:30"]),
    counts,
    st.integers(0, 4000),
)
def test_guests_alike_come_to_what_each_comes_to_alone(
    keep: Retention, guests: list[list[tuple[int, int, bool]]], schedule: str, changes: int, apart: int
) -> None:
    """Of two guests one's archives are some minutes older; clocks go back, and archives may be of the future."""
    start = int(datetime(2026, 10, 24, 12, tzinfo=BERLIN).timestamp()) + changes * 6 * 3600
    runs = runs_of(Job("j", schedule), BERLIN, start, 12)
    loads = []
    for vmid, several in enumerate([*guests, *guests], 100):
        older = apart if vmid - 100 < len(guests) else 0
        times = {start + (minute - older) * 60: more for minute, *more in several}
        copies = [
            Copy(str(ArchiveName.at("qemu", vmid, at, BERLIN, "vma.zst")), at, held, size)
            for at, (size, held) in times.items()
        ]
        loads.append(Load(Shelf(vmid, "qemu", keep, BERLIN, copies), runs, growth(copies, start)))
    guests_runs = [(load.shelf, load.runs) for load in loads]
    assert list(courses(guests_runs)) == [next(courses([guest])) for guest in guests_runs]
    room = 100
    found = forecast("nas", loads, room)
    room += sum(copy.size for load in loads for copy in load.shelf.copies)
    assert (found.peak, found.full) == _plainly(loads, room, growing=True)
    assert found.need == _plainly(loads, room, growing=False)[0]
