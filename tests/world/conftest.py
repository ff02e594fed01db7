"""A played site for each test: the API over https and ssh, and connections to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from homebackup.world.api import Api
from homebackup.world.connection import Connection
from homebackup.world.host import Host
from homebackup.world.repeat import Repeat
from tests.world.play import PASSWORD, TOKEN, HttpsSite, SshSite, Stage, certificate

SOON = Repeat(tries=6, first=0.001, longest=0.01)
TRANSPORTS = ("ticket", "token", "ssh")


@pytest.fixture(autouse=True)
def no_own_ssh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody's agent, known hosts or ssh configuration has a part in a test."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def pem(tmp_path: Path) -> tuple[Path, Path, str]:
    return certificate(tmp_path, "node")


@pytest.fixture
async def https(stage: Stage, pem: tuple[Path, Path, str]) -> AsyncIterator[HttpsSite]:
    site = HttpsSite(stage, pem[0], pem[1])
    await site.start()
    yield site
    await site.stop()


@pytest.fixture
async def ssh(stage: Stage, tmp_path: Path) -> AsyncIterator[SshSite]:
    site = SshSite(stage, tmp_path)
    await site.start()
    yield site
    await site.stop()


@pytest.fixture
def config(https: HttpsSite, ssh: SshSite, pem: tuple[Path, Path, str]) -> Callable[..., dict[str, str]]:
    """Provider configuration of the played site for a transport, with changes; None leaves a key out."""

    def make(transport: str, **changes: str | None) -> dict[str, str]:
        given: dict[str, str | None] = {
            "host": "127.0.0.1",
            "timeout": "5",
            "sshPort": str(ssh.port),
            "sshIdentityFile": str(ssh.client_key),
            "sshKnownHosts": str(ssh.known_hosts),
            "apiPort": str(https.port),
            "fingerprint": pem[2],
        }
        given |= {
            "ticket": {"api": "https", "password": PASSWORD},
            "token": {"api": "https", "token": TOKEN},
            "ssh": {},
        }[transport]
        return {k: v for k, v in (given | changes).items() if v is not None}

    return make


@pytest.fixture
async def connect(config: Callable[..., dict[str, str]]) -> AsyncIterator[Callable[..., Api]]:
    """Makes an Api for a transport, closed at the end."""
    opened: list[Api] = []

    def make(transport: str, **changes: str | None) -> Api:
        opened.append(Api(Connection.parse(config(transport, **changes)), repeat=SOON))
        return opened[-1]

    yield make
    for api in opened:
        await api.close()


@pytest.fixture
async def reach(config: Callable[..., dict[str, str]]) -> AsyncIterator[Callable[..., Host]]:
    """Makes a Host, closed at the end."""
    opened: list[Host] = []

    def make(**changes: str | None) -> Host:
        opened.append(Host(Connection.parse(config("ssh", **changes))))
        return opened[-1]

    yield make
    for host in opened:
        await host.close()
