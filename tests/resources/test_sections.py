"""Sections of Proxmox VE's files: every field of each, tried by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homebackup.model.declare import Field, changes, check, key, replaces, written
from homebackup.model.spelling import from_wire, wire_form
from homebackup.model.steps import Call, Plan
from homebackup.resources._section import Needs
from tests.resources.sections import BESIDE, LEAST, SECTIONS, distinct, fields, having, made, recorded, values

DIGEST = "0" * 40
UNDELETABLE = {
    ("DirStorage", "content"): "without it Proxmox VE keeps images and containers",
    ("DirStorage", "shared"): "Proxmox VE writes and answers a 0",
    ("VzdumpJob", "schedule"): "Proxmox VE knows no such option to delete",
    ("VzdumpJob", "enabled"): "Proxmox VE knows no such option to delete",
}
"""Fields that are always told, with the reason."""
EACH = pytest.mark.parametrize(
    ("cls", "f"), [pytest.param(cls, f, id=f"{cls.__name__}.{f.name}") for cls, f in fields()]
)
IN_PLACE = pytest.mark.parametrize(
    ("cls", "f"),
    [pytest.param(cls, f, id=f"{cls.__name__}.{f.name}") for cls, f in fields() if replaces not in f.marks],
)


def answered(cls: Any, told: dict[str, Any], *, objects: bool) -> dict[str, Any]:
    """What Proxmox VE answers of what it was told; a job's property strings may come as objects of texts."""
    properties = ("prune-backups", "fleecing", "performance") if objects else ()
    said = {
        name: dict(part.split("=") for part in value.split(",")) if name in properties else value
        for name, value in told.items()
    }
    return {**said, **cls.fixed, "digest": DIGEST, "type": cls.fixed.get("type", "vzdump")}


def put(cls: Any, **params: Any) -> Plan:
    """The one change of the section of the least name."""
    name = LEAST[cls.__name__][cls.key.name]
    return Plan((Call("PUT", f"{cls.api}/{name}", {**params, "digest": DIGEST}),))


def ground(cls: Any) -> list[dict[str, Any]]:
    return [{cls.key.wire: "another"}, {cls.key.wire: LEAST[cls.__name__][cls.key.name], "digest": DIGEST}]


@EACH
def test_a_field_has_values_to_try(cls: Any, f: Field) -> None:
    binary = f.absent is not None and isinstance(f.absent, bool)
    assert len(distinct(f)) >= (1 if binary else 2)


@EACH
def test_every_spelling_comes_back_as_no_change(cls: Any, f: Field) -> None:
    for value in values(f):
        wanted = having(cls, f, value)
        for objects in (False, True):
            name = getattr(wanted, cls.key.name)
            seen = cls.found(name, [answered(cls, wire_form(wanted), objects=objects)], {})
            assert changes(cls, vars(seen), vars(wanted)) == {}
            assert check(cls, vars(seen)) == (vars(wanted), {})
            assert wanted.updating(seen, ground(cls)) == Plan()


@EACH
def test_only_what_is_given_is_told(cls: Any, f: Field) -> None:
    always = {cls.key.wire} | {one.wire for one in cls.fields if written in one.marks or one.required}
    given = {one.wire for one in cls.fields if one.name in LEAST[cls.__name__]}
    beside = {one.wire for one in cls.fields if BESIDE.get(f.name, {}).get(one.name) is not None}
    without = {one.wire for one in cls.fields if one.name in BESIDE.get(f.name, {})} - beside
    for value in distinct(f):
        (call,) = having(cls, f, value).creating([]).steps
        assert (call.method, call.path) == ("POST", cls.api)
        assert call.params.keys() == (always | given | beside | {f.wire} | cls.fixed.keys()) - without


@IN_PLACE
def test_a_field_changed_alone_is_one_put_of_it(cls: Any, f: Field) -> None:
    for before, after in zip(distinct(f), distinct(f)[1:], strict=False):
        old, new = having(cls, f, before), having(cls, f, after)
        assert changes(cls, vars(old), vars(new)) == {f.name: False}
        needed = {m.wire: wire_form(new)[m.wire] for m in getattr(f.kind, "__metadata__", ()) if isinstance(m, Needs)}
        assert new.updating(old, ground(cls)) == put(cls, **{f.wire: wire_form(new)[f.wire]}, **needed)


@EACH
def test_what_cannot_change_in_place_is_replaced(cls: Any, f: Field) -> None:
    assert (replaces in f.marks) is recorded(cls.__name__)[f.wire].get("fixed", False)
    for before, after in zip(distinct(f), distinct(f)[1:], strict=False):
        old, new = having(cls, f, before), having(cls, f, after)
        assert changes(cls, vars(old), vars(new)) == {f.name: replaces in f.marks}


@pytest.mark.parametrize("cls", SECTIONS.values(), ids=SECTIONS.keys())
def test_another_name_is_another_section(cls: Any) -> None:
    (one, other) = (made(cls, **{cls.key.name: name}) for name in ("one", "other"))
    assert changes(cls, vars(one), vars(other)) == {cls.key.name: True}


@IN_PLACE
def test_a_field_dropped_alone_is_deleted(cls: Any, f: Field) -> None:
    if f.required:
        assert check(cls, {**LEAST[cls.__name__], f.name: None})[1] == {f.name: "is required"}
        return
    for value in distinct(f):
        old = having(cls, f, value)
        new = replace(old, **{f.name: f.normal(f.default) if f.default is not None else None})
        if f.same(value, getattr(new, f.name)):
            continue
        told = {f.wire: f.spell(f.default)} if (cls.__name__, f.name) in UNDELETABLE else {"delete": f.wire}
        assert new.updating(old, ground(cls)) == put(cls, **told)


