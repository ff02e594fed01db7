"""The calendar as YAML, iCalendar, SVG and lines of a terminal."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
import yaml
from ical.calendar import Calendar
from ical.calendar_stream import IcsCalendarStream
from ruamel.yaml import YAML

from homebackup.assess.conflicts import conflicts
from homebackup.assess.jobs import Job, declared, found, standings
from homebackup.assess.timeline import Timeline, midnight, timeline, week
from homebackup.assess.usual import Usual
from homebackup.model.site import Window, read_site
from homebackup.views import calendar_yaml, ics, svg, terminal
from homebackup.views.week import lay_out

ROOT = Path(__file__).resolve().parents[2]
HOME: Any = yaml.safe_load((ROOT / "Pulumi.home.yaml").read_text())["config"]["home-backup:site"]
SITE = read_site(HOME)
BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = """sync; a,b "c" <d> & \\ 'e' — ü"""
SECTIONS = [
    {"id": "backup-home-p0-daily", "schedule": "3:00", "vmid": "102,100", "storage": "nas-backups", "enabled": 1,
     "prune-backups": {"keep-last": "3"}, "type": "vzdump"},
    {"id": "backup-home-p1-daily", "schedule": "03:15", "vmid": "103", "storage": "nas-backups", "enabled": 0,
     "prune-backups": "keep-last=7"},
    {"id": "by-hand", "schedule": "sat 12:00", "all": 1, "exclude": "101"},
]  # fmt: skip


def home(first: date = date(2026, 2, 2), days: int = 7, zone: ZoneInfo = BERLIN, **schedules: str) -> Timeline:
    """The home site's timeline; `schedules` by tier take the place of those declared."""
    config = deepcopy(HOME)
    for tier, schedule in schedules.items():
        config["tiers"][tier]["schedule"] = schedule
    site = read_site(config)
    start, end = week(midnight(first, zone), zone, days)
    usual = {job.name: Usual(25 * 60, 9) for job in declared(site)[:2]}
    return timeline(declared(site), site.windows, usual, zone, start, end)


def hostile() -> Timeline:
    """A timeline with names that mean something to every format, and long ones."""
    start, end = week(midnight(date(2026, 2, 2), BERLIN), BERLIN, 2)
    window = Window.model_validate({"name": HOSTILE, "from": "02:00", "until": "03:00"})
    jobs = [Job("a" * 60, "02:30", (100,), tier=HOSTILE, rank=0, site=HOSTILE), Job("b", "*:0/10", (100,))]
    return timeline(jobs, [window], {}, BERLIN, start, end)


ALL = {
    "home": home,
    "spring": lambda: home(date(2026, 3, 27), p0="02:30"),
    "autumn": lambda: home(date(2026, 10, 23), p0="02:30", p1="*:0/15"),
    "half an hour": lambda: home(date(2026, 4, 3), zone=LORD_HOWE, p0="01:45"),
    "hostile": hostile,
    "nothing": lambda: timeline([], [], {}, BERLIN, *week(midnight(date(2026, 2, 2), BERLIN), BERLIN)),
}
EVERY = pytest.mark.parametrize("line", [make() for make in ALL.values()], ids=ALL.keys())


def read(text: bytes) -> Calendar:
    """The calendar, by a reader that refuses what RFC 5545 does not allow."""
    return IcsCalendarStream.calendar_from_ics(text.decode())


@EVERY
def test_another_library_reads_every_run_and_window(line: Timeline) -> None:
    told = conflicts(line)
    calendar = read(ics.text(line, told, "home"))
    skipped = [one for one in told if one.kind == "skipped"]
    assert len(calendar.events) == len(line.runs) + len(line.windows) + len(skipped)
    assert len({event.uid for event in calendar.events}) == len(calendar.events)
    starts = sorted(event.dtstart.timestamp() for event in calendar.events if "window" not in event.categories)
    assert starts == sorted([run.start for run in line.runs] + [one.times[0] for one in skipped])


