"""The host and the NAS as every acceptance test has them: both on, the host as its owner installed it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from homebackup.world.connection import Connection
from homebackup.world.errors import Trouble
from homebackup.world.live_site import LiveSite
from tests.acceptance.figures import Figures
from tests.acceptance.host import ADDRESS, ORIGINAL, Host
from tests.acceptance.image import image
from tests.acceptance.kept import LINE, KeptMount
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
    host = Host(image(), folder / "host", int(os.environ["HOMEBACKUP_CPU"]))
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
    """The host, as the test before left it."""
    return _host


@pytest.fixture
async def site(host: Host) -> AsyncIterator[LiveSite]:
    """The site as the provider reaches it: ssh with the host's key known."""
    known = {"sshIdentityFile": str(host.image.identity), "sshKnownHosts": str(host.image.known_hosts)}
    live = LiveSite(Connection.parse({"host": ADDRESS, **known}))
    yield live
    await live.close()


@pytest.fixture
def mount(host: Host, nas: Nas, site: LiveSite) -> KeptMount:
    """The mission's mount declared, and nothing done yet: the host has no trace of earlier tests."""
    host.reset()
    nas.empty()
    return KeptMount(site)


@pytest.fixture
async def mounted(host: Host, nas: Nas, site: LiveSite) -> KeptMount:
    """The mission's mount as `pulumi up` left it; made anew only when the test before left something else."""
    kept = KeptMount(site)
    kept.state = dict(vars(kept.wanted))
    with contextlib.suppress(Trouble):
        await kept.up()
    if host.read("/etc/fstab") != ORIGINAL + b"\n" + LINE or await kept.drift() != {}:
        host.reset()
        kept.state = {}
        await kept.up()
    nas.empty()
    return kept
