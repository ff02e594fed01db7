"""What a program may not ask of an NFS mount, each with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.bad_input import Bad, refused, texts

GOOD: dict[str, Any] = {
    "target": "/mnt/nas-backups",
    "server": "10.0.0.150",
    "export": "/volume1/backups/proxmox_backups",
    "options": ["defaults", "soft", "timeo=150"],
    "fstype": "nfs",
}
HARD = "hangs the hypervisor when the NAS is"
BAD: Bad = {
    "nothing": (dict.fromkeys(GOOD), dict.fromkeys(("target", "server", "export"), "is required")),
    "an unknown property": ({"sever": "10.0.0.150"}, {"sever": "is not a property of NfsMount"}),
    "hard": ({"options": ["hard"]}, {"options": HARD}),
    "hard beside soft": ({"options": ["soft", "hard"]}, {"options": HARD}),
    "hard behind a comma": ({"options": ["soft", "timeo=150,hard"]}, {"options": HARD}),
    "hard in one text": ({"options": "soft,hard"}, {"options": HARD}),
    "hard by silence": ({"options": ["defaults", "timeo=150"]}, {"options": "must have soft"}),
    "no options": ({"options": []}, {"options": "is switched off (soft-mount)"}),
    "an option with a blank": ({"options": ["soft", "timeo = 150"]}, {"options": "is not a mount option"}),
    "a number for options": ({"options": 5}, {"options": "must be a list"}),
    "a Tailscale address": ({"server": "100.100.1.2"}, {"server": "is a Tailscale address; mount by the LAN address"}),
    "a Tailscale address of IPv6": ({"server": "fd7a:115c:a1e0::1"}, {"server": "is a Tailscale address"}),
    "a public address": ({"server": "8.8.8.8"}, {"server": "is not a LAN address"}),
    "a name": ({"server": "nas.local"}, {"server": "name the NAS by its LAN address"}),
    "a relative export": ({"export": "volume1"}, {"export": "'volume1' is not an absolute path"}),
    "a relative target": ({"target": "mnt/nas"}, {"target": "'mnt/nas' is not an absolute path"}),
    "a target that climbs": ({"target": "/mnt/../etc"}, {"target": "is not an absolute path of letters"}),
    "the root": ({"target": "/"}, {"target": "is not an absolute path"}),
    "a directory of the system": ({"target": "/etc/pve"}, {"target": "is a directory of the system"}),
    "another file system": ({"fstype": "cifs"}, {"fstype": "must be 'nfs' or 'nfs4'"}),
    "neither true nor false": ({"immutable": "maybe"}, {"immutable": "must be true or false"}),
    "several": ({"server": 5, "target": []}, {"server": "must be text", "target": "must be text"}),
}


@pytest.mark.parametrize(("given", "wrong"), BAD.values(), ids=BAD.keys())
def test_what_is_refused(given: dict[str, Any], wrong: dict[str, str]) -> None:
    refused("NfsMount", {**GOOD, **given}, wrong)


@pytest.mark.parametrize(("field", "value"), texts("NfsMount", GOOD))
def test_no_control_character(field: str, value: Any) -> None:
    refused("NfsMount", {**GOOD, field: value}, {field: ""})
