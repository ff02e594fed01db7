"""The declarations beside what Proxmox VE 8.4.1 says of its own parameters: none is missing, none is made up."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.model.declare import Field, aside, root_only
from homebackup.resources import RESOURCES
from homebackup.resources._section import Needs
from tests.resources.sections import RECORDED, SECTIONS, fields, recorded

LEGACY = {
    "DirStorage": {"maxfiles": "Proxmox VE writes it as prune-backups keep-last"},
    "VzdumpJob": {
        "dow": "Proxmox VE writes it into schedule",
        "maxfiles": "Proxmox VE writes it as prune-backups keep-last",
        "starttime": "Proxmox VE writes it as schedule",
    },
}
"""Parameters that are no field, since Proxmox VE never answers them, with what becomes of them."""
IDENTITY = {"DirStorage": {"storage"}, "VzdumpJob": set[str]()}
"""Names of sections that the recording does not list beside their options."""
ROOT_ONLY = {"dumpdir", "script", "tmpdir"}
"""Only root may set these: Proxmox VE checks it in code and does not declare it."""
EACH = pytest.mark.parametrize(
    ("cls", "f"), [pytest.param(cls, f, id=f"{cls.__name__}.{f.name}") for cls, f in fields()]
)


@pytest.mark.parametrize("name", SECTIONS)
def test_every_parameter_is_a_field(name: str) -> None:
    told = {f.wire for f in SECTIONS[name].fields if aside not in f.marks}
    assert told | LEGACY[name].keys() == recorded(name).keys() | IDENTITY[name]
    assert told & LEGACY[name].keys() == set()


def test_a_job_takes_the_same_when_it_is_changed() -> None:
    post, put = (
        RECORDED["calls"][call]["parameters"].keys() for call in ("POST /cluster/backup", "PUT /cluster/backup/{id}")
    )
    assert put - post == {"delete"}
    assert post <= put


def test_defaults_are_parameters_of_vzdump_too() -> None:
    told = {f.wire for f in RESOURCES["VzdumpDefaults"].fields} - {"path"}
    assert told - recorded("VzdumpJob").keys() == set()


@EACH
def test_a_choice_is_the_choice_proxmox_offers(cls: Any, f: Field) -> None:
    said = recorded(cls.__name__)[f.wire]
    if "enum" in said:
        assert {f.normal(choice) for choice in said["enum"]} == set(_enum(f))
    assert f.normal(said["default"]) is not None if isinstance(said.get("default"), (bool, int)) else True


@EACH
def test_limits_are_the_limits_proxmox_sets(cls: Any, f: Field) -> None:
    said = recorded(cls.__name__)[f.wire]
    beyond = []
    if "minimum" in said:
        assert f.normal(said["minimum"]) == said["minimum"]
        beyond.append(said["minimum"] - 1)
    if "maximum" in said:
        assert f.normal(said["maximum"]) == said["maximum"]
        beyond.append(said["maximum"] + 1)
    if "maxLength" in said and f.name != "schedule":
        assert f.normal("a" * said["maxLength"])
        beyond.append("a" * (said["maxLength"] + 1))
    for value in beyond:
        with pytest.raises(ValueError, match=r"must be|may only be"):
            f.normal(value)


@EACH
def test_what_goes_together_is_what_proxmox_wants_together(cls: Any, f: Field) -> None:
    needed = [extra.wire for extra in getattr(f.kind, "__metadata__", ()) if isinstance(extra, Needs)]
    said = recorded(cls.__name__)[f.wire].get("requires")
    assert needed == ([said] if said else [])


@EACH
def test_what_only_root_may_set_is_marked(cls: Any, f: Field) -> None:
    assert (root_only in f.marks) is (cls.__name__ == "VzdumpJob" and f.wire in ROOT_ONLY)


@EACH
def test_what_a_mapping_may_hold_is_what_proxmox_takes(cls: Any, f: Field) -> None:
    said = recorded(cls.__name__)[f.wire]
    properties = said.get("properties") or RECORDED["formats"].get(said.get("format"))
    if not isinstance(properties, dict):  # a text, or a list checked element by element
        return
    with pytest.raises(ValueError, match=r"is not one of|knows no such"):
        f.normal({"bogus": 1})
    for name, rule in properties.items():
        beside = {"storage": "local"} if name == "enabled" else {}
        least, most = rule.get("minimum", 1), rule.get("maximum", 10**9)
        value: Any = "local" if rule.get("format") == "pve-storage-id" else max(least, 1)
        assert name in f.normal({name: value, **beside})
        for beyond in (least - 1, most + 1) if "maximum" in rule else (least - 1,) if "minimum" in rule else ():
            with pytest.raises(ValueError, match=name):
                f.normal({name: beyond})


def _enum(f: Field) -> list[Any]:
    schema = f.adapter.json_schema()
    return next((part["enum"] for part in [schema, *schema.get("anyOf", [])] if "enum" in part), [])
