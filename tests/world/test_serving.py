"""The web server: who is answered, who is not, and what an answer carries."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from homebackup.world.errors import Refused
from homebackup.world.serving import Answer, guarded, loopback, serving

TOKEN = SecretStr("0123456789abcdef0123456789ä")
ROUTES: dict[str, Callable[[], Answer]] = {
    "/": lambda: Answer(b"<p>hello", "text/html; charset=utf-8", 61.9),
    "/later": lambda: Answer(b"wait\n", status=503),
}
WRONG = ["", "Bearer", "Bearer wrong", "Basic !!!", "Basic OndyB25n", "Digest x", f"Basic {TOKEN.get_secret_value()}"]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def test_what_is_answered(session: aiohttp.ClientSession) -> None:
    async with serving(ROUTES, "127.0.0.1", 0, None) as address, session.get(address) as answer:
        assert (answer.status, await answer.text()) == (200, "<p>hello")
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Age"] == "61"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "x", 404), ("POST", "", 405), ("GET", "later", 503)])
async def test_what_is_not(method: str, path: str, status: int, session: aiohttp.ClientSession) -> None:
    async with serving(ROUTES, "127.0.0.1", 0, None) as address, session.request(method, address + path) as answer:
        assert answer.status == status
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Traceback" not in await answer.text()
        assert ("Retry-After" in answer.headers) == (status == 503)


@pytest.mark.parametrize("name", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[", "10.0.0.50"])
async def test_a_web_page_cannot_ask_in_its_own_name(name: str, session: aiohttp.ClientSession) -> None:
    async with serving(ROUTES, "127.0.0.1", 0, None) as address:
        async with session.get(address, headers={"Host": name}) as answer:
            assert answer.status in (400, 403)
            assert "hello" not in await answer.text()
        for mine in ("localhost", "localhost:9797", "[::1]:9797", "127.0.0.1"):
            async with session.get(address, headers={"Host": mine}) as answer:
                assert answer.status == 200


async def test_a_token_opens_as_password_and_as_bearer(session: aiohttp.ClientSession) -> None:
    text = TOKEN.get_secret_value()
    basic = aiohttp.encode_basic_auth("anybody", text, encoding="utf-8")
    async with serving(ROUTES, "127.0.0.1", 0, TOKEN) as address:
        for said in (basic, f"Bearer {text}", f"bearer  {text}"):
            headers = {"Authorization": said, "Host": "nas.example"}
            async with session.get(address, headers=headers) as answer:
                assert answer.status == 200


@pytest.mark.parametrize("said", WRONG)
@pytest.mark.parametrize("path", ["", "metrics"])
async def test_without_the_token_nothing_is_told(path: str, said: str, session: aiohttp.ClientSession) -> None:
    headers = {"Authorization": said} if said else {}
    async with (
        serving(ROUTES, "127.0.0.1", 0, TOKEN) as address,
        session.get(address + path, headers=headers) as answer,
    ):
        assert answer.status == 401
        assert "Basic" in answer.headers["WWW-Authenticate"]
        assert "hello" not in await answer.text()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "nas.local", "", "[fe80::1]"])
def test_others_are_served_with_a_token_only(host: str) -> None:
    assert not loopback(host)
    with pytest.raises(Refused, match="there is no token; put one into a file"):
        guarded(host, None)
    assert guarded(host, TOKEN) == TOKEN


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "[::1]", "localhost"])
def test_this_machine_is_served_without(host: str) -> None:
    assert guarded(host, None) is None


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(Refused, match="shorter than 16") as refused:
        guarded("127.0.0.1", SecretStr("hunter2"))
    assert "hunter2" not in str(refused.value)


async def test_a_port_that_is_taken(session: aiohttp.ClientSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: Any = taken.getsockname()[1]
        with pytest.raises(Refused, match=f"port {port}: .*in use"):
            async with serving(ROUTES, "127.0.0.1", port, None):
                raise AssertionError
