"""What the lab's parameter schemas refuse, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from lab.pve import formats
from lab.pve.errors import BadParameters
from lab.pve.routes import CALLS, FORMATS, find
from lab.pve.schema import Schema

UNKNOWN = "property is not defined in schema and the schema does not allow additional properties"
SCHEMA = Schema(
    {
        "id": {"type": "string", "format": "pve-configid"},
        "on": {"type": "boolean", "optional": 1},
        "count": {"type": "integer", "optional": 1, "minimum": 1, "maximum": 9},
        "rate": {"type": "number", "optional": 1, "minimum": 0},
        "mode": {"type": "string", "optional": 1, "enum": ["stop", "suspend"]},
        "text": {"type": "string", "optional": 1, "maxLength": 3, "minLength": 2},
        "time": {"type": "string", "optional": 1, "pattern": r"\d{1,2}:\d{1,2}"},
        "notes": {"type": "string", "optional": 1, "requires": "storage"},
        "storage": {"type": "string", "optional": 1, "format": "pve-storage-id"},
        "paths": {"type": "array", "optional": 1, "items": {"type": "integer"}},
        "vmids": {"type": "string", "optional": 1, "format": "pve-vmid-list"},
        "keep": {"type": "string", "optional": 1, "format": "prune-backups"},
        "limits": {
            "type": "string",
            "optional": 1,
            "format": "(inline)",
            "properties": {"move": {"type": "number", "optional": 1, "minimum": 0}},
        },
    }
)


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({}, {"id": "property is missing and it is not optional"}),
        ({"id": "x"}, {"id": "invalid format - invalid configuration ID 'x'\n"}),
        ({"id": "ab", "on": "yes"}, {"on": "type check ('boolean') failed - got 'yes'"}),
        ({"id": "ab", "count": "1.5"}, {"count": "type check ('integer') failed - got '1.5'"}),
        ({"id": "ab", "count": "0"}, {"count": "value must have a minimum value of 1"}),
        ({"id": "ab", "count": 10}, {"count": "value must have a maximum value of 9"}),
        ({"id": "ab", "rate": "x"}, {"rate": "type check ('number') failed - got 'x'"}),
        ({"id": "ab", "mode": "hot"}, {"mode": "value 'hot' does not have a value in the enumeration 'stop, suspend'"}),
        ({"id": "ab", "text": "four"}, {"text": "value may only be 3 characters long"}),
        ({"id": "ab", "text": "1"}, {"text": "value must be at least 2 characters long"}),
        ({"id": "ab", "time": "0300"}, {"time": "value does not match the regex pattern"}),
        ({"id": "ab", "notes": "x"}, {"storage": "missing property - 'notes' requires this property"}),
        ({"id": "ab", "paths": ["1", "x"]}, {"paths[1]": "type check ('integer') failed - got 'x'"}),
        ({"id": "ab", "mode": ["stop"]}, {"mode": "type check ('string') failed - got ARRAY"}),
        ({"id": "ab", "vmids": "100,99"}, {"vmids": "invalid format - value does not look like a valid VM ID\n"}),
        ({"id": "ab", "other": "1"}, {"other": UNKNOWN}),
        (
            {"id": "ab", "keep": "3"},
            {"keep": "invalid format - value without key, but schema does not define a default key\n"},
        ),
        (
            {"id": "ab", "keep": "keep-last=x"},
            {"keep": "invalid format - format error\nkeep.keep-last: type check ('integer') failed - got 'x'\n"},
        ),
        (
            {"id": "ab", "keep": "keep-last=1,keep-last=2"},
            {"keep": "invalid format - duplicate key in comma-separated list property: keep-last\n"},
        ),
        (
            {"id": "ab", "limits": "move=-1"},
            {"limits": "invalid format - format error\nlimits.move: value must have a minimum value of 0\n"},
        ),
        (
            {"id": "a", "on": "2", "x": 1},
            {
                "id": "invalid format - invalid configuration ID 'a'\n",
                "on": "type check ('boolean') failed - got '2'",
                "x": UNKNOWN,
            },
        ),
    ],
)
def test_all_that_is_wrong_is_said_at_once(sent: dict[str, Any], errors: dict[str, str]) -> None:
    with pytest.raises(BadParameters) as refused:
        SCHEMA.verify(sent)
    assert refused.value.errors == errors


def test_good_parameters_come_out_typed() -> None:
    sent = {"id": "ab", "on": True, "count": "+7", "rate": "1e2", "paths": "5", "vmids": [100, 101]}
    assert SCHEMA.verify(sent) == {"id": "ab", "on": 1, "count": 7, "rate": 100.0, "paths": [5], "vmids": "100,101"}


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("keep-last=0", {"keep-all": 1}),
        ("", {"keep-all": 1}),
        ("keep-all=1,keep-last=0", {"keep-all": 1}),
        ("keep-all=0,keep-last=3", {"keep-last": "3"}),
        ("keep-last=0,keep-daily=7", {"keep-last": "0", "keep-daily": "7"}),
    ],
)
def test_a_retention_has_a_normal_form(text: str, stored: dict[str, Any]) -> None:
    assert formats.split("prune-backups", text) == stored


def test_every_format_that_a_schema_names_is_known() -> None:
    named: set[str] = set()

    def walk(data: Any) -> None:
        if isinstance(data, dict):
            if isinstance(data.get("format"), str):
                named.add(data["format"])
            for inner in data.values():
                walk(inner)

    walk(CALLS)
    for name in named - {"(inline)"}:
        single = name.removesuffix("-list").removesuffix("-opt")
        assert single in formats.CHECKS or name in formats.CHECKS or isinstance(FORMATS.get(name), dict), name


def test_every_recorded_call_is_answered() -> None:
    for call in CALLS:
        method, template = call.split(" ", 1)
        path = template.replace("{vmid}", "100").replace("{", "").replace("}", "")
        assert find(method, path)[0].template == template, call
