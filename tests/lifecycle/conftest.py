"""A lab reached over each transport, and a person who changes things behind our back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.declare import check
from homebackup.resources import RESOURCES
from homebackup.world.connection import Connection
from homebackup.world.live_site import LiveSite
from tests.running_lab import Lab

TRANSPORTS = ("https ticket", "https token", "ssh")


def connection(lab: Lab, transport: str) -> Connection:
    """The connection to the lab over one transport; https logs in as root@pam or with its token."""
    config = {"lab": str(lab.ready), "api": "ssh" if transport == "ssh" else "https"}
    if transport == "https token":
        config["token"] = lab.api["token"]
    elif transport == "https ticket":
        config |= {"user": lab.api["user"], "password": lab.api["password"]}
    return Connection.parse(config)


@dataclass
class Bench:
    """One site, what was said to its owner, and a root who works by hand."""

    lab: Lab
    site: LiveSite
    by_hand: LiveSite
    said: list[str] = field(default_factory=list)

    def of(self, kind: str, name: str) -> Lifecycle:
        """The lifecycle of a resource."""
        return Lifecycle(self.site, RESOURCES[kind], name, self.said.append)

    def writes(self) -> list[dict[str, Any]]:
        """Every change the lab was asked for since the last `forget`."""
        return [r for r in self.lab.requests() if _writes(r)]


def _writes(request: dict[str, Any]) -> bool:
    if request["kind"] == "api":
        return request["method"] != "GET" and not request["path"].endswith("/access/ticket")
    return (
        not request["command"].startswith(("sh -c", "pvesh get", "env LC_ALL"))
        and "pvesh get" not in request["command"]
    )


def declared(kind: str, values: dict[str, Any]) -> Any:
    """The resource that a program declares with these values; fails when they are refused."""
    inputs, wrong = check(RESOURCES[kind], values)
    assert not wrong, wrong
    return RESOURCES[kind](**inputs)


@pytest.fixture(params=TRANSPORTS)
async def bench(request: pytest.FixtureRequest, lab: Lab) -> AsyncIterator[Bench]:
    """A fresh lab over each transport."""
    site, by_hand = (LiveSite(connection(lab, t)) for t in (request.param, "https ticket"))
    yield Bench(lab, site, by_hand)
    await site.close()
    await by_hand.close()
