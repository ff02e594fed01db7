"""What a receipt keeps of a job, and what makes the same job of it."""

from __future__ import annotations

import pytest

from homebackup.assess import retiring

JOB = {
    "id": "old",
    "type": "vzdump",
    "schedule": "03:15",
    "enabled": 0,
    "vmid": "103",
    "storage": "local",
    "prune-backups": {"keep-last": "3"},
}


def test_a_section_as_it_is_told_again() -> None:
    section = JOB | {"next-run": 1, "digest": "x", "exclude-path": ["/a", "/b c"], "performance": {"max-workers": "4"}}
    assert retiring.read(retiring.kept(section)) == section
    told = retiring.parameters(section)
    assert not {"digest", "type", "next-run"} & told.keys()
    assert (told["exclude-path"], told["performance"]) == (["/a", "/b c"], "max-workers=4")
    assert told["prune-backups"] == "keep-last=3"
    assert retiring.unlike(section | {"next-run": 2, "prune-backups": "keep-last=3"}, section) == []
    assert retiring.unlike(JOB, JOB | {"comment": "x"}) == ["comment is not set, the receipt has x"]
    for odd in ("[]", "{}", "{", '{"id": 5}'):
        with pytest.raises(ValueError, match=r"no section|Expecting"):
            retiring.read(odd)