def test_what_is_always_told_has_a_reason() -> None:
    marked = {(cls.__name__, f.name) for cls, f in fields() if written in f.marks}
    assert marked == UNDELETABLE.keys()


@pytest.mark.parametrize("cls", SECTIONS.values(), ids=SECTIONS.keys())
def test_many_changes_are_one_put(cls: Any) -> None:
    gone = [
        f for _, f in fields() if f in cls.fields and f.default is None and f.name not in {*BESIDE, "vmid", "dumpdir"}
    ]
    old = made(cls, **{f.name: distinct(f)[0] for f in gone})
    plan = made(cls).updating(old, ground(cls))
    assert plan == put(cls, delete=",".join(sorted(f.wire for f in gone)))
    back = old.updating(made(cls), ground(cls))
    assert back == put(cls, **{f.wire: wire_form(old)[f.wire] for f in gone})


def test_other_guests_of_a_job_are_chosen_in_one_put() -> None:
    job = SECTIONS["VzdumpJob"]
    by_vmid, everyone = made(job), made(job, vmid=None, all=True, exclude=[101])
    assert everyone.updating(by_vmid, ground(job)) == put(job, all=1, exclude="101", delete="vmid")
    assert by_vmid.updating(everyone, ground(job)) == put(job, vmid="100", delete="all,exclude")


def test_a_digest_guards_the_write_where_there_is_one() -> None:
    job = SECTIONS["VzdumpJob"]
    (call,) = made(job, enabled=False).updating(made(job), [{"id": LEAST["VzdumpJob"]["job"]}]).steps
    assert call.params == {"enabled": 0}


@pytest.mark.parametrize("cls", SECTIONS.values(), ids=SECTIONS.keys())
def test_a_deletion_is_one_call(cls: Any) -> None:
    name = LEAST[cls.__name__][cls.key.name]
    assert made(cls).deleting([]) == Plan((Call("DELETE", f"{cls.api}/{name}"),))


FOUND: dict[str, tuple[str, list[dict[str, Any]], dict[str, Any] | None]] = {
    # section, what is listed, what is seen of the least one (None: it is not there)
    "nothing listed": ("DirStorage", [], None),
    "another name": ("DirStorage", [{"storage": "local", "type": "dir", "path": "/var/lib/vz"}], None),
    "another type": ("DirStorage", [{"storage": "nas-backups", "type": "nfs", "path": "/mnt/pve/x"}], None),
    "the least": (
        "DirStorage",
        [{"storage": "nas-backups", "type": "dir", "path": "/x", "content": "iso,backup", "digest": DIGEST}],
        {
            "path": "/x",
            "content": frozenset({"backup", "iso"}),
            "shared": False,
            "disable": False,
            "prune_backups": None,
        },
    ),
    "Proxmox VE's spellings": (
        "DirStorage",
        [
            {
                "storage": "nas-backups",
                "type": "dir",
                "path": "/x/",
                "content": "backup",
                "shared": 1,
                "disable": "1",
                "is_mountpoint": "1",
                "prune-backups": "keep-weekly=2,keep-last=0003",
                "nodes": "pve2,pve1",
                "max-protected-backups": -1,
            }
        ],
        {
            "path": "/x",
            "shared": True,
            "disable": True,
            "is_mountpoint": "yes",
            "prune_backups": {"keep-last": 3, "keep-weekly": 2},
            "nodes": frozenset({"pve1", "pve2"}),
            "max_protected_backups": -1,
        },
    ),
    "what we would refuse": (
        "DirStorage",
        [
            {
                "storage": "nas-backups",
                "type": "dir",
                "path": "/x/../y",
                "is_mountpoint": "banana",
                "bwlimit": "default=1.5",
            }
        ],
        {"path": "/x/../y", "is_mountpoint": "banana", "bwlimit": "default=1.5", "content": None},
    ),
    "the least job": (
        "VzdumpJob",
        [
            {
                "id": "backup-home-p0-daily",
                "type": "vzdump",
                "schedule": "mon..sun 3:00",
                "enabled": 1,
                "vmid": "102,100,100",
            }
        ],
        {"schedule": "03:00", "enabled": True, "vmid": frozenset({100, 102}), "all": False, "storage": None},
    ),
    "a job that keeps all": (
        "VzdumpJob",
        [{"id": "backup-home-p0-daily", "schedule": "03:00", "all": 1, "prune-backups": {"keep-all": 1}, "enabled": 0}],
        {"all": True, "prune_backups": {"keep-all": 1}, "enabled": False, "vmid": None},
    ),
    "a job that says nothing of enabled": (
        "VzdumpJob",
        [{"id": "backup-home-p0-daily", "schedule": "03:00", "vmid": "100", "next-run": 1}],
        {"enabled": True},
    ),
    "a job with a schedule that never comes": (
        "VzdumpJob",
        [
            {
                "id": "backup-home-p0-daily",
                "schedule": "*-02-30",
                "vmid": "100",
                "exclude-path": ["/tmp/*"],
                "comment": "",
            }
        ],
        {"schedule": "*-02-30 00:00", "exclude_path": ("/tmp/*",), "comment": None},
    ),
}


@pytest.mark.parametrize(("name", "listed", "values"), FOUND.values(), ids=FOUND.keys())
def test_what_is_found(name: str, listed: list[dict[str, Any]], values: dict[str, Any] | None) -> None:
    cls = SECTIONS[name]
    seen = cls.found(LEAST[name][cls.key.name], listed, {})
    assert (None if seen is None else {field: getattr(seen, field) for field in values or {}}) == values
    assert seen is None or seen == from_wire(cls, listed[0])


def test_every_section_is_tried() -> None:
    assert SECTIONS.keys() == LEAST.keys()
    assert all(key in cls.key.marks for cls in SECTIONS.values())
