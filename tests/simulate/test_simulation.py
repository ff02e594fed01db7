"""A weekend of the home site with the beginning of summer time in it, and what a wrong statement comes to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulate.deeds import declare, nas, shell
from tests.simulate.play import Scenario, play
from tests.simulate.statement import Statement

P1 = "backup-home-p1-daily"
OUGHT = """
*       | Fri 26 Mar 20:00 | Tue 30 Mar 00:00 | OK      | every run left an archive
100,102 | Fri 26 Mar 20:00 | Sat 27 Mar 03:00 | STALE   | there is no archive before the first run
103     | Fri 26 Mar 20:00 | Sat 27 Mar 02:30 | STALE   | there is no archive before the first run
101,105 | Fri 26 Mar 20:00 | Sun 28 Mar 04:00 | STALE   | there is no archive before the first run
*       | Sat 27 Mar 12:05 | Sat 27 Mar 14:05 | UNKNOWN | the NAS is off
103     | Sun 28 Mar 05:30 | Mon 29 Mar 02:30 | STALE   | the night had no half past two, and a day is too long
"""
SPRING = Scenario(
    year=2027,
    zone="Europe/Berlin",
    first="Fri 26 Mar 21:20",
    hours=54,
    guests=frozenset((100, 101, 102, 103, 105)),
    happens=(
        ("Fri 26 Mar 21:00", declare("tiers", "p1", {"schedule": "02:30"})),
        ("Fri 26 Mar 21:00", shell(f"pvesh set /cluster/backup/{P1} --schedule 02:30")),
        ("Sat 27 Mar 12:05", nas(on=False)),
        ("Sat 27 Mar 14:05", nas(on=True)),
    ),
    ought=OUGHT,
)


async def test_a_weekend_in_which_an_hour_is_left_out() -> None:
    score = await play(SPRING)
    assert score.wrong == []
    assert score.verdicts == (54 + 3) * 5


async def test_what_is_not_as_stated_is_told() -> None:
    said = "103 | Fri 26 Mar 21:00 | Sat 27 Mar 22:00 | LATE | somebody thinks so\n"
    score = await play(replace(SPRING, hours=1, ought=OUGHT + said))
    assert [line for _, line in score.wrong] == [
        "Fri 26 Mar 21:20 CET: guest 103 ought to be LATE (somebody thinks so), but is STALE over both: "
        "there is no archive of it; its next run is Sat 27 Mar 02:30",
        "Fri 26 Mar 21:20 CET: guest 103 ought to be LATE (somebody thinks so), but is STALE over ssh: "
        "there is no archive of it; its next run is Sat 27 Mar 02:30",
    ]
    assert score.line == "simulated: 10 verdicts, 2 wrong"


@pytest.mark.parametrize(
    "line",
    [
        "103 | Sun 26 Mar 21:00 | Sat 27 Mar 22:00 | OK | it was a Friday",
        "103 | Sat 27 Mar 22:00 | Fri 26 Mar 21:00 | OK | it ends before it begins",
        "199 | Fri 26 Mar 21:00 | Sat 27 Mar 22:00 | OK | nobody is called so",
    ],
)
def test_a_statement_with_a_mistake_in_it_is_none(line: str) -> None:
    with pytest.raises(AssertionError):
        Statement.read(line, SPRING.guests, SPRING.year, SPRING.where)
