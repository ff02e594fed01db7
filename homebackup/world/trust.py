"""What a site shows of itself before any login: the certificate's fingerprint and the ssh host key."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import asyncssh

from homebackup.world import hostkeys, pinned
from homebackup.world.errors import Unreachable


class HostKey(NamedTuple):
    """An ssh host key: `line` is what `sshHostKey` takes, `fingerprint` what ssh-keygen prints."""

    line: str
    fingerprint: str


async def certificate_fingerprint(host: str, port: int = 8006, timeout: float = 10.0) -> str:
    """SHA-256 fingerprint of the API's certificate, as Proxmox VE prints it; nothing is sent. Raises Unreachable."""
    try:
        return await asyncio.to_thread(pinned.shown, host, port, timeout)
    except OSError as error:
        raise _silent(host, f"shows no certificate on port {port} ({error.strerror or error})") from None


async def ssh_host_key(host: str, port: int | None = None, timeout: float = 10.0) -> HostKey:
    """The host key that sshd shows; nobody is logged in. `~/.ssh/config` may name port and way. Raises Unreachable."""
    try:
        async with asyncio.timeout(timeout):
            key = await asyncssh.get_server_host_key(host, port or ())
    except TimeoutError:
        raise _silent(host, f"shows no ssh host key within {timeout:g} s") from None
    except (asyncssh.Error, OSError) as error:
        raise _silent(host, f"shows no ssh host key ({error})") from None
    if key is None:
        raise _silent(host, "shows no ssh host key")
    return HostKey(hostkeys.public_line(key), key.get_fingerprint())


def _silent(host: str, said: str) -> Unreachable:
    return Unreachable(f"host {host}", f"it {said}", "see that it is up and that address and port are right")


def fingerprint_of(configured: str) -> str:
    """The fingerprint of a host key as it is configured, as ssh-keygen prints it; what is no key stays as it is."""
    try:
        return asyncssh.import_public_key(configured).get_fingerprint()
    except (asyncssh.KeyImportError, ValueError):
        return configured
