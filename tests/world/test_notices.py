"""A notification reaches every target, and what a target does wrong is a sentence without its secret."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from io import StringIO

import pytest
from pydantic import SecretStr

from homebackup.model.message import Message
from homebackup.world.errors import Failed, Refused, Trouble, Unreachable
from homebackup.world.notices import send
from tests.world.listener import Listener

SECRET = "tiger-4711-token"


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """All that a program with every log switched on would log."""
    root, told = logging.getLogger(), StringIO()
    handler, level = logging.StreamHandler(told), root.level
    root.addHandler(handler)
    root.setLevel(logging.NOTSET)
    yield told
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.fixture
async def target() -> AsyncIterator[Listener]:
    async with Listener() as listener:
        yield listener


async def sent(*addresses: str, patience: float = 20.0) -> list[Trouble]:
    targets = [SecretStr(address) for address in addresses]
    message = Message("a title", "first line\nsecond: <b>&", "failure")
    return await send(targets, message, patience=patience)


async def test_every_target_gets_it_as_it_is(target: Listener) -> None:
    assert await sent(target.url("/one", "json"), target.url("/two", "json")) == []
    assert sorted(target.paths) == ["/one", "/two"]
    for _, body in target.heard:
        told = json.loads(body)
        assert (told["title"], told["message"]) == ("a title", "first line\nsecond: <b>&")
        assert told["type"] == "failure"


async def test_a_target_that_fails_is_named_and_the_others_are_told(target: Listener) -> None:
    target.statuses = [500]
    (trouble,) = await sent(target.url(f"/{SECRET}", "json"))
    assert isinstance(trouble, Failed)
    assert str(trouble).startswith("target 1 of homebackup:notify (JSON): ")
    assert "500" in str(trouble)
    (trouble,) = await sent(target.url("/well", "json"), "json://127.0.0.1:1/x")
    assert str(trouble).startswith("target 2 of homebackup:notify (JSON): ")
    assert target.paths[-1] == "/well"


ADDRESSES = [
    f"json://me:{SECRET}@127.0.0.1:1/{SECRET}?+X-Key={SECRET}",
    f"nonsense://{SECRET}",
    f"tgram://{SECRET}/12",
    f"discord://{SECRET}",
    f"slack://{SECRET}/x",
    f"mailto://me:{SECRET}@",
    f"{SECRET}",
    f"ntfys://{SECRET}@127.0.0.1:1/a-topic",
    f"json://127.0.0.1:1/{SECRET.replace('-', '%2D')}",
]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_no_secret_is_told(address: str, logged: StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    (trouble,) = await sent(address)
    assert isinstance(trouble, Failed | Refused)
    out = capfd.readouterr()
    for word in ("tiger", "4711"):
        assert word not in str(trouble)
        assert word not in logged.getvalue()
        assert word not in out.out + out.err


async def test_a_target_that_hangs_is_given_up_and_holds_nobody_up(target: Listener) -> None:
    target.statuses = [0]
    (trouble,) = await sent(target.url("/x?rto=9", "json"), patience=0.2)
    assert isinstance(trouble, Unreachable)
    assert str(trouble).startswith("target 1 of homebackup:notify: ")
