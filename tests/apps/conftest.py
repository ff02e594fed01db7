"""A real Home Assistant Core, whose settings each test finds as nobody has set them up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from homebackup.resources.home_assistant_backup import FRESH
from homebackup.world.connection import Connection
from homebackup.world.home_assistant import HomeAssistant
from homebackup.world.live_site import LiveSite
from tests.apps.core import Core
from tests.apps.supervisor import Supervisor
from tools import home_assistant

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, so that only `make apps` runs it."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("apps")


@pytest.fixture(scope="session")
def hass() -> Path:
    """The program."""
    return home_assistant.program()


@pytest.fixture(scope="session")
def _core(hass: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    core = Core.start(hass, tmp_path_factory.mktemp("core"))
    yield core
    core.end()


@pytest.fixture(scope="session")
def supervisor() -> Iterator[Supervisor]:
    """A double of the Supervisor, which keeps network storage."""
    with Supervisor() as double:
        yield double


@pytest.fixture(scope="session")
def _supervised(hass: Path, supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    told = {"SUPERVISOR": supervisor.address, "SUPERVISOR_TOKEN": "of-the-double"}
    core = supervisor.core = Core.start(hass, tmp_path_factory.mktemp("supervised"), told)
    yield core
    core.end()


def way(core: Core, token: str = "") -> Connection:
    """How to reach a Core, with its owner's token unless another is given."""
    keys = {"host": "127.0.0.1", "homeAssistantUrl": core.url, "homeAssistantToken": token or core.token}
    return Connection.parse(keys)


async def _emptied(core: Core) -> Core:
    client = HomeAssistant(way(core))
    try:
        await client.ask("backup/config/update", FRESH)
        for backup in (await client.ask("backup/info"))["backups"]:
            await client.ask("backup/delete", {"backup_id": backup["backup_id"]})
    finally:
        await client.close()
    return core


@pytest.fixture
async def core(_core: Core) -> Core:
    """A Core without backups, and nothing set up."""
    return await _emptied(_core)


@pytest.fixture
async def supervised(_supervised: Core, supervisor: Supervisor) -> Core:
    """A Core beside the double of a Supervisor, without network storage, and nothing set up."""
    client = HomeAssistant(way(_supervised))
    await client.ask("backup/config/update", FRESH)
    await client.close()
    supervisor.reset()
    return _supervised


@pytest.fixture
async def site(core: Core) -> AsyncIterator[LiveSite]:
    """The site of that Core."""
    live = LiveSite(way(core))
    yield live
    await live.close()


@pytest.fixture
async def supervised_site(supervised: Core) -> AsyncIterator[LiveSite]:
    """The site of that Core beside a Supervisor."""
    live = LiveSite(way(supervised))
    yield live
    await live.close()
