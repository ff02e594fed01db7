"""What the first round trip comes to where the node does not tell its zone, in which archives are named."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from homebackup.model.backups.archive import Dump
from homebackup.model.backups.facts import Space
from homebackup.model.seen import Unseen
from homebackup.world.batch import Answers
from homebackup.world.connection import Connection
from homebackup.world.first_look import FirstLook
from homebackup.world.session import Ran
from tests.cases.played_backups import NOON, site

ARCHIVE = b"vzdump-qemu-100-2026_11_22-03_00_00.vma.zst"
LISTED = b"space 4096 1000 500 400\0" + b"1 f 5 1.0 " + ARCHIVE + b"\0end 0\0"
OFF = Unseen("node pve: it did not answer in time", "run this again")


def look(told: Any, dump: bytes = LISTED) -> FirstLook:
    runs = {"clock": Ran(0, str(NOON).encode(), b""), "dump": Ran(0, dump, b"")}
    return FirstLook(
        site(), cast("Connection", SimpleNamespace(api="ssh")), Answers({"time": told}, {**runs}), NOON, NOON
    )


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (OFF, OFF.said),
        ({"time": NOON, "timezone": "Mars/Olympus"}, "the node's time zone, Mars/Olympus, is none that is known here"),
        ({"time": NOON}, "the node's time zone, which it does not tell, is none that is known here"),
    ],
)
def test_names_of_archives_say_nothing_without_the_zone_of_the_node(told: Any, said: str) -> None:
    dump, space = look(told).dump()
    assert isinstance(dump, Unseen)
    assert dump.said == said
    assert isinstance(space, Space), "which needs no zone"


def test_what_the_nas_says_of_itself_goes_before_the_zone() -> None:
    dump, _ = look(OFF, b"silent 10.0.0.150\0").dump()
    assert isinstance(dump, Unseen)
    assert "10.0.0.150 does not answer" in dump.said


def test_archives_are_read_by_the_clock_of_the_node() -> None:
    dump, _ = look({"time": NOON, "timezone": "Europe/Vienna"}).dump()
    assert isinstance(dump, Dump)
    assert [archive.time for archive in dump.archives] == [NOON - 9 * 3600]
