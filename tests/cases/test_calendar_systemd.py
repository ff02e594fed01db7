"""Next runs against the real `systemd-analyze calendar`, on the part of the grammar that systemd and Proxmox VE share.

Left out are the spellings of only one of them (systemd takes no range such as 3..3 or fri..mon), steps without an end
that do not divide their unit (systemd keeps the first slot), and times that a clock shows twice, of which the two may
choose a different one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pverules.calendar import CalendarEvent, pass_of

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]
NAMES = "Mon Tue Wed Thu Fri Sat Sun Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
ITERATIONS = 8
LINE = re.compile(
    r"^ *(?:Next elapse|Iter(?:ation|\.) #\d+|\(in UTC\)): \w{3} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC$", re.M
)
YEAR = 2026
START = int(datetime(YEAR, 1, 1, tzinfo=UTC).timestamp())
END = int(datetime(YEAR + 1, 3, 1, tzinfo=UTC).timestamp())


def program() -> str:
    """The path of systemd-analyze; without it nothing here can be told, so it fails."""
    found = shutil.which("systemd-analyze")
    assert found, "systemd-analyze is not installed; it is part of Debian's package systemd"
    return found


def systemd(schedule: str, start: int, zone: str) -> list[int]:
    """The first runs after an epoch, as systemd tells them."""
    ran = subprocess.run(
        [program(), "calendar", f"--iterations={ITERATIONS}", f"--base-time=@{start}", schedule],
        env={**os.environ, "TZ": zone, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(datetime.fromisoformat(f"{told}+00:00").timestamp()) for told in LINE.findall(ran.stdout)]


def ours(schedule: str, start: int, zone: str) -> list[int]:
    return list(CalendarEvent.parse(schedule).runs(start, ZoneInfo(zone), limit=ITERATIONS))


def numbers(first: int, last: int, width: int = 2) -> st.SearchStrategy[str]:
    """One number, a list, a range or a range with steps."""
    one = st.integers(first, last)
    pairs = st.lists(one, min_size=2, max_size=2, unique=True).map(sorted)
    return st.one_of(
        one.map(lambda number: f"{number:0{width}}"),
        st.lists(one, min_size=2, max_size=4, unique=True).map(lambda several: ",".join(map(str, sorted(several)))),
        pairs.map(lambda pair: f"{pair[0]}..{pair[1]}"),
        st.tuples(pairs, st.integers(1, max(1, (last - first) // 2))).map(lambda p: f"{p[0][0]}..{p[0][1]}/{p[1]}"),
    )


def dividing(unit: int) -> st.SearchStrategy[str]:
    """Steps without an end that divide their unit, from its first value on."""
    return st.sampled_from([f"0/{step}" for step in range(2, unit) if unit % step == 0])


weekdays = st.lists(
    st.one_of(
        st.sampled_from(NAMES),
        st.lists(st.integers(0, 6), min_size=2, max_size=2, unique=True).map(
            lambda pair: f"{NAMES[min(pair)]}..{NAMES[max(pair)]}"
        ),
    ),
    min_size=1,
    max_size=3,
).map(",".join)
months = st.one_of(st.just("*"), numbers(1, 12))
days = st.one_of(st.just("*"), numbers(1, 28))
dates = st.tuples(st.sampled_from(["", "*-", f"{YEAR}-", f"{YEAR}..{YEAR + 1}-"]), months, days).map(
    lambda parts: f"{parts[0]}{parts[1]}-{parts[2]}"
)
hours = st.one_of(st.just("*"), numbers(0, 23), dividing(24))
minutes = st.one_of(numbers(0, 59), dividing(60))
times = st.one_of(
    st.tuples(hours, minutes).map(":".join),
    st.tuples(hours, minutes, st.one_of(numbers(0, 59), dividing(60))).map(":".join),
)
spelled = st.tuples(
    st.one_of(st.just(""), weekdays), st.one_of(st.just(""), dates), times, st.sampled_from(["", " UTC"])
)
schedules = st.one_of(
    spelled.map(lambda parts: " ".join(filter(None, parts[:3])) + parts[3]),
    st.sampled_from("minutely hourly daily weekly monthly quarterly semiannually yearly annually".split()),
)


def once(runs: list[int], zone: str) -> list[int]:
    """The runs at times that the clock shows once."""
    return [run for run in runs if not pass_of(run, ZoneInfo(zone))]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schedules, st.integers(START, END), st.sampled_from(ZONES))
@example("sun 04:00", START, "Europe/Berlin")
@example("mon..fri 22:00", START, "America/New_York")
@example("*-*-1..7 0/6:00", START, "Australia/Lord_Howe")
def test_next_runs_are_systemds(schedule: str, start: int, zone: str) -> None:
    mine, theirs = ours(schedule, start, zone), systemd(schedule, start, zone)
    assert bool(mine) == bool(theirs)
    compared = min(len(once(mine, zone)), len(once(theirs, zone)))
    assert once(mine, zone)[:compared] == once(theirs, zone)[:compared]


@pytest.mark.parametrize(
    ("zone", "noon_before"),
    [
        ("Europe/Berlin", "2026-03-28"),
        ("America/New_York", "2026-03-07"),
        ("Australia/Lord_Howe", "2026-10-03"),
    ],
)
@pytest.mark.parametrize(
    "schedule", ["02:00", "02:15", "02:30", "sun 02:10", "*:0/10", "0/2:15", "1..3:45", "03:00", "2:15 UTC"]
)
def test_on_the_day_clocks_go_forward_runs_are_systemds(zone: str, noon_before: str, schedule: str) -> None:
    start = int(datetime.fromisoformat(f"{noon_before}T23:45").replace(tzinfo=ZoneInfo(zone)).timestamp())
    assert ours(schedule, start, zone) == systemd(schedule, start, zone)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/Berlin", "2026-10-25"), ("America/New_York", "2026-11-01"), ("Australia/Lord_Howe", "2026-04-05")],
)
@pytest.mark.parametrize("schedule", ["00:30", "03:30", "sun 04:00", "0/4:00", "2:15 UTC"])
def test_on_the_day_clocks_go_back_runs_outside_the_doubled_hour_are_systemds(
    zone: str, day: str, schedule: str
) -> None:
    start = int(datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=ZoneInfo(zone)).timestamp()) - 3600
    assert ours(schedule, start, zone) == systemd(schedule, start, zone)
