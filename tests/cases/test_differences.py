"""What is otherwise than declared, in words: a declared field has both values, a seen one only what is seen."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.model.differences import changed, unlike
from homebackup.resources import RESOURCES


@pytest.mark.parametrize(
    ("name", "declared", "found", "is_not", "was"),
    [
        ("VzdumpJob", {"schedule": "03:00"}, {"schedule": "05:00"},
         "schedule is 05:00, declared 03:00", "schedule was 03:00, is 05:00"),
        ("VzdumpJob", {"prune_backups": {"keep-last": 3}}, {"prune_backups": None},
         "prune-backups is not set, declared keep-last=3", "prune-backups was keep-last=3, is not set"),
        ("NfsMount", {"options": ("soft", "timeo=150")}, {"options": ("soft",)},
         "options is soft, declared soft,timeo=150", "options was soft,timeo=150, is soft"),
        ("NfsMount", {}, {"healer": "stopped"}, *["the heal timer is stopped"] * 2),
        ("NfsMount", {}, {"boot": "commented out"}, *["its part of /etc/fstab is commented out"] * 2),
        ("NfsMount", {}, {"live": "not mounted"}, *["the export is not mounted"] * 2),
        ("DocumentSection", {"content": "a\nb\nc"}, {"content": "a\nx\nc"},
         "content is not as declared: - b; + x", "content was changed: - b; + x"),
        ("DocumentSection", {"content": "a\nb"}, {"content": "1\n2\n3"},
         "content is not as declared: - a; - b; + 1; + 2; and 1 more",
         "content was changed: - a; - b; + 1; + 2; and 1 more"),
    ],
)  # fmt: skip
def test_a_difference_reads_as_a_sentence(
    name: str, declared: dict[str, Any], found: dict[str, Any], is_not: str, was: str
) -> None:
    cls = RESOURCES[name]
    wanted = {f.name: f.default for f in cls.fields} | declared
    assert unlike(cls.fields, wanted | found, wanted) == [is_not]
    assert changed(cls.fields, wanted, wanted | found) == [was]
    assert unlike(cls.fields, wanted, wanted) == changed(cls.fields, wanted, wanted) == []
