"""What a site shows of itself before a login, and that it is what the configuration takes."""

import socket
from collections.abc import Callable
from pathlib import Path

import asyncssh
import pytest

from homebackup.world import errors, trust
from homebackup.world.api import Api
from homebackup.world.host import Host
from tests.world.play import HttpsSite, SshSite, Stage


async def test_the_certificate_is_shown_as_proxmox_prints_it(
    https: HttpsSite, pem: tuple[Path, Path, str], connect: Callable[..., Api], stage: Stage
) -> None:
    shown = await trust.certificate_fingerprint("127.0.0.1", https.port)
    assert shown == pem[2]
    assert (stage.logins, stage.asked) == (0, [])
    assert await connect("token", fingerprint=shown).call("GET", "/version") == []


async def test_the_host_key_is_shown_in_both_forms(ssh: SshSite, reach: Callable[..., Host]) -> None:
    shown = await trust.ssh_host_key("127.0.0.1", ssh.port)
    assert shown.fingerprint == ssh.key.get_fingerprint()
    assert asyncssh.import_public_key(shown.line) == ssh.key.convert_to_public()
    assert ssh.commands == []
    for pin in shown:
        assert (await reach(sshKnownHosts=None, sshHostKey=pin).run("true")).exit == 0


async def test_nobody_there_is_a_sentence() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        for look in (trust.certificate_fingerprint, trust.ssh_host_key):
            with pytest.raises(errors.Unreachable) as caught:
                await look("127.0.0.1", port, 0.2)
            assert str(caught.value).startswith("host 127.0.0.1: it shows no ")
        silent.listen(1)
        for look in (trust.certificate_fingerprint, trust.ssh_host_key):
            with pytest.raises(errors.Unreachable):
                await look("127.0.0.1", port, 0.2)


async def test_an_ssh_server_is_no_api(ssh: SshSite) -> None:
    with pytest.raises(errors.Unreachable):
        await trust.certificate_fingerprint("127.0.0.1", ssh.port, 2.0)