def test_an_event_is_as_long_as_the_run_and_says_what_is_wrong() -> None:
    line = home()
    events = read(ics.text(line, conflicts(line), "home")).events
    first = next(event for event in events if event.summary == "Backup p0")
    assert first.dtstart == datetime(2026, 2, 2, 2, tzinfo=UTC)
    assert first.duration == timedelta(minutes=25)
    assert first.description == "Job backup-home-p0-daily: guests 100, 102, storage nas-backups; usually takes 25 min."
    second = next(event for event in events if event.summary == "Backup p1")
    assert "conflict" in second.categories
    assert "before p0 (backup-home-p0-daily), which usually takes 25 min, is done" in (second.description or "")


def test_hostile_names_arrive_as_they_are() -> None:
    line = hostile()
    summaries = {event.summary for event in read(ics.text(line, conflicts(line), HOSTILE)).events}
    assert summaries == {f"Backup {HOSTILE}", "Backup b", HOSTILE}


@EVERY
def test_every_view_is_the_same_bytes_again(line: Timeline) -> None:
    told = conflicts(line)
    assert ics.text(line, told, "home") == ics.text(line, conflicts(line), "home")
    assert svg.text(line, told, "home") == svg.text(line, conflicts(line), "home")


@EVERY
@pytest.mark.parametrize("width", [400, 1000])
def test_the_picture_is_xml_and_nothing_leaves_it(line: Timeline, width: int) -> None:
    picture = ElementTree.fromstring(svg.text(line, conflicts(line), HOSTILE, width))
    height = float(picture.attrib["height"])
    boxes = [box for box in picture.iter(f"{SVG}rect") if "x" in box.attrib]
    for box in boxes:
        x, y, wide, high = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        assert x >= 0
        assert x + wide <= width
        assert y + high <= height
    assert all(float(text.attrib["y"]) <= height for text in picture.iter(f"{SVG}text"))


def test_the_picture_marks_what_is_wrong() -> None:
    quiet, order = home(p1="03:30"), home()
    assert 'class="bad"' not in svg.text(quiet, conflicts(quiet), "home")
    assert svg.text(order, conflicts(order), "home").count('class="bad"') == 7
    spring = ALL["spring"]()
    assert "✕ p0 02:30 left out" in svg.text(spring, conflicts(spring), "home")
    assert 'class="gap"' in svg.text(spring, conflicts(spring), "home")
    autumn = ALL["autumn"]()
    drawn = svg.text(autumn, conflicts(autumn), "home")
    assert 'class="twice"' in drawn
    assert "p0 02:30 (1st)" in drawn


def test_blocks_and_labels_of_a_lane_keep_apart() -> None:
    for make in ALL.values():
        drawn = lay_out(make(), [], lambda label: len(label) / 100)
        scale = (drawn.last - drawn.first) * 60
        for row in drawn.rows:
            for lane in range(row.lanes):
                ends = 0.0
                for block in sorted((b for b in row.blocks if b.lane == lane), key=lambda b: b.start):
                    room = len(block.label) / 100 * scale
                    assert block.start - (room if block.left else 0) >= ends
                    ends = block.start + block.minutes + (0 if block.left else room)


def test_a_run_across_midnight_is_on_both_days() -> None:
    late = home(days=2, p0="23:50")
    rows = lay_out(late, [], lambda _: 0).rows
    parts = [(row.day.day, b.start, b.minutes, b.label) for row in rows for b in row.blocks if b.run.job.tier == "p0"]
    assert parts == [(2, 0, 15, ""), (2, 1430, 10, "p0 23:50"), (3, 0, 15, ""), (3, 1430, 10, "p0 23:50")]


@EVERY
@pytest.mark.parametrize("width", [40, 60, 100])
def test_the_terminal_picture_fits(line: Timeline, width: int) -> None:
    said = terminal.text(line, conflicts(line), HOSTILE + "\x1b[2J", width=width)
    assert "\x1b" not in said
    assert all(len(text) <= width for text in said.splitlines())
    assert all(f"{day:%a %d %b}" in said for day in line.days)


