"""What is told of a thing whose states follow one another, look by look."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.assess.changes import Change, changes, watched
from homebackup.assess.coverage import Cover, Coverage
from homebackup.assess.verdict import Verdict
from homebackup.model.last_told import LastTold
from homebackup.views.message import changed, digest


def verdict(state: Any, name: str = "vaultwarden", vmid: int = 102, **more: Any) -> Verdict:
    return Verdict(name, "guest", state, f"why {state}", f"cure {state}", vmid=vmid, **more)


def told(states: str) -> list[str]:
    """What is told at each look at one thing, `-` for nothing; a state of `.` is a thing that is not there."""
    said, last = [], LastTold()
    for hour, state in enumerate(states.split()):
        found = changes(last, [] if state == "." else [verdict(state)], hour, whole=True)
        said.append(" ".join(change.how for change in found.fresh) or "-")
        last = LastTold.read(found.known.text())
    return said


STORIES = {
    "well from the start": ("OK OK", "- -"),
    "bad at the first look": ("STALE STALE", "worse -"),
    "bad for days": ("OK STALE STALE STALE", "- worse - -"),
    "well again": ("OK FAILED OK OK", "- worse recovered -"),
    "another trouble": ("OK FAILED STALE STALE", "- worse worse -"),
    "each trouble once": ("OK FAILED STALE FAILED STALE OK FAILED", "- worse worse - - recovered worse"),
    "late and then worse": ("OK LATE FAILED LATE", "- worse worse -"),
    "late says less than what was told": ("OK STALE LATE OK", "- worse - recovered"),
    "no cover is said after all else": ("OK BROKEN STALE UNPROTECTED", "- worse worse worse"),
    "the NAS is off for hours": ("OK UNKNOWN UNKNOWN UNKNOWN OK OK", "- unseen - - recovered -"),
    "the NAS is off at the first look": ("UNKNOWN UNKNOWN OK", "unseen - recovered"),
    "bad before the NAS is off": ("OK STALE UNKNOWN STALE", "- worse - -"),
    "well while the NAS was off": ("OK STALE UNKNOWN UNKNOWN OK", "- worse - - recovered"),
    "bad while the NAS was off": ("OK UNKNOWN STALE UNKNOWN OK", "- unseen worse - recovered"),
    "bad at the first sight": ("UNKNOWN STALE", "unseen worse"),
    "deferred is no trouble": ("OK DEFERRED OK", "- - -"),
    "deferred ends a trouble": ("OK UNPROTECTED DEFERRED UNPROTECTED", "- worse recovered worse"),
    "deferred and out of sight": ("DEFERRED UNKNOWN OK", "- - -"),
    "new and well": (". OK OK", "- new -"),
    "new and bad": (". UNPROTECTED UNPROTECTED", "- worse -"),
    "gone": ("OK . .", "- gone -"),
    "gone while bad": ("STALE . OK", "worse gone new"),
}


@pytest.mark.parametrize(("states", "said"), STORIES.values(), ids=STORIES.keys())
def test_a_story(states: str, said: str) -> None:
    assert told(states) == said.split()


def test_a_change_has_what_was_what_is_and_since_when() -> None:
    first = changes(LastTold(), [verdict("OK")], 100.0, whole=True)
    worse = changes(first.known, [verdict("STALE", critical=True)], 200.0, whole=True)
    worst = changes(worse.known, [verdict("UNPROTECTED", critical=True)], 300.0, whole=True)
    well = changes(worst.known, [verdict("OK", critical=True)], 400.0, whole=True)
    why = ("why STALE", "cure STALE")
    assert worse.fresh == (Change("worse", "102 vaultwarden", True, "OK", "STALE", *why, since=100.0),)
    assert (worst.fresh[0].was, worst.fresh[0].since) == ("STALE", 200.0)
    assert (well.fresh[0].was, well.fresh[0].now, well.fresh[0].since) == ("UNPROTECTED", "OK", 200.0)


def test_nothing_is_gone_while_not_everything_is_seen() -> None:
    known = changes(LastTold(), [verdict("STALE"), verdict("OK", "pihole", 105)], 1.0, whole=True).known
    unseen = changes(known, [], 2.0, whole=False)
    assert unseen.fresh == ()
    assert unseen.known.things == known.things
    assert [c.label for c in changes(unseen.known, [], 3.0, whole=True).fresh] == ["102 vaultwarden", "105 pihole"]


def test_the_most_urgent_comes_first() -> None:
    before = [verdict("OK", name, vmid) for vmid, name in enumerate("abcdef")]
    known = changes(LastTold(), before, 1.0, whole=True).known
    now = [
        verdict("UNKNOWN", "a", 0, critical=True),
        verdict("LATE", "b", 1),
        verdict("STALE", "c", 2),
        verdict("LATE", "d", 3, critical=True),
        verdict("OK", "e", 4),
        verdict("OK", "g", 6),
    ]
    found = changes(known, now, 2.0, whole=True).fresh
    assert [c.label for c in found] == ["3 d", "2 c", "1 b", "0 a", "6 g", "5 f"]


def test_a_declared_guest_that_left_the_cluster_is_told_of_once() -> None:
    there, away = (Coverage((Cover(102, "vaultwarden", "", state),), (), ()) for state in ("covered", "gone"))
    first = changes(LastTold(), watched([verdict("OK", critical=True)], there), 1.0, whole=True)
    judged = watched([verdict("DEFERRED", critical=True)], away)
    gone = changes(first.known, judged, 2.0, whole=True)
    assert [(c.how, c.label, c.critical) for c in gone.fresh] == [("gone", "102 vaultwarden", True)]
    again = changes(gone.known, judged, 3.0, whole=True)
    assert again.fresh == ()
    assert changed("home", again, judged, 3.0) is None
    assert "102 vaultwarden: why DEFERRED" in digest("home", again, judged, 3.0).body
    other = [*judged, verdict("STALE", "pihole", 105)]
    assert changed("home", changes(gone.known, other, 3.0, whole=True), other, 3.0) is not None
    back = changes(again.known, watched([verdict("OK", critical=True)], there), 4.0, whole=True)
    assert [c.how for c in back.fresh] == ["new"]


def test_what_only_the_cover_tells_is_watched_too() -> None:
    covers = [
        Cover(100, "ha", "pve", "uncovered", said="no job has it"),
        Cover(101, "immich", "pve", "partly", said="not all of its disks are backed up: scsi1 (backup=no)"),
        Cover(102, "vault", "pve", "covered"),
        Cover(110, "fresh", "pve", "uncovered", said="no job has it; nobody declared it", declared=False),
        Cover(111, "taken", "pve", "covered", said="nobody declared it; job x takes it along", declared=False),
        Cover(112, "template", "pve", "exempt", declared=False),
    ]
    found = watched([verdict("UNPROTECTED"), verdict("UNKNOWN", counted=False)], Coverage(tuple(covers), (), ()))
    assert [(v.kind, v.label, v.state) for v in found] == [
        ("guest", "102 vaultwarden", "UNPROTECTED"),
        ("disks", "101 immich", "UNPROTECTED"),
        ("guest", "110 fresh", "UNPROTECTED"),
        ("guest", "111 taken", "OK"),
    ]


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"at": 1}', b'{"at": 1, "things": {"x": {}}}', b"\xff", b"null"])
def test_what_was_kept_and_cannot_be_read_is_said(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        LastTold.read(text)
