"""Tickets, passwords, tokens and other secrets of the https transport."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from homebackup.world import errors
from homebackup.world.api import Api
from tests.world.play import HttpsSite, Play, Stage

Connect = Callable[..., Api]


async def test_one_login_serves_every_call(stage: Stage, connect: Connect) -> None:
    api = connect("ticket")
    await asyncio.gather(*(api.call("GET", f"/storage/s{n}") for n in range(10)))
    assert stage.logins == 1


async def test_an_expired_ticket_is_renewed_once_for_all_calls(stage: Stage, connect: Connect) -> None:
    api = connect("ticket")
    await api.call("GET", "/version")
    stage.good_tickets.clear()
    await asyncio.gather(*(api.call("PUT", f"/storage/s{n}", {"shared": 1}) for n in range(10)))
    assert stage.logins == 2
    assert len(stage.asked) == 11


async def test_a_ticket_that_is_never_good_ends_in_one_new_login(stage: Stage, connect: Connect) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=401, reason="No ticket")

    stage.plays = [Play(act=refuse)]
    api = connect("ticket")
    with pytest.raises(errors.NotLoggedIn):
        await api.call("GET", "/version")
    assert (stage.logins, len(stage.asked)) == (2, 2)
    with pytest.raises(errors.NotLoggedIn):
        await api.call("GET", "/version")
    assert (stage.logins, len(stage.asked)) == (2, 2)


async def test_an_old_ticket_is_renewed_before_it_expires(
    stage: Stage, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = connect("ticket")
    await api.call("GET", "/version")
    monkeypatch.setattr("homebackup.world.https.RENEW", -1.0)
    await api.call("GET", "/version")
    assert stage.logins == 2


async def test_a_wrong_password_is_tried_once(stage: Stage, connect: Connect) -> None:
    api = connect("ticket", password="wrong-password")
    for attempt in (api.call("GET", "/version"), api.listing("/storage"), api.call("POST", "/pools", {"poolid": "x"})):
        with pytest.raises(errors.NotLoggedIn) as caught:
            await attempt
        assert "user root@pam" in str(caught.value)
        assert "wrong-password" not in str(caught.value)
    assert (stage.logins, stage.asked) == (1, [])


async def test_many_calls_try_a_wrong_password_once(stage: Stage, connect: Connect) -> None:
    api = connect("ticket", password="wrong-password")
    results = await asyncio.gather(*(api.call("GET", f"/storage/s{n}") for n in range(8)), return_exceptions=True)
    assert all(isinstance(r, errors.NotLoggedIn) for r in results)
    assert stage.logins == 1


async def test_a_wrong_token_is_not_shown(connect: Connect) -> None:
    secret = "deadbeef-dead-beef-dead-beefdeadbeef"
    with pytest.raises(errors.NotLoggedIn) as caught:
        await connect("token", token=f"root@pam!iac={secret}").call("GET", "/version")
    assert secret not in str(caught.value)


async def test_a_second_factor_is_said_to_be_asked_for(
    https: HttpsSite, connect: Connect, monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    real = web.json_response

    def ask(body: dict[str, Any], **kwargs: Any) -> web.Response:
        return real({"data": {"ticket": "PVE:!tfa!", "CSRFPreventionToken": "x", "NeedTFA": 1}}, **kwargs)

    monkeypatch.setattr("tests.world.play.web.json_response", ask)
    with pytest.raises(errors.NotLoggedIn) as caught:
        await connect("ticket").call("GET", "/version")
    assert "second factor" in str(caught.value)
    assert stage.asked == []


async def test_a_secret_that_comes_back_in_a_message_is_hidden(stage: Stage, connect: Connect) -> None:
    message = "Parameter verification failed."
    stage.plays = [
        Play(status=400, message=message, errors={"password": "too weak - got 'hunter2'"}),
        Play(status=500, message="cannot use hunter2"),
    ]
    api = connect("token")
    for _ in range(2):
        with pytest.raises(errors.Refused) as caught:
            await api.call("POST", "/access/users", {"userid": "a@pve", "password": "hunter2"})
        assert "hunter2" not in str(caught.value) + repr(caught.value) + str(caught.value.errors)
        assert "(hidden)" in str(caught.value)


async def test_a_change_whose_login_broke_off_was_not_made(stage: Stage, connect: Connect) -> None:
    stage.break_logins = 1
    with pytest.raises(errors.Unreachable) as caught:
        await connect("ticket").call("PUT", "/storage/nas", {"shared": True})
    assert not caught.value.maybe_done
    assert caught.value.subject == "storage nas"
    stage.break_logins = 1
    assert await connect("ticket").call("GET", "/storage") == []
    assert (stage.logins, len(stage.asked)) == (3, 1)
