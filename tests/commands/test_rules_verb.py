"""`homebackup rules`: what it lists, as text and as JSON, and its exit codes; no site is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from homebackup.commands.rules import _rules
from homebackup.model.rules import RULES
from homebackup.world.errors import Refused
from tests.cases.sites import Path_, with_changes
from tests.commands.stack import PlayedStack

LATE = {"reason": "the job runs once a week", "until": "2999-12-31"}


async def listed(
    stack: PlayedStack, capsys: pytest.CaptureFixture[str], changes: dict[Path_, Any]
) -> tuple[int, dict[str, Any]]:
    stack.stored, stack.declared = {"host": "192.0.2.1"}, with_changes(changes)
    code = await _rules(stack, as_json=True, exit_code=True)
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("changes", "code", "states"),
    [
        ({}, 1, {"stale-too-early": "broken"}),
        ({("rules",): {"stale-too-early": LATE}}, 0, {"stale-too-early": "exempt"}),
        ({("rules",): {"stale-too-early": LATE | {"until": "2020-01-01"}}}, 1, {"stale-too-early": "broken"}),
        ({("tiers", "p0", "retention"): {"keep-last": 1}}, 2, {"stale-too-early": "broken", "retention": "broken"}),
    ],
    ids=["as it is", "exempt", "exempt no more", "a critical guest"],
)
async def test_every_rule_is_listed_with_its_state(
    stack: PlayedStack,
    capsys: pytest.CaptureFixture[str],
    changes: dict[Path_, Any],
    code: int,
    states: dict[str, str],
) -> None:
    exit_code, said = await listed(stack, capsys, changes)
    assert exit_code == code
    assert (said["site"], said["unknown"]) == ("home", [])
    assert [rule["id"] for rule in said["rules"]] == list(RULES)
    assert {one["id"]: one["state"] for one in said["rules"] if one["state"] not in ("kept", "measured")} == states
    (late,) = [one for one in said["rules"] if one["id"] == "stale-too-early"]
    assert [found["subject"] for found in late["found"]] == ["guest 101", "guest 105"]
    if exemption := late["exemption"]:
        assert exemption == changes[("rules",)]["stale-too-early"] | {"ended": code == 1}


async def test_text_for_a_person_and_no_exit_code_unless_asked(
    stack: PlayedStack, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.stored, stack.declared = {"host": "192.0.2.1"}, with_changes({})
    assert await _rules(stack, as_json=False, exit_code=False) == 0
    said = capsys.readouterr().out
    assert said.startswith("What the backups of home go by\n")
    assert "write stale-after-hours: 170" in " ".join(said.split())


async def test_another_site_on_the_nas_counts_and_one_that_is_not_there_is_unknown(
    stack: PlayedStack, capsys: pytest.CaptureFixture[str]
) -> None:
    changes: dict[Path_, Any] = {("rules",): {"stale-too-early": LATE}, ("neighbours",): ["shop.yaml"]}
    code, said = await listed(stack, capsys, changes)
    assert code == 3
    assert "shop.yaml: the file is not there" in said["unknown"][0]
    shop = with_changes({("name",): "shop", ("node",): "shop"})
    (stack.folder / "shop.yaml").write_text(yaml.safe_dump({"config": {"shop:site": shop}}))
    code, said = await listed(stack, capsys, changes)
    assert code == 1
    assert [one["id"] for one in said["rules"] if one["state"] == "broken"] == ["nas"]


async def test_an_exemption_from_no_rule_is_refused_with_its_path(stack: PlayedStack) -> None:
    stack.declared = with_changes({("rules",): {"orders": LATE}})
    with pytest.raises(Refused, match=r"home-backup:site\.rules\.orders: orders is no rule; `homebackup rules` lists"):
        await _rules(stack, as_json=False, exit_code=False)
