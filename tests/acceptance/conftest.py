"""The host and the NAS as every acceptance test has them: both on, the host as its owner installed it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from homebackup.world.connection import Connection
from homebackup.world.live_site import LiveSite
from tests.acceptance.figures import Figures
from tests.acceptance.host import ADDRESS, Host
from tests.acceptance.image import image
from tests.acceptance.kept import KeptMount
from tests.acceptance.nas import Nas
from tests.acceptance.network import Network

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is marked, so that no ordinary run starts a machine."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.acceptance)


@pytest.fixture(scope="session")
def figures() -> Iterator[Figures]:
    """Where a test writes down what it measured."""
    measured = Figures()
    yield measured
    measured.write(Path(os.environ["HOMEBACKUP_FIGURES"]))


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder with a short path, as sockets need one."""
    with tempfile.TemporaryDirectory(prefix="homebackup-") as path:
        yield Path(path)


@pytest.fixture(scope="session")
def _nas(folder: Path) -> Iterator[Nas]:
    network = os.environ.get("HOMEBACKUP_LAN")
    assert network, "these tests need a network of their own: run python -m tests.acceptance"
    (folder / "nas").mkdir()
    nas = Nas(Network(network), folder / "nas")
    nas.on()
    yield nas
    nas.off()


@pytest.fixture(scope="session")
def _host(folder: Path, _nas: Nas, figures: Figures) -> Iterator[Host]:
    (folder / "host").mkdir()
    host = Host(image(), folder / "host")
    try:
        figures.took("host: from power to ssh", host.start())
        host.booted(60)
        yield host
    finally:
        host.cut()


@pytest.fixture
def nas(_nas: Nas) -> Nas:
    """The NAS, switched on and empty."""
    _nas.on()
    return _nas


@pytest.fixture
def host(_host: Host, nas: Nas) -> Host:
    """The host without a trace of earlier tests."""
    _host.reset()
    nas.empty()
    return _host


@pytest.fixture
async def site(host: Host) -> AsyncIterator[LiveSite]:
    """The site as the provider reaches it: ssh with the host's key known."""
    known = {"sshIdentityFile": str(host.image.identity), "sshKnownHosts": str(host.image.known_hosts)}
    live = LiveSite(Connection.parse({"host": ADDRESS, **known}))
    yield live
    await live.close()


@pytest.fixture
def mount(site: LiveSite) -> KeptMount:
    """The mission's mount, declared and nothing done yet."""
    return KeptMount(site)
