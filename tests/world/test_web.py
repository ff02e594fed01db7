"""A dead-man check hears start, success and failure, and a check that fails is a sentence without its secret."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from homebackup.world import web
from homebackup.world.errors import Failed, Unreachable
from homebackup.world.web import Signal, ping
from tests.world.listener import Listener

UUID = "6f3c8a52-0000-4c1e-9e1b-5a1de0c0ffee"


@pytest.fixture
async def check() -> AsyncIterator[Listener]:
    async with Listener() as listener:
        yield listener


@pytest.mark.parametrize(
    ("path", "signal", "asked"),
    [
        (f"/{UUID}", "start", f"/{UUID}/start"),
        (f"/{UUID}", "success", f"/{UUID}"),
        (f"/{UUID}", "fail", f"/{UUID}/fail"),
        (f"/ping/key/{UUID}/", "success", f"/ping/key/{UUID}"),
        ("/key/slug?create=1", "fail", "/key/slug/fail?create=1"),
    ],
)
async def test_each_signal_has_its_address(check: Listener, path: str, signal: Signal, asked: str) -> None:
    assert await ping(SecretStr(check.url(path)), signal, "all well") is None
    assert check.heard == [(asked, "all well")]


async def test_a_signal_is_sent_again_until_it_is_taken(check: Listener) -> None:
    check.statuses = [500, 502]
    assert await ping(SecretStr(check.url(f"/{UUID}")), "success", pause=0) is None
    assert check.paths == [f"/{UUID}"] * 3


async def test_a_service_that_is_down_is_a_sentence(check: Listener) -> None:
    check.statuses = [500] * 9
    trouble = await ping(SecretStr(check.url(f"/{UUID}")), "success", pause=0)
    assert isinstance(trouble, Failed)
    assert str(trouble).startswith("dead-man check at 127.0.0.1: it answered 500; ")
    assert len(check.heard) == web.TRIES


async def test_an_address_that_is_wrong_is_not_tried_again(check: Listener) -> None:
    check.statuses = [404]
    trouble = await ping(SecretStr(check.url(f"/{UUID}")), "start", pause=0)
    assert "homebackup:deadman" in str(trouble)
    assert len(check.heard) == 1


async def test_a_service_that_never_answers_is_given_up(check: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PATIENCE", 0.5)
    check.statuses = [0] * 9
    trouble = await ping(SecretStr(check.url(f"/{UUID}")), "success", pause=0)
    assert isinstance(trouble, Unreachable)
    assert len(check.heard) == web.TRIES


async def test_nobody_there_is_a_sentence_without_the_address() -> None:
    async with Listener() as gone:
        address = SecretStr(gone.url(f"/{UUID}", who="me:hunter2@"))
    trouble = await ping(address, "fail", pause=0)
    assert isinstance(trouble, Unreachable)
    assert UUID not in str(trouble)
    assert "hunter2" not in str(trouble)


async def test_a_long_text_is_cut(check: Listener) -> None:
    await ping(SecretStr(check.url()), "fail", "x" * 9999)
    assert len(check.heard[0][1]) == web.LONGEST
