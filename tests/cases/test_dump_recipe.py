"""The script and the timer of a dump, made of a recipe's values and read back from what a guest has."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from homebackup.model.dump_recipe import DATABASE, PG_DUMPALL, Recipe, calendar_of, place, timer
from homebackup.model.systemd import calendar

VAULT = Recipe("vaultwarden", "vaultwarden", "/var/backups/vaultwarden", 7, "age1abc", DATABASE)
RECIPES = {
    "vaultwarden": VAULT,
    "postgres": Recipe("immich", "postgres", "/mnt/nas/immich", 14, command=PG_DUMPALL),
    "quotes and marks": Recipe("x", "command", "/it's here/@name@", 1, command="echo \"$HOME\" '@to@' | cat"),
    "what looks like another line": Recipe("x", "command", "/t", 1, command="name=y to=/z keep=2"),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_script_tells_what_it_was_made_of(name: str) -> None:
    recipe = RECIPES[name]
    assert Recipe.read(recipe.script.encode()) == recipe
    ran = subprocess.run(["sh", "-n"], input=recipe.script, capture_output=True, text=True, check=True)
    assert ran.stderr == ""


def test_a_script_changed_by_hand_tells_as_much_as_it_still_has() -> None:
    text = VAULT.script.replace("keep=7", "keep=1")
    assert Recipe.read(text.encode()) == replace(VAULT, keep=1)
    for gone in (
        "",
        "#!/bin/sh\nexit 0\n",
        text.replace("keep=1", ""),
        text.replace("keep=1", "keep='"),
        "\0" + text[60:],
    ):
        assert Recipe.read(gone.encode()) is None


CALENDARS = {
    "03:00": "03:00",
    "fri..mon 3:00": "mon,fri..sun 03:00",
    "*/15": "*:0/15",
    "sat *-1..7 15:00": "sat *-*-01..07 15:00",
    "*/2:00": "0/2:00",
    "daily": "00:00",
}


@pytest.mark.parametrize("schedule", CALENDARS)
def test_a_schedule_in_the_spelling_of_systemd_which_takes_it(schedule: str) -> None:
    assert calendar(schedule) == CALENDARS[schedule]
    subprocess.run(["systemd-analyze", "calendar", calendar(schedule)], capture_output=True, check=True)
    made = timer("vaultwarden", calendar(schedule))
    assert calendar_of(made.files, "vaultwarden") == CALENDARS[schedule]


def test_systemd_finds_no_fault_with_the_units(tmp_path: Path) -> None:
    """The script itself is only in a guest, so that a program takes its place that is here."""
    made = timer("vaultwarden", calendar("*:15"))
    for unit, text in made.units.items():
        (tmp_path / unit).write_text(text.replace(place("vaultwarden"), "/bin/true"))
    words = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit) for unit in made.units)]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
