"""What is derived from a declaration, shown on one made for the purpose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError, replace
from typing import Annotated, Any, ClassVar

import pytest

from homebackup.model import declare, spelling
from homebackup.model.declare import UNKNOWN, Field, Given, check, resource
from homebackup.model.kinds import Flag, Lines, Text, Vmids, Whole
from homebackup.model.spelling import Absent, Encode, Wire, from_wire, wire_form


def never_seven(value: Any) -> None:
    if value == 7:
        raise ValueError("must not be seven, says a person's rule")


@resource
class Shelf:
    """A shelf."""

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]
    noun: ClassVar[str] = "shelf"

    name: Annotated[Text, declare.key, Wire("id")]
    """Its name."""
    wood: Annotated[Text, declare.replaces]
    """What it is
    made of."""
    open_front: Annotated[Flag, Absent(False)] = False
    """No door."""
    shown: Annotated[Flag, Absent(True), declare.written] = True
    """Lit."""
    boards: Annotated[Whole, Given(never_seven)] | None = None
    """Boards in it."""
    guests: Vmids | None = None
    """Who may use it."""
    labels: Annotated[Lines, declare.unordered] = ()
    """Labels on it."""
    pin: Annotated[Text | None, declare.secret, Encode(lambda text: text[::-1])] = None
    """Its lock."""
    dust: Annotated[Text, declare.observed] = "none"
    """Dust on it."""

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.open_front and self.pin:
            yield "pin", "locks nothing on an open front"


OAK = {"name": "a", "wood": "oak"}
DEFAULTS = dict.fromkeys(["boards", "guests", "pin"]) | {
    "open_front": False,
    "shown": True,
    "labels": (),
    "dust": "none",
}
SHELF = Shelf(name="a", wood="oak")


def field(name: str) -> Field:
    return next(f for f in Shelf.fields if f.name == name)


def test_fields_are_read_from_the_class() -> None:
    assert [f.name for f in Shelf.fields] == [*OAK, "open_front", "shown", "boards", "guests", "labels", "pin", "dust"]
    assert Shelf.key is field("name")
    assert {f.name: f.doc for f in Shelf.fields if len(f.doc.split()) > 3} == {
        "wood": "What it is made of.",
        "guests": "Who may use it.",
    }
    assert [f.name for f in Shelf.fields if f.required] == ["name", "wood"]
    assert (field("name").wire, field("open_front").wire, field("open_front").camel) == (
        "id",
        "open-front",
        "openFront",
    )
    assert field("boards").given == (never_seven,)
    with pytest.raises(FrozenInstanceError):
        SHELF.wood = "ash"  # type: ignore[misc]


CHECKED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, str]]] = {
    # given, in normal form beside the defaults, wrong
    "the least": ({}, {}, {}),
    "the spellings of Proxmox VE": (
        {"open_front": "1", "shown": 0, "boards": "5", "guests": "102,100;100"},
        {"open_front": True, "shown": False, "boards": 5, "guests": frozenset({100, 102})},
        {},
    ),
    "the spellings of Pulumi": (
        {"boards": 5.0, "guests": [100.0], "labels": ["b", "a"]},
        {"boards": 5, "guests": frozenset({100}), "labels": ("b", "a")},
        {},
    ),
    "None is not given": ({"shown": None, "boards": None}, {}, {}),
    "empty is not given": ({"guests": [], "pin": ""}, {}, {}),
    "zero is given": ({"boards": 0}, {"boards": 0}, {}),
    "what is observed is wanted": ({"dust": "a lot"}, {}, {}),
    "unknown passes": ({"boards": UNKNOWN, "name": UNKNOWN}, {"boards": UNKNOWN, "name": UNKNOWN}, {}),
    "unknown keeps others from being wrong": (
        {"pin": UNKNOWN, "open_front": True},
        {"pin": UNKNOWN, "open_front": True},
        {},
    ),
    "a required one is missing": ({"wood": None}, {}, {"wood": "is required"}),
    "no such field": ({"colour": "red"}, {}, {"colour": "is not a property of Shelf"}),
    "of the wrong kind": ({"boards": "many"}, {}, {"boards": "must be a whole number"}),
    "against a person's rule": ({"boards": 7}, {"boards": 7}, {"boards": "must not be seven, says a person's rule"}),
    "against each other": (
        {"open_front": True, "pin": "12"},
        {"open_front": True, "pin": "12"},
        {"pin": "locks nothing on an open front"},
    ),
    "every wrong one is named": (
        {"boards": [], "guests": [1], "x": 1},
        {},
        {
            "boards": "must be a whole number",
            "guests": "1 is not a VMID (a whole number from 100 to 999999999)",
            "x": "is not a property of Shelf",
        },
    ),
}


@pytest.mark.parametrize(("given", "normal", "wrong"), CHECKED.values(), ids=CHECKED.keys())
def test_check(given: dict[str, Any], normal: dict[str, Any], wrong: dict[str, str]) -> None:
    right, said = check(Shelf, {**OAK, **given})
    assert said == wrong
    assert {name: right.get(name) for name in right} == {
        name: value for name, value in {**OAK, **DEFAULTS, **normal}.items() if name in right
    }
    assert {f.name for f in Shelf.fields} <= right.keys() | wrong.keys()


def test_what_was_checked_is_checked_again_without_change() -> None:
    right, _ = check(Shelf, {**OAK, "guests": "101,100", "labels": ["x"], "boards": 3.0})
    assert check(Shelf, right) == (right, {})


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, bool]]] = {
    "none": ({}, {}, {}),
    "in place": ({}, {"boards": 1}, {"boards": False}),
    "taken back": ({"boards": 1}, {}, {"boards": False}),
    "needs another": ({}, {"wood": "ash"}, {"wood": True}),
    "another name": ({}, {"name": "b"}, {"name": True}),
    "another order of what has none": ({"labels": ("a", "b")}, {"labels": ("b", "a")}, {}),
    "other labels": ({"labels": ("a", "b")}, {"labels": ("a",)}, {"labels": False}),
    "what is seen": ({"dust": "a lot"}, {}, {"dust": False}),
    "several": ({"boards": 1}, {"wood": "ash", "shown": False}, {"wood": True, "shown": False, "boards": False}),
}


@pytest.mark.parametrize(("old", "new", "changed"), CHANGES.values(), ids=CHANGES.keys())
def test_changes(old: dict[str, Any], new: dict[str, Any], changed: dict[str, bool]) -> None:
    assert declare.changes(Shelf, vars(replace(SHELF, **old)), vars(replace(SHELF, **new))) == changed


def test_a_state_that_lacks_a_field_has_what_its_absence_means() -> None:
    state = {name: value for name, value in vars(SHELF).items() if name not in ("open_front", "boards")}
    assert declare.changes(Shelf, state, vars(SHELF)) == {}


WIRE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the least": ({}, {"id": "a", "wood": "oak", "shown": 1, "labels": []}),
    "a flag that is absent": (
        {"open_front": True},
        {"id": "a", "wood": "oak", "shown": 1, "labels": [], "open-front": 1},
    ),
    "always written": ({"shown": False}, {"id": "a", "wood": "oak", "shown": 0, "labels": []}),
    "a set, sorted": (
        {"guests": frozenset({1000, 200})},
        {"id": "a", "wood": "oak", "shown": 1, "labels": [], "guests": "200,1000"},
    ),
    "its own spelling": ({"pin": "12"}, {"id": "a", "wood": "oak", "shown": 1, "labels": [], "pin": "21"}),
    "never what is observed": ({"dust": "a lot"}, {"id": "a", "wood": "oak", "shown": 1, "labels": []}),
}


@pytest.mark.parametrize(("values", "told"), WIRE.values(), ids=WIRE.keys())
def test_wire_form(values: dict[str, Any], told: dict[str, Any]) -> None:
    assert wire_form(replace(SHELF, **values)) == told


SAID: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the least": ({}, {"shown": True, "labels": None, "dust": None}),
    "spellings": ({"shown": "0", "open-front": 1, "boards": "5"}, {"shown": False, "open_front": True, "boards": 5}),
    "an empty text": ({"pin": "", "guests": ""}, {}),
    "what we would refuse": ({"boards": "many", "guests": "7"}, {"boards": "many", "guests": "7"}),
    "what a person may not say": ({"boards": 7}, {"boards": 7}),
    "what is not ours": ({"type": "shelf", "digest": "0"}, {}),
}


@pytest.mark.parametrize(("said", "values"), SAID.values(), ids=SAID.keys())
def test_from_wire(said: dict[str, Any], values: dict[str, Any]) -> None:
    absent = {"labels": None, "dust": None}
    assert from_wire(Shelf, {"id": "a", "wood": "oak", **said}) == replace(SHELF, **{**absent, **values})


SPELLED = {
    "true": (True, 1),
    "false": (False, 0),
    "a number": (5, 5),
    "a text": ("a", "a"),
    "numbers": (frozenset({1000, 200}), "200,1000"),
    "texts": (frozenset({"b", "a"}), "a,b"),
    "a sequence": (("b", "a"), ["b", "a"]),
    "a mapping": ({"keep-last": 3, "keep-daily": 7}, "keep-daily=7,keep-last=3"),
    "truth in a mapping": ({"storage": "x", "enabled": True}, "enabled=1,storage=x"),
}


@pytest.mark.parametrize(("value", "text"), SPELLED.values(), ids=SPELLED.keys())
def test_spelled(value: Any, text: Any) -> None:
    assert spelling.spelled(value) == text
    assert type(spelling.spelled(value)) is type(text)


@resource
class Remembering:
    """A resource of two keys that keeps something of an earlier look."""

    fields: ClassVar[tuple[Field, ...]]
    file: Annotated[Text, declare.key]
    name: Annotated[Text, declare.key]
    since: Annotated[Whole | None, declare.remembered] = None

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from ()


def test_what_is_remembered_is_neither_given_nor_compared() -> None:
    kind: Any = Remembering
    inputs, wrong = check(kind, {"file": "f", "name": "n", "since": 3})
    assert (inputs, wrong) == ({"file": "f", "name": "n", "since": None}, {})
    assert declare.changes(kind, inputs | {"since": 5}, inputs) == {}


def test_several_keys_make_one_name() -> None:
    kind: Any = Remembering
    assert declare.name_of(kind, {"file": "f", "name": "n"}) == "f#n"
    assert kind.key.name == "name"
