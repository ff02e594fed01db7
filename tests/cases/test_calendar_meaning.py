"""What schedules really mean, when two are equal, and how far apart their runs lie."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pverules.calendar import CalendarEvent, longest_gap, meaning, normalise

VIENNA = ZoneInfo("Europe/Vienna")
NEW_YORK = ZoneInfo("America/New_York")
NEW_YEAR = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())


def said(text: str) -> str:
    return "\n".join(meaning(CalendarEvent.parse(text), VIENNA, NEW_YEAR))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("24:00", "minute 24 and second 00 of every hour; hours go from 0 to 23, midnight is 00:00"),
        ("mon 24:00", "24 is no hour"),
        ("mon..fri 22", "22 is minute 22 of every hour, not an hour; for the hour write 22:00"),
        ("30", "30 is minute 30 of every hour, not an hour"),
        ("*/45", "minute 0 is passed over after the first round of minutes, and only minute 45 is left; write 00,45"),
        ("0/7:00", "hour 0 is passed over after the first round of hours; write 00..21/7"),
        ("*-1/5-1", "month 1 is passed over"),
        ("*-*-1/9", "day 1 is passed over where the month before was too short"),
        ("*-02-30", "never runs; no such date is to come"),
        ("26-01-01", "never runs; the year 26 is taken literally, write 2026"),
        ("fri *-*-13", "the weekday and the date both fit"),
        ("*-*-31", "months without a day 31 are left out"),
        ("02:30", "02:30 does not exist on 2026-03-29 in Europe/Vienna"),
        ("sun 02:30", "that run is skipped and the next is 2026-04-05 02:30"),
    ],
)
def test_a_schedule_that_misleads_is_explained(text: str, words: str) -> None:
    assert words in said(text)
    assert said(text).startswith(f"{text}: ")


@pytest.mark.parametrize(
    "text", ["sun 04:00", "*:0/15", "*/5", "daily", "monthly", "quarterly", "mon..fri 22:00", "8:*/45", "02:30 UTC"]
)
def test_a_schedule_that_means_what_it_says_is_left_in_peace(text: str) -> None:
    assert said(text) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sun 04:00", "sun 4:00"),
        ("sun 04:00", "SUNDAY  4:0:0"),
        ("daily", "00:00"),
        ("weekly", "monday"),
        ("hourly", "0"),
        ("minutely", "*"),
        ("*:0/15", "0,15,30,45"),
        ("5/15", "5,20,35,50"),
        ("mon..fri 3:00", "mon,tue,wed,thu,fri 03:00"),
        ("fri..mon", "mon,fri,sat,sun"),
        ("mon..sun 3:00", "3:00"),
        ("*-*-1 3:00", "*-1 3:00"),
        ("quarterly", "*-1/3-1"),
        ("30/40", "30"),
        ("0..23:0", "*:00"),
        ("8:00UTC", "08:00 UTC"),
    ],
)
def test_two_spellings_of_one_schedule_are_equal(one: str, other: str) -> None:
    left, right = CalendarEvent.parse(one), CalendarEvent.parse(other)
    assert left == right
    assert hash(left) == hash(right)
    assert normalise(left) == normalise(right)


@pytest.mark.parametrize(
    ("one", "other"),
    [("*/7", "0..56/7"), ("*/45", "45"), ("22", "22:00"), ("8:00", "8:00 UTC"), ("*-*-1/9", "*-*-1..28/9")],
)
def test_two_schedules_that_run_at_other_times_differ(one: str, other: str) -> None:
    assert CalendarEvent.parse(one) != CalendarEvent.parse(other)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("sunday 4:00", "sun 04:00"),
        ("daily", "00:00"),
        ("*/15", "*:*/15"),
        ("mon,tue,wed 22:30:10 UTC", "mon..wed 22:30:10 UTC"),
        ("*-1-1", "*-01-01 00:00"),
        ("0/45,50", "*:00,45,50/40"),
    ],
)
def test_the_normal_spelling(text: str, normal: str) -> None:
    assert normalise(CalendarEvent.parse(text)) == normal


@pytest.mark.parametrize(
    ("text", "zone", "seconds"),
    [
        ("daily", ZoneInfo("UTC"), 86400),
        ("daily", VIENNA, 90000),
        ("sun 04:00", ZoneInfo("UTC"), 7 * 86400),
        ("sun 02:30", VIENNA, 14 * 86400 - 3600),
        ("*:*", ZoneInfo("UTC"), 60),
        ("*:*:*/20", ZoneInfo("UTC"), 20),
        ("8..10:0/15", ZoneInfo("UTC"), 86400 - 2 * 3600 - 45 * 60),
        ("*/45", ZoneInfo("UTC"), 3600),
        ("*-02-29", ZoneInfo("UTC"), None),
        ("*-02-30", ZoneInfo("UTC"), None),
    ],
)
def test_the_longest_gap_between_runs(text: str, zone: ZoneInfo, seconds: int | None) -> None:
    assert longest_gap(CalendarEvent.parse(text), NEW_YEAR, zone, 365) == seconds


def test_runs_ascend_where_clocks_are_put_back() -> None:
    back = int(datetime(2026, 11, 1, 5, 0, tzinfo=UTC).timestamp())
    for text in ("*:*:30", "*:0/15", "*:*:0/10"):
        runs = list(CalendarEvent.parse(text).runs(back, NEW_YORK, until=back + 3 * 3600))
        assert all(earlier < later for earlier, later in pairwise(runs)), text
        assert runs[-1] > back + 2 * 3600


def test_runs_end_at_the_limit_and_at_the_moment() -> None:
    daily = CalendarEvent.parse("daily")
    week = list(daily.runs(NEW_YEAR, ZoneInfo("UTC"), until=NEW_YEAR + 7 * 86400))
    assert week == [NEW_YEAR + day * 86400 for day in range(1, 8)]
    assert list(daily.runs(NEW_YEAR, ZoneInfo("UTC"), limit=3)) == week[:3]


def test_the_answer_in_a_fold_depends_on_the_hint() -> None:
    event = CalendarEvent.parse("02:30")
    evening = int(datetime(2026, 10, 25, 0, 10, tzinfo=UTC).timestamp())
    assert event.next_after(evening, VIENNA, hint=7200) == evening + 20 * 60
    assert event.next_after(evening, VIENNA, hint=3600) == evening + 80 * 60


def test_a_thousand_answers_take_less_than_a_second() -> None:
    events = [CalendarEvent.parse(text) for text in ("sun 04:00", "*:0/15", "*-*-31 02:30", "fri *-*-13", "*-02-29")]
    begin = time.process_time()
    for event in events:
        for start in range(NEW_YEAR, NEW_YEAR + 200 * 40_000, 40_000):
            event.next_after(start, VIENNA)
    assert time.process_time() - begin < 1


def members(bound: int, first: int = 0) -> st.SearchStrategy[str]:
    number = st.integers(first, bound - 1)
    ranges = st.tuples(number, number).map(lambda pair: f"{min(pair)}..{max(pair)}")
    stepped = st.tuples(number.map(str) | ranges, st.integers(0, bound - 1)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    star = st.just("*") | st.integers(1, bound - 1).map(lambda step: f"*/{step}")
    listed = st.lists(number.map(str) | ranges | stepped, min_size=1, max_size=3).map(",".join)
    return star | listed


weekdays = st.lists(st.sampled_from(["mon", "tue..thu", "fri..mon", "Sunday"]), max_size=2).map(",".join)
dates = st.just("") | st.tuples(st.just("*") | members(2200), members(13), members(32)).map("-".join)
times = st.tuples(members(24), members(60)).map(":".join) | st.tuples(members(24), members(60), members(60)).map(
    ":".join
)
texts = st.tuples(weekdays, dates, times, st.sampled_from(["", "UTC"])).map(lambda parts: " ".join(filter(None, parts)))


@settings(max_examples=150, deadline=None)
@given(texts)
@example("0/2,0/7-*-* *:*")
def test_any_normal_spelling_means_the_same_and_is_stable(text: str) -> None:
    event = CalendarEvent.parse(text)
    again = CalendarEvent.parse(normalise(event))
    assert again == event
    assert normalise(again) == normalise(event)


@settings(max_examples=150, deadline=None)
@given(texts, st.integers(NEW_YEAR, NEW_YEAR + 4 * 366 * 86400))
def test_the_next_run_is_later_where_no_clock_was_put_back(text: str, start: int) -> None:
    event = CalendarEvent.parse(text)
    run = event.next_after(start, ZoneInfo("UTC"))
    assert run is None or run > start


LAST_YEAR = 253_370_764_800
"""New Year 9999, the last year that Python's own dates can say."""


@settings(max_examples=150, deadline=None)
@given(texts, st.integers(NEW_YEAR, NEW_YEAR + 4 * 366 * 86400))
def test_runs_fit_every_field(text: str, start: int) -> None:
    event = CalendarEvent.parse(text)
    for run in event.runs(start, NEW_YORK, until=LAST_YEAR, limit=3):
        wall = datetime.fromtimestamp(run, ZoneInfo("UTC") if event.parts.utc else NEW_YORK)
        parts = event.parts
        assert wall.year in parts.year
        assert wall.month in parts.month
        assert wall.day in parts.day
        assert wall.hour in parts.hour
        assert wall.minute in parts.minute
        assert wall.second in parts.second
        assert not parts.weekdays or wall.weekday() in parts.weekdays
