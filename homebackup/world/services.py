"""The services beside Proxmox VE: one client each, made when it is first asked and closed with the site."""

import asyncio
import importlib
import json
from collections.abc import Mapping
from typing import Any, Protocol

from homebackup.model.steps import Answered, Ask, Service
from homebackup.world.connection import Connection
from homebackup.world.errors import Changed, Failed

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
        self._answers: dict[Service, Any] = {}

    async def ask(self, service: Service, command: str, data: Mapping[str, Any]) -> Any:
        """What the service answers; raises Trouble, Problems where the stack does not say how to reach it."""
        if service not in self._clients:
            path, name = CLIENTS[service]
            module = await asyncio.to_thread(importlib.import_module, path)
            if service not in self._clients:  # who asked meanwhile has made it
                self._clients[service] = getattr(module, name)(self._connection)
        return await self._clients[service].ask(command, data)

    async def perform(self, step: Ask) -> None:
        """Makes a writing request, unless what it replaces is not as it was; raises Trouble."""
        told = step.replaces
        if told and await self.ask(step.service, told.command, told.data) != told.before:
            raise Changed(
                f"{step.service} {told.command}",
                "it answers something else than a moment ago, so somebody else changed it",
                "nothing was overwritten; run this again",
            )
        self._answers[step.service] = await self.ask(step.service, step.command, self._filled(step))
        if told and not _same(await self.ask(step.service, told.command, told.data), told.after):
            raise Failed(
                f"{step.service} {step.command}",
                "it took the request and keeps something else than what was sent",
                "see what is there now, and put right what is missing; homebackup's journal has what was sent",
            )

    def _filled(self, step: Ask) -> dict[str, Any]:
        """The data of a request, with what was answered before in its places."""
        answer = self._answers.get(step.service)
        told: Mapping[str, Any] = answer if isinstance(answer, Mapping) else {}
        for value in step.data.values():
            if isinstance(value, Answered) and value.name not in told:
                said = f"the answer before it has no {value.name}"
                raise Failed(f"{step.service} {step.command}", said, "look at what is there now, and run this again")
        return {n: told[v.name] if isinstance(v, Answered) else v for n, v in step.data.items()}

    async def close(self) -> None:
        """Closes whichever was made."""
        for client in self._clients.values():
            await client.close()


def _same(one: Any, other: Any) -> bool:
    """Whether both answers say the same, the order of a list aside."""
    return bool(_ordered(one) == _ordered(other))


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _ordered(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return sorted((_ordered(inner) for inner in value), key=lambda inner: json.dumps(inner, sort_keys=True))
    return value
