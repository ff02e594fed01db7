"""The settings of automatic backups, on a real Core: made, seen to drift, changed, imported, put back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.declare import check
from homebackup.model.lifecycle import Managed
from homebackup.resources.home_assistant_backup import FRESH, HomeAssistantBackup
from homebackup.world.errors import Refused, Unreachable
from homebackup.world.live_site import LiveSite

NAME = "home-assistant"
LOCAL = {"agents": ["backup.local"], "time": "03:45", "all_addons": False, "keep_copies": 2}
"""What a Core without a Supervisor can do."""


def declared(**inputs: Any) -> HomeAssistantBackup:
    right, wrong = check(HomeAssistantBackup, LOCAL | inputs)
    assert wrong == {}
    return HomeAssistantBackup(**right)


def lifecycle(site: LiveSite, said: list[str] | None = None, cls: type[Managed] = HomeAssistantBackup) -> Lifecycle:
    told = said if said is not None else []
    return Lifecycle(site, cls, NAME, lambda text: told.append(str(text)))


async def config(site: LiveSite) -> Mapping[str, Any]:
    told = await site.ask("home-assistant", "backup/config/info")
    found: Mapping[str, Any] = told["config"]
    return found


async def test_it_is_made_as_declared(site: LiveSite) -> None:
    wanted = declared(encryption_key="first-key", days=["mon", "thu"], keep_days=30, folders=["ssl"], database=False)
    made = await lifecycle(site).create(wanted, preview=False)
    assert made.kept_keys == ("first-key",)
    there = await config(site)
    assert there["schedule"] == {"days": ["mon", "thu"], "recurrence": "custom_days", "time": "03:45:00"}
    assert there["retention"] == {"copies": 2, "days": 30}
    assert there["create_backup"] == {
        "agent_ids": ["backup.local"],
        "include_addons": None,
        "include_all_addons": False,
        "include_database": False,
        "include_folders": ["ssl"],
        "name": None,
        "password": "first-key",
    }
    assert there["automatic_backups_configured"] is True
    assert there["next_automatic_backup"] is not None


async def test_a_preview_tells_the_request_without_the_key(site: LiveSite) -> None:
    said: list[str] = []
    wanted = declared(encryption_key="first-key")
    await lifecycle(site, said).create(wanted, preview=True)
    assert "home-assistant backup/config/update" in said[0]
    assert '"copies": 2' in said[0]
    assert "first-key" not in said[0]
    assert (await config(site))["create_backup"]["agent_ids"] == []


DRIFT: dict[str, tuple[dict[str, Any], str, Any]] = {
    # what somebody changes, the field, and what is seen of it
    "agents": ({"create_backup": {"agent_ids": ["backup.local", "gone.away"]}}, "lost", frozenset({"gone.away"})),
    "time": ({"schedule": {"recurrence": "daily", "time": "05:00:00"}}, "time", "05:00"),
    "time to seconds": ({"schedule": {"recurrence": "daily", "time": "03:45:10"}}, "time", "03:45:10"),
    "days": ({"schedule": {"recurrence": "custom_days", "days": ["sun"], "time": "03:45"}}, "days", frozenset({"sun"})),
    "never": ({"schedule": {"recurrence": "never"}}, "days", frozenset()),
    "copies": ({"retention": {"copies": 9}}, "keep_copies", 9),
    "retention replaced whole": ({"retention": {"days": 30}}, "keep_copies", None),
    "days kept": ({"retention": {"copies": 2, "days": 3}}, "keep_days", 3),
    "database": ({"create_backup": {"include_database": False}}, "database", False),
    "all add-ons": ({"create_backup": {"include_all_addons": True}}, "all_addons", True),
    "add-ons": ({"create_backup": {"include_addons": ["core_ssh"]}}, "addons", frozenset({"core_ssh"})),
    "folders": ({"create_backup": {"include_folders": ["media"]}}, "folders", frozenset({"media"})),
    "name": ({"create_backup": {"name": "Mine"}}, "label", "Mine"),
    "key": ({"create_backup": {"password": "another-key"}}, "encryption_key", "another-key"),
    "no key": ({"create_backup": {"password": None}}, "encryption_key", None),
    "open": ({"agents": {"backup.local": {"protected": False}}}, "unencrypted", frozenset({"backup.local"})),
}


@pytest.mark.parametrize(("changed", "field", "seen"), DRIFT.values(), ids=DRIFT.keys())
async def test_drift_of_every_field_is_seen_and_put_right(
    site: LiveSite, changed: dict[str, Any], field: str, seen: object
) -> None:
    made = await lifecycle(site).create(declared(encryption_key="first-key"), preview=False)
    before = await config(site)
    await site.ask("home-assistant", "backup/config/update", changed)
    drifted = await lifecycle(site).read(vars(made), fresh=True)
    assert getattr(drifted, field) == seen
    await lifecycle(site).update(vars(drifted), declared(encryption_key="first-key"), preview=False)
    after = await config(site)
    assert {part: after[part] for part in FRESH} == {part: before[part] for part in FRESH}


async def test_a_changed_key_is_kept_with_those_before(site: LiveSite) -> None:
    first = await lifecycle(site).create(declared(encryption_key="first-key"), preview=False)
    second = await lifecycle(site).update(vars(first), declared(encryption_key="second-key"), preview=False)
    assert second.kept_keys == ("first-key", "second-key")
    assert (await config(site))["create_backup"]["password"] == "second-key"


async def test_a_key_that_is_not_declared_stays(site: LiveSite) -> None:
    made = await lifecycle(site).create(declared(encryption_key="first-key"), preview=False)
    left = await lifecycle(site).update(vars(made), declared(keep_copies=5), preview=False)
    assert (left.encryption_key, left.kept_keys) == (None, ("first-key",))
    there = await config(site)
    assert (there["create_backup"]["password"], there["retention"]["copies"]) == ("first-key", 5)


async def test_a_deletion_of_what_was_made_leaves_none(site: LiveSite) -> None:
    made = await lifecycle(site).create(declared(encryption_key="first-key"), preview=False)
    said: list[str] = []
    await lifecycle(site, said).delete(vars(made))
    there = await config(site)
    assert (there["create_backup"]["agent_ids"], there["schedule"]["recurrence"]) == ([], "never")
    assert there["create_backup"]["password"] is None
    assert any("homebackup app keys --reveal" in text for text in said)
    assert await lifecycle(site).read(vars(made), fresh=True) is None


async def test_a_deletion_of_what_was_imported_puts_back_what_was_there(site: LiveSite) -> None:
    by_hand = {
        "create_backup": {"agent_ids": ["backup.local"], "include_all_addons": False, "password": "by-hand"},
        "retention": {"copies": 7, "days": None},
        "schedule": {"recurrence": "daily", "time": "01:00:00"},
    }
    await site.ask("home-assistant", "backup/config/update", by_hand)
    imported = await lifecycle(site).read({}, fresh=True)
    assert (imported.time, imported.keep_copies, imported.encryption_key) == ("01:00", 7, "by-hand")
    changed = await lifecycle(site).update(vars(imported), declared(encryption_key="first-key"), preview=False)
    assert changed.kept_keys == ("by-hand", "first-key")
    await lifecycle(site).delete(vars(changed))
    there = await config(site)
    assert there["create_backup"]["password"] == "by-hand"
    assert there["retention"] == {"copies": 7, "days": None}
    assert there["schedule"]["time"] == "01:00:00"


async def test_what_is_there_already_is_not_overwritten(site: LiveSite) -> None:
    await lifecycle(site).create(declared(), preview=False)
    with pytest.raises(Refused, match="exists already and is different: time is 03:45, declared 04:00"):
        await lifecycle(site).create(declared(time="04:00"), preview=False)


AGENTS: dict[str, tuple[str, type[Exception], str]] = {
    "of nobody": ("gone.away", Refused, "offers no gone.away now, but backup.local; name one of these"),
    "of a mount to come": ("hassio.nas", Unreachable, "offers no hassio.nas now, but backup.local; see its network"),
}


@pytest.mark.parametrize(("agent", "kind", "said"), AGENTS.values(), ids=AGENTS.keys())
async def test_an_agent_that_home_assistant_would_silently_take_is_checked(
    site: LiveSite, agent: str, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        await lifecycle(site).create(declared(agents=[agent]), preview=False)
    assert (await config(site))["create_backup"]["agent_ids"] == []
