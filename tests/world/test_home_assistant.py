"""What a Home Assistant in trouble comes to: one sentence each, and never a token tried twice."""

from __future__ import annotations

import pytest

from homebackup.model.seen import Unseen
from homebackup.model.site import read_site
from homebackup.world.connection import Connection, Problems
from homebackup.world.errors import Denied, Failed, Missing, NotLoggedIn, Refused, Trouble, Unreachable
from homebackup.world.home_assistant import HomeAssistant
from homebackup.world.home_assistant_facts import home_assistant
from homebackup.world.live_site import LiveSite
from tests.cases.sites import with_changes
from tests.world.home_assistant import TOKEN, Double

INFO = "backup/config/info"
TROUBLES: dict[str, tuple[str | tuple[str, str], type[Trouble], str]] = {
    "a restart in the middle": ("close", Unreachable, "closed the connection before it answered backup/config/info"),
    "silence": ("silence", Unreachable, "no answer to backup/config/info within 2 s; see that it runs"),
    "something else in between": ("html", Unreachable, "it answered backup/config/info with something that is no JSON"),
    "no administrator": (
        ("unauthorized", "Unauthorized"),
        Denied,
        "the token's user is no administrator, whom it wants",
    ),
    "an old version": (("unknown_command", "Unknown command."), Missing, "it knows no backup/config/info; use Home"),
    "an unknown key": (
        ("invalid_format", "extra keys not allowed @ data['x']"),
        Refused,
        "extra keys not allowed @ data",
    ),
    "busy": (
        ("home_assistant_error", "Backup manager busy: create_backup"),
        Failed,
        "busy: create_backup; see its log",
    ),
    "an error without words": (("", ""), Failed, "backup/config/info failed: no reason given"),
}


@pytest.mark.parametrize(("trouble", "kind", "said"), TROUBLES.values(), ids=TROUBLES.keys())
async def test_each_trouble_is_a_sentence(trouble: str | tuple[str, str], kind: type[Trouble], said: str) -> None:
    async with Double(troubles={INFO: trouble}) as double:
        client = HomeAssistant(double.way())
        with pytest.raises(kind) as told:
            await client.ask(INFO)
        assert type(told.value) is kind
        assert said in str(told.value)
        assert str(told.value).startswith(f"Home Assistant at http://127.0.0.1:{double.port}: ")
        double.troubles.clear()
        assert "config" in await client.ask(INFO)
        await client.close()


async def test_a_wrong_token_is_tried_once_in_a_process() -> None:
    async with Double() as double:
        for _ in range(3):
            live = LiveSite(double.way("of-nobody"))
            with pytest.raises(NotLoggedIn, match=r"it refused the token \(Invalid access token or password\); make a"):
                await live.ask("home-assistant", INFO)
            await live.close()
        assert double.logins == ["of-nobody"]
        client = HomeAssistant(double.way())
        assert "config" in await client.ask(INFO)
        await client.close()
        assert double.logins == ["of-nobody", TOKEN]


async def test_one_session_serves_all_questions() -> None:
    async with Double() as double:
        live = LiveSite(double.way())
        for _ in range(3):
            await live.ask("home-assistant", INFO)
        await live.close()
        assert double.logins == [TOKEN]


async def test_something_that_greets_otherwise_is_no_home_assistant() -> None:
    async with Double(greeting="hello") as double:
        client = HomeAssistant(double.way())
        with pytest.raises(Unreachable, match="it did not ask for a login"):
            await client.ask(INFO)
        assert double.logins == []
        await client.close()


MISSING: dict[str, tuple[dict[str, str], set[str]]] = {
    "no address": ({"homeAssistantToken": TOKEN}, {"homeAssistantUrl"}),
    "no token": ({"homeAssistantUrl": "http://10.0.0.100:8123"}, {"homeAssistantToken"}),
    "neither": ({}, {"homeAssistantUrl", "homeAssistantToken"}),
}


@pytest.mark.parametrize(("given", "missing"), MISSING.values(), ids=MISSING.keys())
def test_what_the_stack_does_not_say_is_named(given: dict[str, str], missing: set[str]) -> None:
    with pytest.raises(Problems) as problems:
        HomeAssistant(Connection.parse({"host": "10.0.0.50"} | given))
    assert problems.value.errors.keys() == missing


async def test_what_cannot_be_asked_is_unseen_and_says_why() -> None:
    site = read_site(with_changes({}))
    async with Double(troubles={"backup/info": "close"}) as double:
        live = LiveSite(double.way())
        lost = await home_assistant(site, live)
        assert isinstance(lost, Unseen)
        assert "as it does when it restarts" in lost.said
        double.troubles.clear()
        strange = await home_assistant(site, live)
        assert strange == Unseen(
            "Home Assistant answered what no version known here does", "report this with its version"
        )
        await live.close()
    live = LiveSite(double.way("of-the-owner "))
    off = await home_assistant(site, live)
    assert isinstance(off, Unseen)
    assert "no connection" in off.said
    assert await home_assistant(site.managing(dsm=True, home_assistant=False), live) is None
    await live.close()
