"""A NAS whose management says nothing, or has no port open: waited for once, and told."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from homebackup.world.connection import Connection
from homebackup.world.dsm import Dsm
from homebackup.world.errors import Unreachable

SHARES = "SYNO.Core.Share list"


async def test_a_silent_nas_is_waited_for_once() -> None:
    met: list[str] = []

    async def say_nothing(request: web.Request) -> web.Response:
        met.append(request.path)
        await asyncio.Event().wait()
        raise AssertionError

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", say_nothing)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client = there(runner.addresses[0][1], "0.2")
    try:
        for _ in range(3):
            with pytest.raises(Unreachable, match=r"no answer from it within 0\.2 s"):
                await client.ask(SHARES, {})
        assert met == ["/webapi/query.cgi"]
    finally:
        await client.close()
        await runner.cleanup()


async def test_a_port_that_nobody_listens_on_is_told() -> None:
    client = there(1, "5")
    try:
        for _ in range(2):
            with pytest.raises(Unreachable, match=r"no connection to it \(.+\); see that the NAS is on"):
                await client.ask(SHARES, {})
    finally:
        await client.close()


def there(port: int, timeout: str) -> Dsm:
    told = {"dsmUrl": f"http://127.0.0.1:{port}", "dsmAccount": "a", "dsmPassword": "b", "timeout": timeout}
    return Dsm(Connection.parse({"host": "127.0.0.1", **told}))
