"""Whether a host's ssh key is the one we know: the check during the handshake, and the sentence when it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncssh

from homebackup.world.connection import Connection
from homebackup.world.errors import Untrusted

KNOWN_HOSTS = Path("~/.ssh/known_hosts")

NOBODY = asyncssh.import_known_hosts("")
"""Known hosts without any host, so that only the pinned key counts."""


class HostKeyCheck(asyncssh.SSHClient):
    """The client's side of one connection: accepts the pinned key only, and remembers the key that was shown."""

    def __init__(self, connection: Connection) -> None:
        self.pinned = pin(connection.ssh_host_key) if connection.ssh_host_key else None
        self.shown: asyncssh.SSHKey | None = None
        self.place = (connection.host, connection.host, connection.ssh_port or 22)

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        """Connected; where to is needed when no key of a known kind is shown at all."""
        address, port = conn.get_extra_info("peername", self.place[1:])[:2]
        self.place = (self.place[0], address, port)

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Asked when the key is not among the known hosts."""
        self.shown = key
        self.place = (host, addr, port)
        return self.pinned is not None and self.pinned in (key.get_fingerprint(), public_line(key))


def public_line(key: asyncssh.SSHKey) -> str:
    """A public key as `ssh-ed25519 AAAA…`, without its comment."""
    return " ".join(key.export_public_key().decode("ascii").split()[:2])


def pin(value: str) -> str:
    """A configured host key in the form that HostKeyCheck compares: no comment, no padding."""
    if value.startswith("SHA256:"):
        return value.rstrip("=")
    return " ".join(value.split()[:2])


def untrusted(connection: Connection, check: HostKeyCheck) -> Untrusted:
    """The error for a host that did not pass the check, naming what was expected of it."""
    new = check.shown
    shown = new.get_fingerprint() if new else "no key of a kind that is known of it"
    old = _expected(connection, check.place)
    subject = f"host {connection.host}"
    if old:
        said = f"its ssh host key is {shown}, but {old} is the one that is known"
        remedy = (
            "find out why it changed before you go on; only if the host was set up anew, store the new key "
            "with homebackup trust"
        )
    else:
        said = f"its ssh host key {shown} is not known yet"
        remedy = "compare it with what ssh-keygen -lf says of /etc/ssh/ssh_host_*.pub there, then run homebackup trust"
    return Untrusted(subject, said, remedy, old=old, new=new.get_fingerprint() if new else "")


def _expected(connection: Connection, place: tuple[str, str, int]) -> str:
    if connection.ssh_host_key:
        if connection.ssh_host_key.startswith("SHA256:"):
            return pin(connection.ssh_host_key)
        return asyncssh.import_public_key(connection.ssh_host_key).get_fingerprint()
    try:
        known: Any = asyncssh.read_known_hosts(str(connection.ssh_known_hosts or KNOWN_HOSTS.expanduser()))
        keys = asyncssh.match_known_hosts(known, *place)[0]
    except (OSError, ValueError):
        return ""
    return ", ".join(dict.fromkeys(key.get_fingerprint() for key in keys))
