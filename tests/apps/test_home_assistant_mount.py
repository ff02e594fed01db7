"""Network storage through a real Home Assistant Core, whose Supervisor is a double."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.declare import check
from homebackup.resources.home_assistant_backup import HomeAssistantBackup
from homebackup.resources.home_assistant_mount import HomeAssistantMount
from homebackup.world.errors import Busy, Failed, Missing
from homebackup.world.live_site import LiveSite
from tests.apps.supervisor import Supervisor

NAME = "nas_backups"
INPUTS = {"name": NAME, "server": "10.0.0.150", "path": "/volume1/backups/homeassistant_backups"}


def declared(**inputs: Any) -> HomeAssistantMount:
    right, wrong = check(HomeAssistantMount, INPUTS | inputs)
    assert wrong == {}
    return HomeAssistantMount(**right)


def lifecycle(site: LiveSite, said: list[str] | None = None) -> Lifecycle:
    told = said if said is not None else []
    return Lifecycle(site, HomeAssistantMount, NAME, lambda text: told.append(str(text)))


async def test_it_is_made_and_offered_for_backups(supervised_site: LiveSite, supervisor: Supervisor) -> None:
    made = await lifecycle(supervised_site).create(declared(), preview=False)
    assert (made.state, made.offered) == ("active", True)
    assert supervisor.mounts[NAME] == {
        "name": NAME,
        "usage": "backup",
        "type": "nfs",
        "server": "10.0.0.150",
        "path": "/volume1/backups/homeassistant_backups",
        "state": "active",
    }
    offered = await supervised_site.ask("home-assistant", "backup/agents/info")
    assert f"hassio.{NAME}" in [agent["agent_id"] for agent in offered["agents"]]


DRIFT: dict[str, tuple[dict[str, str], str, str, str]] = {
    # what somebody changes, the field, what is seen of it, and the request that puts it right
    "server": ({"server": "10.0.0.9"}, "server", "10.0.0.9", f"PUT /mounts/{NAME}"),
    "path": ({"path": "/volume2/other"}, "path", "/volume2/other", f"PUT /mounts/{NAME}"),
    "usage": ({"usage": "media"}, "usage", "media", f"PUT /mounts/{NAME}"),
    "state": ({"state": "failed"}, "state", "failed", f"POST /mounts/{NAME}/reload"),
}


@pytest.mark.parametrize(("changed", "field", "seen", "asked"), DRIFT.values(), ids=DRIFT.keys())
async def test_drift_is_seen_and_put_right(
    supervised_site: LiveSite, supervisor: Supervisor, changed: dict[str, str], field: str, seen: str, asked: str
) -> None:
    made = await lifecycle(supervised_site).create(declared(), preview=False)
    supervisor.mounts[NAME] |= changed
    drifted = await lifecycle(supervised_site).read(vars(made), fresh=True)
    assert getattr(drifted, field) == seen
    supervisor.asked.clear()
    right = await lifecycle(supervised_site).update(vars(drifted), declared(), preview=False)
    assert right == made
    assert asked in supervisor.asked


async def test_it_is_imported_and_deleted(supervised_site: LiveSite, supervisor: Supervisor) -> None:
    await lifecycle(supervised_site).create(declared(), preview=False)
    imported = await lifecycle(supervised_site).read({}, fresh=True)
    assert imported == declared()
    await lifecycle(supervised_site).delete(vars(imported))
    assert supervisor.mounts == {}
    assert await lifecycle(supervised_site).read(vars(imported), fresh=True) is None
    await lifecycle(supervised_site).delete(vars(imported))


async def test_it_stays_while_automatic_backups_go_there(supervised_site: LiveSite, supervisor: Supervisor) -> None:
    made = await lifecycle(supervised_site).create(declared(), preview=False)
    inputs = {"agents": [made.agent], "time": "03:45", "keep_copies": 7, "encryption_key": "of-the-home"}
    right, wrong = check(HomeAssistantBackup, inputs)
    assert wrong == {}
    settings = Lifecycle(supervised_site, HomeAssistantBackup, "home-assistant", lambda text: None)
    backups = await settings.create(HomeAssistantBackup(**right), preview=False)
    with pytest.raises(Busy, match=f"the automatic backups of Home Assistant go to hassio.{NAME}; let them go"):
        await lifecycle(supervised_site).delete(vars(made))
    assert list(supervisor.mounts) == [NAME]
    await settings.delete(vars(backups))
    await lifecycle(supervised_site).delete(vars(made))
    assert supervisor.mounts == {}


async def test_what_the_supervisor_cannot_mount_is_told_in_its_words(
    supervised_site: LiveSite, supervisor: Supervisor
) -> None:
    supervisor.silent.add("10.0.0.150")
    with pytest.raises(Failed, match=f"Mounting {NAME} did not succeed"):
        await lifecycle(supervised_site).create(declared(), preview=False)
    assert supervisor.mounts == {}


async def test_a_core_without_a_supervisor_has_no_network_storage(site: LiveSite) -> None:
    with pytest.raises(Missing, match="it has no Supervisor, which keeps network storage; use Home Assistant OS"):
        await lifecycle(site).create(declared(), preview=False)
