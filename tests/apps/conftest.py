"""A real Home Assistant Core, whose settings each test finds as nobody has set them up."""

from __future__ import annotations

import asyncio
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
def running_core(hass: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    core = Core.start(hass, tmp_path_factory.mktemp("core"))
    yield core
    core.end()


@pytest.fixture(scope="session")
def supervisor() -> Iterator[Supervisor]:
    """A double of the Supervisor, which keeps network storage."""
    with Supervisor() as double:
        yield double


@pytest.fixture(scope="session")
def running_supervised(hass: Path, supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
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


async def without_storage(core: Core, supervisor: Supervisor) -> None:
    """Take all network storage and every setting from a Core, and wait until it offers none of it any more."""
    client = HomeAssistant(way(core))
    await client.ask("backup/config/update", FRESH)
    supervisor.reset()
    await supervisor.told()
    async with asyncio.timeout(30):
        while len((await client.ask("backup/agents/info"))["agents"]) != 1:
            await supervisor.told()
    await client.close()


@pytest.fixture
async def core(running_core: Core) -> Core:
    """A Core without backups, and nothing set up."""
    return await _emptied(running_core)


@pytest.fixture
async def supervised(running_supervised: Core, supervisor: Supervisor) -> Core:
    """A Core beside the double of a Supervisor, without network storage, and nothing set up."""
    await without_storage(running_supervised, supervisor)
    return running_supervised


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