def test_the_terminal_picture() -> None:
    line = home(first=date(2026, 2, 7), days=2, p1="03:30", p2="sun 09:30")
    drawn = terminal.text(line, conflicts(line), "home", width=71).splitlines()
    assert drawn[0] == "Backups of home, 2026-02-07 to 2026-02-08, Europe/Berlin"
    assert drawn[1:5] == [
        "           01:00 02:00 03:00 04:00 05:00 06:00 07:00 08:00 09:00 10:00",
        "Sat 07 Feb       ░░░░░░██ p0 03:00                         ░░░░░░",
        "                 ░░░░░░   ██ p1 03:30                      ░░░░░░",
        "Sun 08 Feb       ░░░░░░██ p0 03:00                  !p2 09:30░█░░",
    ]
    assert " ".join(drawn[-2:]) == (
        "! p2 (backup-home-p2-weekly) starts at 09:30, inside offsite sync (09:00 to 10:00); start it at 10:00 or later"
    )
    assert "\x1b[" in terminal.text(line, [], "home", colour=True)


def test_the_calendar_file_as_declared() -> None:
    text = calendar_yaml.text(SITE, standings(declared(SITE), None), None)
    assert text.startswith(calendar_yaml.MARK)
    document = yaml.safe_load(text)
    assert YAML(typ="safe").load(text) == document
    assert list(document) == ["site", "node", "nas", "jobs", "windows"]
    assert document["jobs"][0] == {
        "job": "backup-home-p0-daily",
        "tier": "p0",
        "state": "not looked at",
        "schedule": "03:00",
        "enabled": True,
        "guests": [100, 102],
        "storage": "nas-backups",
        "retention": "keep-last=3",
    }
    assert document["windows"] == [
        {"name": "shop vzdump", "from": "02:00", "until": "03:00"},
        {"name": "offsite sync", "from": "09:00", "until": "10:00"},
    ]


def test_the_calendar_file_as_found() -> None:
    there = found(SECTIONS, SITE, [100, 101, 102, 103, 105])
    document = yaml.safe_load(calendar_yaml.text(SITE, standings(declared(SITE), there), "Europe/Berlin"))
    assert document["timezone"] == "Europe/Berlin"
    assert [(job["job"], job["state"]) for job in document["jobs"]] == [
        ("backup-home-p0-daily", "as declared"),
        ("backup-home-p1-daily", "differs"),
        ("backup-home-p2-weekly", "missing"),
        ("by-hand", "not declared"),
    ]
    differing, by_hand = document["jobs"][1], document["jobs"][3]
    assert differing["declared"] == {"enabled": "true", "retention": "keep-last=3"}
    assert differing["enabled"] is False
    assert by_hand["guests"] == "all guests but 101"
    assert by_hand["storage"] == "local"


def test_the_calendar_file_is_the_same_bytes_whatever_order_things_are_found_in() -> None:
    ways = [found(order, SITE, vmids) for order, vmids in ((SECTIONS, [105, 100]), (SECTIONS[::-1], [100, 105]))]
    texts = {calendar_yaml.text(SITE, standings(declared(SITE), there), "UTC") for there in ways}
    assert len(texts) == 1


def test_jobs_as_found_take_the_tiers_place_and_all_guests() -> None:
    there = {job.name: job for job in found(SECTIONS, SITE, [100, 101, 102])}
    assert there["backup-home-p1-daily"].rank == 1
    assert there["by-hand"].guests == (100, 102)
    assert there["by-hand"].rank is None
    assert there["by-hand"].nas == ""
    unknown = found([{"id": "x", "schedule": "1:00", "pool": "web"}], SITE)[0]
    assert (unknown.guests, unknown.chosen) == (None, "pool web")
    kept = found([{"id": "x", "schedule": "1:00", "vmid": "1", "remove": 0, "prune-backups": "keep-last=1"}], SITE)[0]
    assert kept.retention is not None
    assert kept.retention.keeps_all
