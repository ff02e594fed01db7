"""The ready file of a lab, as provider configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_INSTEAD = {
    "password": ("password", "token"),
    "fingerprint": ("fingerprint", "caFile"),
    "sshKnownHosts": ("sshKnownHosts", "sshHostKey"),
}
"""What the lab's value gives way to: a given alternative counts as given."""


def from_lab(ready: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The given configuration completed by a lab's ready file; ValueError with a sentence when the file is unusable.

    The lab's password is taken unless a token is given; `~/.ssh/config` has no say over a lab (host.py).
    """
    try:
        box: Any = json.loads(ready.read_text(encoding="utf-8"))
        api, ssh = box["api"], box["ssh"]
        url = urlsplit(api["url"])
        supplied = {
            "host": ssh["host"],
            "apiPort": str(url.port or 8006),
            "user": api["user"],
            "password": api["password"],
            "fingerprint": api["fingerprint"],
            "sshPort": str(ssh["port"]),
            "sshUser": ssh["user"],
            "sshIdentityFile": ssh["identity_file"],
            "sshKnownHosts": ssh["known_hosts"],
            **_management(box.get("dsm") or {}, given),
        }
    except FileNotFoundError:
        raise ValueError(f"names {ready}, which does not exist: start one with python -m lab --ready {ready}") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise ValueError(f"names {ready}, which is no ready file of a lab: start the lab again") from None
    full = dict(given)
    for key, value in supplied.items():
        if not any(other in given for other in _INSTEAD.get(key, (key,))):
            full[key] = str(value)
    return full


def _management(dsm: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """How to reach the management of the lab's NAS; nothing where the owner names another one."""
    if "dsmUrl" in given:
        return {}
    keys = ("url", "account", "password", "device", "fingerprint")
    return {f"dsm{key.capitalize()}": dsm[key] for key in keys if dsm.get(key)}
