"""Values between Pulumi and the declarations, there and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_TEXT

from homebackup.engine.codec import lift, lift_all, lower, lower_all, secrets, state
from homebackup.model import declare
from homebackup.model.declare import UNKNOWN, changes
from homebackup.model.state import recorded
from homebackup.resources import RESOURCES

JOB = RESOURCES["VzdumpJob"]

THERE_AND_BACK: dict[str, tuple[Any, Any]] = {
    # a value in normal form, what comes back of it
    "nothing": (None, None),
    "true": (True, True),
    "false": (False, False),
    "zero": (0, 0),
    "a number": (999_999_999, 999_999_999),
    "half": (0.5, 0.5),
    "a text": ("Kühl {{guestname}}", "Kühl {{guestname}}"),
    "an empty text": ("", ""),
    "a text that looks like a number": ("3", "3"),
    "a list": (("b", "a"), ["b", "a"]),
    "an empty list": ((), []),
    "a set of numbers": (frozenset({1000, 200}), [200, 1000]),
    "a set of texts": (frozenset({"b", "a"}), ["a", "b"]),
    "a mapping": ({"keep-last": 3, "keep-daily": 0}, {"keep-last": 3, "keep-daily": 0}),
    "a mixed mapping": ({"enabled": True, "storage": "x"}, {"enabled": True, "storage": "x"}),
    "nested": ({"a": [{"b": (1, 2)}]}, {"a": [{"b": [1, 2]}]}),
    "unknown": (UNKNOWN, UNKNOWN),
    "unknown in a list": (["a", UNKNOWN], UNKNOWN),
    "unknown in a mapping": ({"a": 1, "b": UNKNOWN}, UNKNOWN),
    "unknown deep inside": ({"a": [{"b": [1, UNKNOWN]}]}, UNKNOWN),
}


@pytest.mark.parametrize(("value", "back"), THERE_AND_BACK.values(), ids=THERE_AND_BACK.keys())
@pytest.mark.parametrize("hidden", [False, True], ids=["plain", "secret"])
def test_there_and_back(value: Any, back: Any, hidden: bool) -> None:
    lifted = lift(value, hidden=hidden)
    found = lower(lifted)
    assert found == back
    assert type(found) is type(back)
    assert lifted.is_secret is (hidden and value is not UNKNOWN)


LOWERED: dict[str, tuple[PropertyValue, Any]] = {
    "a number of Pulumi's": (PropertyValue(3.0), 3),
    "a large one": (PropertyValue(1e9), 1_000_000_000),
    "no number": (PropertyValue(float("inf")), float("inf")),
    "computed": (PropertyValue(Computed()), UNKNOWN),
    "Pulumi's word for unknown": (PropertyValue(UNKNOWN_TEXT), UNKNOWN),
    "computed in a list": (PropertyValue([PropertyValue(1.0), PropertyValue(Computed())]), UNKNOWN),
    "computed in a mapping in a list": (PropertyValue([PropertyValue({"a": PropertyValue(Computed())})]), UNKNOWN),
    "a secret in a list": (PropertyValue([PropertyValue("a", is_secret=True)]), ["a"]),
    "a secret with dependencies": (PropertyValue("a", is_secret=True, dependencies=["urn"]), "a"),
}


@pytest.mark.parametrize(("value", "lowered"), LOWERED.values(), ids=LOWERED.keys())
def test_what_pulumi_says(value: PropertyValue, lowered: Any) -> None:
    found = lower(value)
    assert found == lowered
    assert type(found) is type(lowered)


VALUES = {
    "job": "backup-home-p0-daily",
    "schedule": "03:00",
    "vmid": frozenset({100, 102}),
    "enabled": True,
    "prune_backups": {"keep-last": 3},
    "exclude_path": ("/tmp/*", "*.log"),
    "comment": None,
}
PROPERTIES = {
    "job": PropertyValue("backup-home-p0-daily"),
    "schedule": PropertyValue("03:00"),
    "vmid": PropertyValue([PropertyValue(100.0), PropertyValue(102.0)]),
    "enabled": PropertyValue(True),
    "pruneBackups": PropertyValue({"keep-last": PropertyValue(3.0)}),
    "excludePath": PropertyValue([PropertyValue("/tmp/*"), PropertyValue("*.log")]),
}


def test_all_of_a_resource_by_pulumis_names() -> None:
    assert lift_all(JOB, VALUES) == PROPERTIES


def test_all_of_a_resource_by_our_names() -> None:
    given = {**PROPERTIES, "__defaults": PropertyValue([]), "bogus": PropertyValue("x"), "comment": PropertyValue(None)}
    assert lower_all(JOB, given) == {
        **VALUES,
        "vmid": [100, 102],
        "exclude_path": ["/tmp/*", "*.log"],
        "bogus": "x",
    }


STATES: dict[str, tuple[dict[str, PropertyValue], dict[str, Any]]] = {
    "as it was lifted": (PROPERTIES, {}),
    "another spelling": ({"schedule": PropertyValue("3:00"), "enabled": PropertyValue(1.0)}, {}),
    "an older state without a field": ({"enabled": PropertyValue(None)}, {}),
    "what is taken no longer": ({"mode": PropertyValue("live")}, {"mode": "live"}),
    "unknown": ({"comment": PropertyValue(Computed())}, {"comment": UNKNOWN}),
    "a field that is gone": ({"bogus": PropertyValue("x")}, {}),
}


@pytest.mark.parametrize(("properties", "differs"), STATES.values(), ids=STATES.keys())
def test_a_state_is_read_in_normal_form(properties: dict[str, PropertyValue], differs: dict[str, Any]) -> None:
    expected = {**{f.name: f.absent for f in JOB.fields}, **VALUES, **differs}
    assert state(JOB, {**PROPERTIES, **properties}) == expected


def test_a_resource_is_no_change_after_pulumi_has_kept_it() -> None:
    job = JOB(**{f.name: VALUES.get(f.name, f.absent) for f in JOB.fields})
    assert changes(JOB, state(JOB, lift_all(JOB, vars(job))), vars(job)) == {}


def test_a_state_in_json_is_the_same() -> None:
    said = {"job": "backup-home-p0-daily", "schedule": "03:00", "vmid": [100.0, 102], "pruneBackups": {"keep-last": 3}}
    kept = recorded(JOB, {**said, "enabled": True, "excludePath": ["/tmp/*", "*.log"]})
    assert kept == state(JOB, PROPERTIES)


def test_a_secret_field_is_a_secret_for_pulumi(monkeypatch: pytest.MonkeyPatch) -> None:
    (comment,) = [f for f in JOB.fields if f.name == "comment"]
    hidden = replace(comment, marks=comment.marks | {declare.secret})
    monkeypatch.setattr(JOB, "fields", (hidden,))
    assert lift_all(JOB, {"comment": "x"}) == {"comment": PropertyValue("x", is_secret=True)}


HOLDING: dict[str, tuple[dict[str, PropertyValue], set[str]]] = {
    "nothing": (PROPERTIES, set()),
    "a secret": ({"comment": PropertyValue("x", is_secret=True)}, {"comment"}),
    "one in a list": ({"excludePath": PropertyValue([PropertyValue("/x", is_secret=True)])}, {"exclude_path"}),
    "one in a mapping": (
        {"pruneBackups": PropertyValue({"keep-last": PropertyValue(3.0, is_secret=True)})},
        {"prune_backups"},
    ),
    "one that is no property": ({"bogus": PropertyValue("x", is_secret=True)}, set()),
}


@pytest.mark.parametrize(("given", "names"), HOLDING.values(), ids=HOLDING.keys())
def test_what_a_program_passes_as_a_secret_stays_one(given: dict[str, PropertyValue], names: set[str]) -> None:
    assert secrets(JOB, PROPERTIES, given) == names
    lifted = lift_all(JOB, state(JOB, {**PROPERTIES, **given}), names)
    assert {name for name, value in lifted.items() if value.is_secret} == {
        f.camel for f in JOB.fields if f.name in names
    }
