"""What a site declares of its Home Assistant, as resources; nothing of it where the stack does not reach it."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.assess import wanted
from homebackup.model.site import InvalidSite, read_site
from tests.cases.sites import with_changes


def made(**changes: Any) -> list[tuple[str, str]]:
    site = read_site(with_changes({("home-assistant", name): value for name, value in changes.items()}))
    return [(one.token, one.name) for one in wanted.resources(site) if "HomeAssistant" in one.token]


def test_the_home_site_keeps_them_on_its_nas() -> None:
    site = read_site(with_changes({}))
    mount, backups = (one for one in wanted.resources(site) if "HomeAssistant" in one.token)
    assert mount.values["server"] == "10.0.0.150"
    assert mount.values["path"] == "/volume1/backups/homeassistant_backups"
    assert backups.values["agents"] == {f"hassio.{mount.values['name']}"}
    assert (backups.values["time"], backups.values["keep_copies"], len(backups.values["days"])) == ("05:00", 7, 7)
    assert [parent for _, parent in mount.parents] == ["home", "home-assistant"]


def test_nothing_of_it_is_kept_where_the_stack_does_not_reach_it() -> None:
    site = read_site(with_changes({})).managing(dsm=True, home_assistant=False)
    assert [one for one in wanted.resources(site) if "HomeAssistant" in one.token] == []


def test_other_places_go_with_or_without_network_storage() -> None:
    assert made(mount=None, agents=["hassio.local"]) == [("homebackup:index:HomeAssistantBackup", "home-assistant")]
    assert len(made(agents=["hassio.local"])) == 2


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an app of nobody": ({"app": "haos"}, "site.home-assistant.app: haos is none of the site's apps, which say how"),
    "no place": ({"mount": None}, "site.home-assistant.mount: or agents must say where its backups go"),
    "an unknown key": ({"frequency": "daily"}, "site.home-assistant.frequency: is not a property here"),
}


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidSite) as invalid:
        made(**changes)
    assert said in str(invalid.value)
