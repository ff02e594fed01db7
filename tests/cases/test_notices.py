"""Notices as they are written, and read again."""

from __future__ import annotations

import pytest

from homebackup.model import notices
from homebackup.model.notices import Notice
from homebackup.model.steps import Blocked

WRITTEN: dict[str, tuple[Notice, str]] = {
    "steps": (
        notices.will_do(["edit /etc/fstab", "  + a: line", "# true"]),
        "pulumi up will do:\n  edit /etc/fstab\n    + a: line\n  # true",
    ),
    "unseen": (notices.unknown("the NAS does not answer"), "unknown: the NAS does not answer"),
    "used": (notices.blocked(Blocked("used by a; or b", "wait", "in use")), "in use: used by a; or b; wait"),
    "doubts": (notices.doubts(["storage nas: full"]), "doubtful:\n  storage nas: full"),
    "losses": (notices.losses(["p0 prunes:", "  nas: a"]), "this takes away:\n  p0 prunes:\n    nas: a"),
    "stopped until it is meant": (
        notices.blocked(Blocked("cover is lost", "acknowledge it", "refused")),
        "refused: cover is lost; acknowledge it",
    ),
    "stopped by what cannot be seen": (notices.blocked(Blocked("it is off", "wait")), "unknown: it is off; wait"),
}


@pytest.mark.parametrize(("notice", "text"), WRITTEN.values(), ids=WRITTEN.keys())
def test_there_and_back(notice: Notice, text: str) -> None:
    assert notice.text == text
    assert notices.read(text) == notice


@pytest.mark.parametrize(
    "text", ["", "two\n  lines", "unknown", "taken over", "pulumi up will do:\nnot indented", "it is unknown: why"]
)
def test_no_other_text_is_a_notice(text: str) -> None:
    assert notices.read(text) is None
