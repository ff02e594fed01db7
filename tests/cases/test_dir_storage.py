"""What a program may not ask of a storage, each with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.bad_input import Bad, refused, texts

LEAST = {"storage": "nas-backups", "path": "/mnt/nas-backups"}
FULL: dict[str, Any] = {
    **LEAST,
    "content": ["backup"],
    "prune_backups": {"keep-last": 3},
    "is_mountpoint": "/mnt/nas-backups",
    "nodes": ["pve"],
    "content_dirs": {"backup": "dump"},
    "format": "raw",
    "preallocation": "off",
    "bwlimit": {"default": 100},
}
BAD: Bad = {
    "nothing": (dict.fromkeys(LEAST), dict.fromkeys(LEAST, "is required")),
    "an unknown property": ({"server": "10.0.0.150"}, {"server": "is not a property of DirStorage"}),
    "a property of Proxmox VE that has become another": (
        {"maxfiles": 3},
        {"maxfiles": "is not a property of DirStorage"},
    ),
    "no name": ({"storage": "nas backups"}, {"storage": "'nas backups' is not a storage name"}),
    "a relative path": ({"path": "mnt/nas"}, {"path": "'mnt/nas' is not an absolute path"}),
    "a path that climbs": ({"path": "/mnt/../etc"}, {"path": "is not an absolute path"}),
    "a path with a blank": ({"path": "/mnt/my nas"}, {"path": "is not an absolute path of letters, digits"}),
    "unknown content": ({"content": ["films"]}, {"content": "'films' is not one of backup"}),
    "no content": ({"content": []}, {"content": "must be a list of one or more of backup"}),
    "none and more": ({"content": ["none", "backup"]}, {"content": "exclude each other"}),
    "a retention of zero": ({"prune_backups": {"keep-last": 0}}, {"prune_backups": "limits nothing"}),
    "a retention of nothing": ({"prune_backups": {}}, {"prune_backups": "limits nothing"}),
    "a retention below zero": ({"prune_backups": {"keep-last": -1}}, {"prune_backups": "-1 is below zero"}),
    "a retention without a unit": ({"prune_backups": 3}, {"prune_backups": "must be a mapping"}),
    "a mark that is no directory": ({"is_mountpoint": "maybe"}, {"is_mountpoint": "say yes, no or the directory"}),
    "a node that is none": ({"nodes": ["pve.home"]}, {"nodes": "'pve.home' is not a node name"}),
    "a directory that climbs": ({"content_dirs": {"backup": "../x"}}, {"content_dirs": "backup=../x is not"}),
    "fewer than no protected archives": (
        {"max_protected_backups": -2},
        {"max_protected_backups": "must be at least -1"},
    ),
    "a format": ({"format": "zip"}, {"format": "must be 'raw', 'qcow2', 'subvol' or 'vmdk'"}),
    "a limit that is a word": ({"bwlimit": {"default": "fast"}}, {"bwlimit": "default must be a whole number"}),
    "a limit of what is not transferred": ({"bwlimit": {"backup": 1}}, {"bwlimit": "'backup' is not one of clone"}),
    "neither true nor false": (
        {"shared": "maybe", "disable": 2},
        dict.fromkeys(("shared", "disable"), "must be true or false"),
    ),
}


@pytest.mark.parametrize(("given", "wrong"), BAD.values(), ids=BAD.keys())
def test_what_is_refused(given: dict[str, Any], wrong: dict[str, str]) -> None:
    refused("DirStorage", {**LEAST, **given}, wrong)


@pytest.mark.parametrize(("field", "value"), texts("DirStorage", FULL))
def test_no_control_character(field: str, value: Any) -> None:
    refused("DirStorage", {**FULL, field: value}, {field: ""})
