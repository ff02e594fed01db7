"""Whom to tell, in every form in which a stack's configuration may name them, and no address in a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.world.connection import Connection, Problems
from homebackup.world.recipients import Recipients

TARGETS = ["ntfys://ntfy.sh/tiger-topic", "mailto://me:hunter2@example.org"]


@pytest.mark.parametrize(
    ("said", "targets"),
    [
        (TARGETS, TARGETS),
        (TARGETS[0], TARGETS[:1]),
        ("  \n".join(TARGETS), TARGETS),
        (f'["{TARGETS[0]}", "{TARGETS[1]}"]', TARGETS),
        ("", []),
        ([], []),
    ],
)
def test_targets(said: Any, targets: list[str]) -> None:
    found = Recipients.of({"homebackup:notify": said})
    assert [target.get_secret_value() for target in found.targets] == targets
    assert found.deadman is None
    assert "tiger" not in repr(found)


def test_nobody_is_named() -> None:
    assert Recipients.of({"homebackup:host": "pve"}) == Recipients()


def test_a_dead_man_check() -> None:
    found = Recipients.of({"homebackup:deadman": "https://hc-ping.com/tiger"})
    assert found.secrets == ("https://hc-ping.com/tiger",)


@pytest.mark.parametrize(
    "wrong",
    [
        {"homebackup:notify": '["tiger"'},
        {"homebackup:notify": {"tiger": 1}},
        {"homebackup:notify": ["tiger", 1]},
        {"homebackup:deadman": "tiger"},
        {"homebackup:deadman": "ftp://tiger/x"},
        {"homebackup:deadman": "https://[tiger"},
    ],
)
def test_what_is_wrong_is_said_and_not_repeated(wrong: dict[str, Any]) -> None:
    with pytest.raises(Problems) as refused:
        Recipients.of(wrong)
    key = next(iter(wrong)).partition(":")[2]
    assert str(refused.value).startswith(f"configuration of homebackup: {key}: is no ")
    assert "tiger" not in str(refused.value)


def test_they_are_no_part_of_the_way_to_the_site() -> None:
    assert Connection.parse({"host": "pve", "notify": "x", "deadman": "y"}) == Connection.parse({"host": "pve"})
