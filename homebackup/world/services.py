"""The services beside Proxmox VE: one client each, made when it is first asked and closed with the site."""

import asyncio
import importlib
from collections.abc import Mapping
from typing import Any, Protocol

from homebackup.model.steps import Service
from homebackup.world.connection import Connection

CLIENTS: Mapping[Service, tuple[str, str]] = {
    "home-assistant": ("homebackup.world.home_assistant", "HomeAssistant"),
    "dsm": ("homebackup.world.dsm", "Dsm"),
}
"""Module and class of each client: a preview that asks none of them imports none."""


class Client(Protocol):
    """A service one can ask."""

    async def ask(self, command: str, data: Mapping[str, Any]) -> Any:
        """What it answers; raises Trouble."""

    async def close(self) -> None:
        """Ends its session."""


class Services:
    """The clients of one site."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._clients: dict[Service, Client] = {}

    async def ask(self, service: Service, command: str, data: Mapping[str, Any]) -> Any:
        """What the service answers; raises Trouble, Problems where the stack does not say how to reach it."""
        if service not in self._clients:
            module, name = CLIENTS[service]
            self._clients[service] = getattr(await asyncio.to_thread(importlib.import_module, module), name)(
                self._connection
            )
        return await self._clients[service].ask(command, data)

    async def close(self) -> None:
        """Closes whichever was made."""
        for client in self._clients.values():
            await client.close()
