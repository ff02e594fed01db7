"""What goes wrong between us and a real Home Assistant Core: each is a sentence, and no token is tried twice."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.model.seen import Unseen
from homebackup.resources.home_assistant_backup import FRESH
from homebackup.world.errors import Failed, NotLoggedIn, Refused, Unreachable
from homebackup.world.home_assistant import HomeAssistant
from homebackup.world.live_site import LiveSite
from tests.apps.conftest import way
from tests.apps.core import Core


async def test_a_wrong_token_is_tried_once_in_a_process(core: Core) -> None:
    before = core.refused_logins
    for _ in range(3):
        client = HomeAssistant(way(core, "eyJ-a-wrong-one"))
        with pytest.raises(NotLoggedIn, match=r"it refused the token .*; make a long-lived access token"):
            await client.ask("backup/info")
        await client.close()
    assert core.refusals_after(before) == 1


async def test_a_key_that_home_assistant_does_not_know_is_refused_in_its_words(site: LiveSite) -> None:
    with pytest.raises(Refused, match="extra keys not allowed @ data\\['frequency'\\]"):
        await site.ask("home-assistant", "backup/config/update", {"frequency": "daily"})


async def test_a_failed_backup_is_told_in_its_words(site: LiveSite) -> None:
    made = FRESH["create_backup"] | {"agent_ids": ["backup.local"], "include_all_addons": True}
    await site.ask("home-assistant", "backup/config/update", {"create_backup": made})
    with pytest.raises(Failed, match="Addons and folders are not supported by core backup"):
        await site.ask("home-assistant", "backup/generate_with_automatic_settings")


async def test_a_restart_in_the_middle_is_told_and_survived(core: Core) -> None:
    client = HomeAssistant(way(core))
    assert (await client.ask("backup/info"))["state"] == "idle"
    core.stop()
    with pytest.raises(Unreachable, match="see that it runs, and run this again"):
        await client.ask("backup/info")
    live = LiveSite(way(core))
    unseen: Any = await live.asked("home-assistant", "backup/info")
    assert isinstance(unseen, Unseen)
    assert "no connection" in unseen.said
    core.boot()
    assert (await client.ask("backup/info"))["state"] in ("idle", "blocked")  # blocked until all parts are set up
    await live.close()
    await client.close()
