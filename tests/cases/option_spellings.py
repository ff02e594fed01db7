"""Every kind of value that holds several: spellings with their normal form, and what is refused with the reason."""

from __future__ import annotations

from tests.cases.spelling import Bad, Good

GOOD: Good = {
    "Retention": [
        ({"keep-last": 3}, {"keep-last": 3}),
        ({"keep-last": "3"}, {"keep-last": 3}),
        ({"keep-last": 3.0, "keep-daily": 0.0}, {"keep-last": 3}),
        ("keep-daily=7,keep-last=3", {"keep-last": 3, "keep-daily": 7}),
        ({"last": 3}, {"keep-last": 3}),
        ({"keep-all": 1}, {"keep-all": 1}),
        ({"keep-all": True}, {"keep-all": 1}),
        ({"keep-all": "1"}, {"keep-all": 1}),
        ("keep-last=0", {"keep-all": 1}),
        ("keep-all=0,keep-last=2", {"keep-last": 2}),
    ],
    "DeclaredRetention": [
        ({"keep-last": 3, "keep-yearly": 0}, {"keep-last": 3}),
        ({"keep-all": True}, {"keep-all": 1}),
        ("keep-all=1", {"keep-all": 1}),
        ("keep-all=yes,keep-last=0", {"keep-all": 1}),
    ],
    "Fleecing": [
        ("1,storage=local-lvm", {"enabled": True, "storage": "local-lvm"}),
        ({"enabled": "1", "storage": "local-lvm"}, {"enabled": True, "storage": "local-lvm"}),
        ({"enabled": False}, {"enabled": False}),
        ("enabled=0", {"enabled": False}),
        ({"storage": "local-lvm"}, {"enabled": False, "storage": "local-lvm"}),
    ],
    "Performance": [("max-workers=4", {"max-workers": 4}), ({"pbs-entries-max": "9"}, {"pbs-entries-max": 9})],
    "Bandwidth": [("default=100,restore=0", {"default": 100, "restore": 0}), ({"move": 5.0}, {"move": 5})],
    "ContentDirs": [
        ("backup=dump/x", {"backup": "dump/x"}),
        ({"backup": "/dump", "iso": "images"}, {"backup": "dump", "iso": "images"}),
    ],
    "Content": [
        ("iso,backup", frozenset({"backup", "iso"})),
        (["backup"], frozenset({"backup"})),
        ("none", frozenset({"none"})),
    ],
    "MountMarker": [("1", "yes"), (True, "yes"), ("ON", "yes"), ("0", "no"), (False, "no"), ("/mnt/nas/", "/mnt/nas")],
    "Compression": [("zstd", "zstd"), (1, "lzo"), ("1", "lzo"), (0, "0"), (0.0, "0"), ("none", "0"), ("gzip", "gzip")],
    "Addresses": [("b@x.org; a", "a,b@x.org"), ("root", "root")],
    "NotesTemplate": [
        ("{{guestname}} on {{node}}, {{vmid}} {{cluster}}", "{{guestname}} on {{node}}, {{vmid}} {{cluster}}")
    ],
}

BAD: Bad = {
    "Retention": [
        ({"keep-last": -1}, "keep-last: -1 is below zero"),
        ({"keep-last": 1.5}, "keep-last: 1.5 is no whole number"),
        ({"keep-ever": 1}, "keep-ever: Proxmox VE knows no such retention"),
        ({"keep-all": True, "keep-last": 1}, "keep-all cannot be set together with other options"),
        ("3", "value without key"),
        ([3], "must be a mapping"),
        (3, "must be a mapping"),
    ],
    "DeclaredRetention": [
        ({"keep-last": 0}, "limits nothing"),
        ({"keep-all": 0}, "limits nothing"),
        ({"keep-all": False}, "limits nothing"),
        ({}, "limits nothing"),
        ("keep-last=0,keep-daily=0", "limits nothing"),
    ],
    "Fleecing": [
        ({"enabled": True}, "storage must name a storage"),
        ("1", "storage must name a storage"),
        ({"on": True}, "'on' is not one of enabled, storage"),
        ({"enabled": "maybe", "storage": "ab"}, "enabled must be true or false"),
        (5, "must be a mapping"),
    ],
    "Performance": [
        ({"workers": 1}, "'workers' is not one of max-workers"),
        ({"max-workers": 0}, "max-workers must be a whole number, 1 to 256"),
        ("4", "value without key"),
    ],
    "Bandwidth": [({"default": "fast"}, "default must be a whole number, 0 or more"), ([1], "must be a mapping")],
    "ContentDirs": [
        ({"backup": "../up"}, "backup=../up is not a kind of content and a directory below"),
        ({"backup": "/"}, "is not a kind of content"),
        ({"films": "x"}, "films=x is not a kind of content"),
        ({"backup": "a,b"}, "is not a kind of content"),
    ],
    "Content": [
        ([], "must be a list of one or more of backup"),
        ("backup,films", "'films' is not one of backup"),
        ("none,backup", "exclude each other"),
        ([["backup"]], "must be a list of single values"),
        (5, "must be a list of one or more"),
    ],
    "MountMarker": [
        ("banana", "say yes, no or the directory"),
        (5, "say yes, no or the directory"),
        ("", "say yes, no or the directory"),
    ],
    "Compression": [("zip", "must be '0', 'gzip', 'lzo' or 'zstd'"), (["zstd"], "must be '0'"), (2, "must be '0'")],
    "Addresses": [(["a"], "must be text")],
    "NotesTemplate": [
        ("{{name}}", "{{name}} is not one of"),
        ("a\nb", "has a control character"),
        ("a" * 1025, "may only be 1024"),
    ],
}

LISTS = {"Content"}
"""Lists whose elements a line feed separates, so that it gets into none of them."""
