"""What was known before a look: when a job was changed, and what was verified of an archive."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from homebackup.model.backups.job_state import read_states
from homebackup.model.backups.verification import Verified
from homebackup.model.seen import Unseen
from tests.cases.played_backups import GIB, HOUR, NOON, SOURCES, Source, Story
from tests.cases.test_verdicts import NIGHT, NIGHTS, STEM

OLD = {"stale-after-hours": 72}


def looked(state: str, depth: str, said: str = "", *, hours: int = 2, size: int = 5 * GIB) -> Verified:
    """A verification of tonight's archive, so many hours before noon."""
    name = f"{STEM}.vma.zst"
    return Verified("nas-backups", name, size, None, depth, state, said, "a", "b", float(NOON - hours * HOUR))


TABLE: dict[str, tuple[Story, str, str]] = {
    "a job that was made after its time": (
        Story(NIGHTS[1:], declared=OLD, counting={"p0-daily": NOON - HOUR}),
        "OK",
        "",
    ),
    "a job that was changed before its time": (
        Story(NIGHTS[1:], declared=OLD, counting={"p0-daily": NIGHT - HOUR, "x": NOON}),
        "LATE",
        "its run of Sun 22 Nov 03:00 left no archive",
    ),
    "a job of which nobody tells when it was changed": (
        Story(NIGHTS[1:], declared=OLD, counting=Unseen("nobody listens on port 22", "")),
        "LATE",
        "left no archive, unless its job was changed since, which the API does not tell",
    ),
    "too old, though its job was changed": (
        Story(NIGHTS[1:], counting={"p0-daily": NOON - HOUR}),
        "STALE",
        "though no run was missed",
    ),
    "found rotten by a deep check": (
        Story(NIGHTS, verified=(looked("good", "quick"), looked("bad", "deep", "zstd: checksum error"))),
        "BROKEN",
        f"{STEM}.vma.zst did not pass the deep check of Sun 22 Nov 10:00: zstd: checksum error; the newest that looks"
        " whole is from Sat",
    ),
    "found rotten by a quick check after a good deep one": (
        Story(NIGHTS, verified=(looked("good", "deep", hours=3), looked("bad", "quick", "its end is missing"))),
        "BROKEN",
        "did not pass the quick check",
    ),
    "read to its end": (
        Story(NIGHTS, verified=(looked("good", "deep"), looked("good", "quick", hours=1))),
        "OK",
        "backed up 9 h ago, read to its end and found good 2 h ago",
    ),
    "looked into": (Story(NIGHTS, verified=(looked("good", "quick"),)), "OK", "found good by a quick check 2 h ago"),
    "another file of that name was rotten": (
        Story(NIGHTS, verified=(looked("bad", "deep", "zstd: checksum error", size=4 * GIB),)),
        "OK",
        "backed up 9 h ago",
    ),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", TABLE)
def test_the_verdict(name: str, source: Source) -> None:
    story, expected, said = TABLE[name]
    verdict = story.verdict(source)
    assert (verdict.state, said in verdict.said) == (expected, True), verdict.said


def test_the_verdict_tells_when_its_archive_was_verified() -> None:
    verdict = Story(NIGHTS, verified=(looked("good", "deep"),)).verdict("ssh")
    assert (verdict.verified, verdict.depth) == (NOON - 2 * HOUR, "deep")
    rotten = Story(NIGHTS, verified=(looked("bad", "deep"),)).verdict("ssh")
    assert (rotten.newest, rotten.verified) == (NIGHT - 24 * HOUR, None), "the newest sound one was never looked into"


UP = 5 * 24 * HOUR
BOOTED = NOON - UP
STATES = {
    "made and not yet run": ({"state": "created", "time": NOON - 60}, NOON - 60),
    "made and changed": ({"state": "created", "time": NOON - 600, "updated": NOON - 60}, NOON - 60),
    "ran": ({"state": "stopped", "time": NOON - 60, "msg": "OK"}, None),
    "runs": ({"state": "started", "upid": "UPID:pve:1"}, None),
    "changed since it ran": ({"state": "stopped", "time": NOON - 600, "updated": NOON - 60}, NOON - 60),
    "taken for changed after the node was switched on": ({"state": "stopped", "time": 1, "updated": BOOTED + 30}, None),
    "made, and the node switched on": ({"state": "created", "time": BOOTED - 9, "updated": BOOTED + 30}, BOOTED - 9),
    "no state": ([], None),
    "no numbers": ({"state": "created", "time": "soon"}, None),
}


@pytest.mark.parametrize("name", STATES)
def test_since_when_the_runs_of_a_job_count(name: str) -> None:
    state, since = STATES[name]
    encoded = base64.b64encode(json.dumps(state).encode()).decode()
    told = f"{UP}.25 1.00\n/var/lib/pve-manager/jobs/vzdump-a-job.json {encoded}\n"
    assert read_states(told, NOON) == ({} if since is None else {"a-job": since})


@pytest.mark.parametrize("told", ["", "cat: /proc/uptime\n", "1.0 1.0\nx ???\n", "1.0 1.0\nx\n"])
def test_states_that_say_nothing(told: str) -> None:
    assert read_states(told, NOON) == {}


@pytest.mark.parametrize(
    ("ended", "said", "remedy"),
    [
        (b"end 124", "storage nas-backups was not listed in time", "see whether the NAS is well, and run this again"),
        (None, "storage nas-backups holds more than can be listed", "remove what is not a backup"),
    ],
)
def test_archives_of_which_not_all_were_listed_are_unknown(ended: bytes | None, said: str, remedy: str) -> None:
    found = Story(NIGHTS[1:], ended=ended).verdict("ssh")
    assert (found.state, found.said) == ("UNKNOWN", said)
    assert found.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("depth", "said"),
    [("quick", "by a quick check (which does not see the end of a .gz file) 2 h ago"), ("deep", "found good 2 h ago")],
)
def test_a_quick_check_that_sees_no_end_is_said_to_see_none(depth: str, said: str) -> None:
    name = f"{STEM}.vma.gz"
    found = replace(looked("good", depth), name=name)
    story = Story((replace(NIGHTS[0], name=name), *NIGHTS[1:]), verified=(found,))
    verdict = story.verdict("ssh")
    assert (verdict.state, verdict.archive) == ("OK", name)
    assert verdict.said.endswith(said)
