"""`homebackup app run`, `verify` and `keys` on a real Home Assistant Core, and what status says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from homebackup.assess.app import apps
from homebackup.assess.verdict import Verdict
from homebackup.commands import home_assistant as verbs
from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.backups.facts import SiteFacts
from homebackup.resources.home_assistant_backup import HomeAssistantBackup
from homebackup.world.errors import Failed, Missing, NotLoggedIn
from homebackup.world.home_assistant_facts import home_assistant
from homebackup.world.live_site import LiveSite
from homebackup.world.stack import Stack
from tests.apps.core import Core
from tests.apps.test_home_assistant_archive import KEY, set_up
from tests.cases.sites import with_changes
from tests.commands.stack import PlayedStack

NAME = "home-assistant"
OLD = "a-key-of-earlier"


@pytest.fixture
def pulumi(core: Core, tmp_path: Path) -> PlayedStack:
    """A stack that reaches the Core, and has kept one key of earlier."""
    stack = PlayedStack(tmp_path / "project")
    stack.stored = {"host": "127.0.0.1", "homeAssistantUrl": core.url, "homeAssistantToken": core.token}
    here = {(NAME, "mount"): None, (NAME, "agents"): ["backup.local"], (NAME, "all-addons"): False}
    stack.declared = with_changes(here)
    keys = {"keptKeys": {"plaintext": json.dumps([OLD])}}
    kept = [{"type": "homebackup:index:HomeAssistantBackup", "outputs": keys}]
    stack.answers["stack export --show-secrets"] = json.dumps({"deployment": {"resources": kept}})
    return stack


@pytest.fixture
async def declared(pulumi: PlayedStack) -> Stack:
    """What it declares."""
    return await Stack.of(pulumi)


async def verdict(declared: Stack, site: LiveSite) -> Verdict:
    facts = SiteFacts(0, "UTC", "ssh", home_assistant=await home_assistant(declared.site, site))
    last = facts.home_assistant
    newest = max((backup.written for backup in getattr(last, "backups", ())), default=0.0)
    facts = SiteFacts(newest + 3600, "UTC", "ssh", home_assistant=last)
    return next(found for found in apps(declared.site, facts) if found.name == f"app {NAME}")


async def test_a_run_is_told_stage_by_stage(
    declared: Stack, site: LiveSite, pulumi: PlayedStack, capsys: pytest.CaptureFixture[str]
) -> None:
    await set_up(site)
    assert (await verdict(declared, site)).state != "OK"
    assert await verbs.make(declared, NAME) == 0
    said = capsys.readouterr().out
    assert "home-assistant: home assistant\n" in said
    assert "Automatic backup 2025.4.4: 1" in said
    assert said.endswith(" at backup.local\n")
    found = await verdict(declared, site)
    assert (found.state, found.said) == ("OK", "backed up 60 min ago")
    assert await verbs.check(declared, NAME, pulumi) == 0
    assert "opens with key 2 of 2" in capsys.readouterr().out
    assert list((declared.folder / ".homebackup").iterdir()) == []


async def test_a_run_that_fails_is_told(declared: Stack, site: LiveSite) -> None:
    await set_up(site, all_addons=True)
    with pytest.raises(Failed, match=r"Addons and folders are not supported by core backup"):
        await verbs.make(declared, NAME)
    found = await verdict(declared, site)
    assert found.state == "FAILED"
    assert "its last attempt" in found.said


async def test_each_backup_is_opened_by_the_key_of_its_time(
    declared: Stack, site: LiveSite, pulumi: PlayedStack, capsys: pytest.CaptureFixture[str]
) -> None:
    await set_up(site, encryption_key=OLD)
    await verbs.make(declared, NAME)
    settings = Lifecycle(site, HomeAssistantBackup, NAME, lambda text: None)
    seen = await settings.read({}, fresh=True)
    told = {f.name: getattr(seen, f.name) for f in HomeAssistantBackup.fields} | {"encryption_key": KEY}
    await settings.update(vars(seen), HomeAssistantBackup(**told), preview=False)
    await verbs.make(declared, NAME)
    capsys.readouterr()
    assert await verbs.keys(declared, NAME, pulumi) == 0
    said = capsys.readouterr().out
    assert [line.partition(" opens ")[0] for line in said.splitlines()] == ["key 1:", "key 2:"]
    assert said.count("Automatic backup") == 2
    assert KEY not in said
    assert OLD not in said
    assert await verbs.keys(declared, NAME, pulumi, reveal=True, as_json=True) == 0
    assert [row["value"] for row in json.loads(capsys.readouterr().out)["keys"]] == [OLD, KEY]


async def test_a_backup_whose_key_is_lost_is_critical(
    declared: Stack, site: LiveSite, pulumi: PlayedStack, core: Core, capsys: pytest.CaptureFixture[str]
) -> None:
    await set_up(site, encryption_key="a-key-nobody-kept")
    await verbs.make(declared, NAME)
    await site.ask("home-assistant", "backup/config/update", {"create_backup": {"password": KEY}})
    capsys.readouterr()
    assert await verbs.keys(declared, NAME, pulumi) == 2
    assert "no key that is kept opens it; look for the emergency kit" in capsys.readouterr().err
    (file,) = core.backups
    assert await verbs.check(declared, NAME, pulumi, file) == 2
    assert "none of the 2 keys that are kept opens it" in capsys.readouterr().out
    file.write_bytes(file.read_bytes()[:3000])
    assert await verbs.check(declared, NAME, pulumi, file) == 2
    assert "it is no whole backup of Home Assistant" in capsys.readouterr().out


async def test_without_a_backup_or_a_login_a_sentence_says_so(declared: Stack, pulumi: PlayedStack) -> None:
    with pytest.raises(Missing, match="there is no automatic backup; make one: homebackup app run home-assistant"):
        await verbs.check(declared, NAME, pulumi)
    pulumi.stored["homeAssistantToken"] = "another-wrong-one"
    with pytest.raises(NotLoggedIn):
        await verbs.make(await Stack.of(pulumi), NAME)


async def test_a_run_that_fails_on_its_way_is_told_and_critical(
    declared: Stack, site: LiveSite, core: Core, capsys: pytest.CaptureFixture[str]
) -> None:
    await set_up(site)
    place = core.folder / "backups"
    aside = place.rename(core.folder / "aside")
    place.write_text("no directory")
    try:
        assert await verbs.make(declared, NAME) == 2
    finally:
        place.unlink()
        aside.rename(place)
    assert "app home-assistant: its backup failed: " in capsys.readouterr().err
    assert (await verdict(declared, site)).state == "FAILED"
