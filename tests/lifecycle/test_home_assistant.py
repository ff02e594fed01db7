"""Home Assistant's settings while it is off, restarts, or has lost a place for backups: nothing is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.declare import check
from homebackup.resources.home_assistant_backup import HomeAssistantBackup
from homebackup.resources.home_assistant_mount import HomeAssistantMount
from homebackup.world.errors import NotLoggedIn, Unreachable
from homebackup.world.live_site import LiveSite
from tests.world.home_assistant import Double

UPDATE = "backup/config/update"


def declared(**inputs: Any) -> HomeAssistantBackup:
    told = {"agents": ["hassio.nas"], "time": "05:00", "keep_copies": 7, "encryption_key": "of-the-home"}
    right, wrong = check(HomeAssistantBackup, told | inputs)
    assert wrong == {}
    return HomeAssistantBackup(**right)


def lifecycle(live: LiveSite, said: list[str]) -> Lifecycle:
    return Lifecycle(live, HomeAssistantBackup, "home-assistant", lambda text: said.append(str(text)))


async def test_while_it_is_off_it_is_as_last_known_and_nothing_is_changed() -> None:
    said: list[str] = []
    async with Double() as double:
        live = LiveSite(double.way())
        made = await lifecycle(live, said).create(declared(), preview=False)
        await live.close()
    live = LiveSite(double.way())
    settings = lifecycle(live, said)
    assert await settings.read(vars(made), fresh=True) == made
    assert said[-1].startswith("unknown: Home Assistant at http://127.0.0.1:")
    assert await settings.read({}, fresh=True) is None
    for change in (
        settings.create(declared(), preview=False),
        settings.update(vars(made), declared(time="06:00"), preview=False),
        settings.delete(vars(made)),
    ):
        with pytest.raises(Unreachable, match=r"no connection .*; see that it runs"):
            await change
    await settings.update(vars(made), declared(time="06:00"), preview=True)
    assert said[-1].startswith("unknown: ")
    await live.close()


async def test_an_agent_that_disappears_is_drift_and_nothing_is_sent_without_it() -> None:
    said: list[str] = []
    async with Double() as double:
        live = LiveSite(double.way())
        settings = lifecycle(live, said)
        made = await settings.create(declared(), preview=False)
        double.agents.remove("hassio.nas")
        seen = await settings.read(vars(made), fresh=True)
        assert seen.lost == {"hassio.nas"}
        double.asked.clear()
        with pytest.raises(Unreachable, match=r"offers no hassio\.nas now, but hassio.local; see its network storage"):
            await settings.update(vars(seen), declared(), preview=False)
        assert UPDATE not in double.asked
        double.agents.append("hassio.nas")
        assert (await settings.update(vars(seen), declared(), preview=False)).lost == frozenset()
        await live.close()


async def test_a_request_whose_answer_was_lost_is_done_all_the_same_or_told() -> None:
    said: list[str] = []
    async with Double(troubles={UPDATE: "close"}) as double:
        live = LiveSite(double.way())
        with pytest.raises(Unreachable, match="closed the connection before it answered backup/config/update"):
            await lifecycle(live, said).create(declared(), preview=False)
        assert double.config["create_backup"]["agent_ids"] == []
        await live.close()


async def test_a_wrong_token_stops_a_preview_with_what_to_do() -> None:
    async with Double() as double:
        live = LiveSite(double.way("of-a-stranger"))
        for cls in (HomeAssistantBackup, HomeAssistantMount):
            with pytest.raises(NotLoggedIn, match="make a long-lived access token in an administrator's profile"):
                await Lifecycle(live, cls, "home-assistant", lambda text: None).read({}, fresh=True)
        assert double.logins == ["of-a-stranger"]
        await live.close()


async def test_a_retention_of_an_agents_own_is_drift_and_taken_away() -> None:
    async with Double() as double:
        live = LiveSite(double.way())
        settings = lifecycle(live, [])
        made = await settings.create(declared(), preview=False)
        double.config["agents"]["hassio.nas"] |= {"retention": {"copies": 1, "days": None}}
        seen = await settings.read(vars(made), fresh=True)
        assert seen.own_retention == {"hassio.nas"}
        right = await settings.update(vars(seen), declared(), preview=False)
        assert right.own_retention == frozenset()
        assert double.config["agents"]["hassio.nas"] == {"protected": True, "retention": None}
        await live.close()


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no agent": ({"agents": []}, "agents", "must name at least one, or there is no backup"),
    "no day": ({"days": []}, "days", "must name at least one, or there is no backup"),
    "no such day": ({"days": ["monday"]}, "days", "'monday' is not one of mon, tue, wed"),
    "no time": ({"time": "5 am"}, "time", "'5 am' is not a time of day such as 03:45"),
    "no hour": ({"time": "24:00"}, "time", "'24:00' is not a time of day"),
    "no copy": ({"keep_copies": 0}, "keep_copies", "must be at least 1"),
    "all and some add-ons": ({"addons": ["core_ssh"]}, "addons", "names some, where all_addons takes every one"),
    "a folder of nobody": ({"folders": ["config"]}, "folders", "'config' is not one of addons/local, media"),
    "open elsewhere": ({"unencrypted": ["hassio.local"]}, "unencrypted", "names hassio.local, which is none of its"),
    "an unknown key": ({"frequency": "daily"}, "frequency", "is not a property of HomeAssistantBackup"),
}


@pytest.mark.parametrize(("inputs", "field", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_a_program_may_not_ask_for(inputs: dict[str, Any], field: str, said: str) -> None:
    _, wrong = check(HomeAssistantBackup, {"agents": ["hassio.nas"], "time": "05:00"} | inputs)
    assert said in wrong[field]


NO_MOUNT: dict[str, tuple[dict[str, Any], str, str]] = {
    "a name with a dash": ({"name": "nas-backups"}, "name", "is not a name of network storage"),
    "a tunnel": ({"server": "100.102.199.111"}, "server", "is a Tailscale address; mount by the LAN address"),
    "no path": ({"path": "backups"}, "path", "is not an absolute path"),
    "for media": ({"usage": "media"}, "usage", "must be 'backup'"),
}


@pytest.mark.parametrize(("inputs", "field", "said"), NO_MOUNT.values(), ids=NO_MOUNT.keys())
def test_what_no_network_storage_can_be(inputs: dict[str, Any], field: str, said: str) -> None:
    _, wrong = check(HomeAssistantMount, {"name": "nas", "server": "10.0.0.150", "path": "/volume1/b"} | inputs)
    assert said in wrong[field]
