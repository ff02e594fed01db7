"""What status and coverage look like on a terminal: 80 columns, the worst first, nothing that acts on the terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homebackup.assess.coverage import Waste, coverage
from homebackup.assess.guest import verdicts
from homebackup.model.backups.facts import Space
from homebackup.model.seen import Unseen
from homebackup.views import table
from tests.cases.played_backups import GUEST, HOUR, NOON, OFF, Story, archive, site

NIGHTS = tuple(archive(NOON - (9 + 24 * n) * HOUR) for n in range(3))


def shown(story: Story, *, width: int = 80, colour: bool = False, **changes: Any) -> str:
    declared, facts = site(**story.declared), replace(story.facts("ssh"), **changes)
    found = coverage(declared, facts)
    return table.status(declared, facts, verdicts(declared, facts, found), found, width=width, colour=colour)


def test_one_screen_says_everything() -> None:
    assert shown(Story(NIGHTS), space={"nas-backups": Space(100 << 30, 40 << 30, 60 << 30)}) == (
        "Backups of home, Sun 22 Nov 2026 12:00 Europe/Vienna, seen over ssh\n"
        "\n"
        "Guest   Verdict  Newest archive         Size  Next run\n"
        "100 ha  OK       Sun 03:00, 9 h ago  5.0 GiB  Mon 03:00\n"
        "\n"
        "space: nas-backups has 60.0 GiB of 100 GiB free\n"
        "verified: 0 of 1 newest archives, 0 to their end (homebackup verify)\n"
        "\n"
        "1 verdict: 1 OK\n"
    )


def test_a_phone_is_told_what_matters_most() -> None:
    text = shown(Story(NIGHTS, declared={"name": "home-assistant"}), width=40)
    assert "Guest               Verdict  Newest\n100 home-assistant  OK       9 h ago\n" in text
    assert all(len(line) <= 40 for line in text.splitlines())


def test_why_and_what_to_do_stand_below() -> None:
    text = shown(Story(NIGHTS[1:]))
    assert "STALE, critical: 100 ha\n  why: its newest archive is 33 h old, and may be 26 h" in text
    assert "  do:  see whether node and NAS were on then, and back it up now:" in text


@pytest.mark.parametrize(
    "name", ["x" * 100, "a b " * 30, "üß漢字" * 20, "\x1b[31mred\x1b[0m\n\rnext", "[red]markup[/red]"]
)
def test_any_name_stays_within_80_columns_and_does_nothing(name: str) -> None:
    text = shown(Story(NIGHTS[1:], declared={"name": "ha"}, guests=(GUEST, GUEST | {"vmid": 110, "name": name})))
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "\x1b" not in text
    assert "110" in text
    if name.startswith("["):
        assert "[red]markup[/red]" in text


def test_colours_only_on_a_terminal() -> None:
    assert "\x1b[" not in shown(Story(NIGHTS))
    assert "\x1b[" in shown(Story(NIGHTS), colour=True)


def test_what_is_the_same_is_said_once_and_other_notes_follow() -> None:
    text = shown(Story(dump=OFF), skew=7200.0, tasks=Unseen("Sys.Audit is missing", "grant it"))
    assert text.count("does not answer") == 1
    assert "clock: the host's is 2 h ahead of this machine's; set the wrong one" in text
    assert "tasks: Sys.Audit is missing, so failed runs are not told; grant it" in text


def test_what_was_not_seen_is_not_said_to_have_been() -> None:
    away = Unseen("host 10.0.0.50: no ssh connection", "see that it is up")
    blind = {"jobs": away, "storages": away, "guests": away, "tasks": away, "dumps": {"nas-backups": away}}
    assert ", and nothing was seen\n" in shown(Story(NIGHTS), **blind)
    assert "seen over ssh\n" in shown(Story(NIGHTS), **{**blind, "dumps": {}, "jobs": ()})


def test_much_waste_is_listed_up_to_a_point() -> None:
    declared, facts = site(), Story(NIGHTS).facts("ssh")
    waste = tuple(Waste("nas-backups", f"file\n{n}", n, "name of its own") for n in range(100))
    text = table.coverage(declared, facts, replace(coverage(declared, facts), waste=waste))
    assert "Left over: 100 files that serve nobody, 4.8 KiB" in text
    assert "and 80 more" in text
    assert "file\ufffd99 in nas-backups: name of its own" in text


def test_a_list_that_no_line_holds_is_broken_at_its_commas() -> None:
    said = "options is soft, declared soft,timeo=150,retrans=3"
    lines = ["why: options is", "     soft, declared", "     soft,", "     timeo=150,", "     retrans=3"]
    assert table.wrapped(said, 20, "why: ") == lines
    assert table.wrapped("options is soft,bg", 20, "why: ") == ["why: options is", "     soft,bg"]
