"""Backups that a real Home Assistant Core made: followed, kept as long as declared, opened by their key alone."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest

from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.backups.home_assistant import HomeAssistantFacts
from homebackup.model.declare import check
from homebackup.model.site import read_site
from homebackup.resources.home_assistant_backup import HomeAssistantBackup
from homebackup.world.errors import Failed, Missing
from homebackup.world.home_assistant import HomeAssistant
from homebackup.world.home_assistant_archive import examine
from homebackup.world.home_assistant_facts import home_assistant
from homebackup.world.live_site import LiveSite
from tests.apps.conftest import way
from tests.apps.core import Core
from tests.cases.sites import with_changes

KEY = "the-key-of-the-home"


async def set_up(site: LiveSite, **inputs: Any) -> None:
    told = {"agents": ["backup.local"], "time": "03:45", "all_addons": False, "keep_copies": 2, "encryption_key": KEY}
    right, wrong = check(HomeAssistantBackup, told | inputs)
    assert wrong == {}
    settings = Lifecycle(site, HomeAssistantBackup, "home-assistant", lambda text: None)
    await settings.create(HomeAssistantBackup(**right), preview=False)


async def back_up(core: Core) -> list[str]:
    client = HomeAssistant(way(core))
    try:
        events = [event async for event in client.follow("backup/generate_with_automatic_settings")]
    finally:
        await client.close()
    return [str(event["state"]) for event in events]


async def seen(site: LiveSite) -> HomeAssistantFacts:
    declared = read_site(with_changes({("home-assistant", "mount"): None, ("home-assistant", "agents"): ["a"]}))
    found = await home_assistant(declared, site)
    assert isinstance(found, HomeAssistantFacts)
    return found


async def test_a_backup_is_followed_to_its_end_and_opens_with_its_key_alone(core: Core, site: LiveSite) -> None:
    await set_up(site)
    states = await back_up(core)
    assert (set(states[:-1]), states[-1]) == ({"in_progress"}, "completed")
    (file,) = core.backups
    found = examine(file, ["another-key", KEY])
    assert (found.protected, found.opened) == (True, 1)
    assert {"backup.json", "homeassistant.tar.gz"} <= set(found.members)
    assert examine(file, ["another-key"]).opened is None
    facts = await seen(site)
    assert (facts.scheduled, facts.agents, facts.busy) == (True, {"backup.local"}, False)
    assert facts.attempted is not None
    assert facts.completed is not None
    assert facts.attempted <= facts.completed
    assert [(backup.automatic, backup.failed) for backup in facts.backups] == [(True, ())]
    assert facts.backups[0].sizes == {"backup.local": file.stat().st_size}


async def test_a_download_is_the_file(core: Core, site: LiveSite, tmp_path: Path) -> None:
    await set_up(site)
    await back_up(core)
    (backup,) = (await seen(site)).backups
    client = HomeAssistant(way(core))
    await client.download(backup.id, "backup.local", tmp_path / "fetched.tar")
    assert (tmp_path / "fetched.tar").read_bytes() == core.backups[0].read_bytes()
    with pytest.raises(Missing, match=r"has none at backup\.local"):
        await client.download("00000000", "backup.local", tmp_path / "none.tar")
    await client.close()


async def test_no_more_are_kept_than_declared(core: Core, site: LiveSite) -> None:
    await set_up(site)
    for _ in range(3):
        assert (await back_up(core))[-1] == "completed"
    assert len((await seen(site)).backups) == 2
    assert len(core.backups) == 2


async def test_a_backup_that_cannot_be_made_is_told_and_seen(core: Core, site: LiveSite) -> None:
    await set_up(site, all_addons=True)
    with pytest.raises(Failed, match=r"Addons and folders are not supported by core backup"):
        await back_up(core)
    facts = await seen(site)
    assert facts.attempted is not None
    assert facts.completed is None or facts.completed < facts.attempted


async def test_an_open_backup_needs_no_key_and_a_cut_one_is_told(core: Core, site: LiveSite, tmp_path: Path) -> None:
    await set_up(site, unencrypted=["backup.local"])
    await back_up(core)
    (file,) = core.backups
    assert (examine(file, []).protected, examine(file, []).opened) == (False, None)
    cut = tmp_path / "cut.tar"
    with tarfile.open(file) as outer:
        inside = outer.getmembers()[-1].offset_data + 100
    cut.write_bytes(file.read_bytes()[:inside])
    with pytest.raises(Failed, match="it is no whole backup of Home Assistant: unexpected end of data"):
        examine(cut, [])
    cut.write_bytes(b"not a tar at all" * 1000)
    with pytest.raises(Failed, match="it is no whole backup of Home Assistant"):
        examine(cut, [])
    with pytest.raises(Missing, match="there is no such file"):
        examine(tmp_path / "none.tar", [])
