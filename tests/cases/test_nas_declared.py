"""What a site may declare of its NAS's own management, what follows from that, and what is wrong with it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from homebackup.assess.wanted import resources
from homebackup.model.declare import doubts
from homebackup.model.site import InvalidSite, read_site
from homebackup.resources import RESOURCES
from tests.cases.sites import KEY, stack

FULL: dict[str, Any] = {
    "exports": {"backups": {"10.0.0.50": {}, "10.0.0.100": {"access": "ro", "security": ["sys", "kerberos"]}}},
    "hyper-backup": {"second": {"folders": ["/backups/"], "allow-create": True, "target-share": "offsite"}},
}
OFF_SITE: dict[str, Any] = FULL["hyper-backup"]["second"]
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "another key": ({"export": {}}, "nas.dsm.export", "is not a property here"),
    "a share with a slash": (
        {"exports": {"a/b": {}}},
        "nas.dsm.exports.a/b",
        "'a/b' is not the name of a shared folder",
    ),
    "no client": (
        {"exports": {"backups": {"a b": {}}}},
        "nas.dsm.exports.backups.a b",
        "is not an address, a network or a host name",
    ),
    "an access that is none": (
        {"exports": {"backups": {"10.0.0.50": {"access": "all"}}}},
        "nas.dsm.exports.backups.10.0.0.50.access",
        "rw",
    ),
    "no way to prove who one is": (
        {"exports": {"backups": {"10.0.0.50": {"security": []}}}},
        "nas.dsm.exports.backups.10.0.0.50.security",
        "",
    ),
    "no folder": (
        {"hyper-backup": {"x": {"folders": []}}},
        "nas.dsm.hyper-backup.x.folders",
        "must be a list of one or more folders",
    ),
    "a folder without its slash": (
        {"hyper-backup": {"x": {"folders": ["backups"]}}},
        "nas.dsm.hyper-backup.x.folders",
        "such as /backups",
    ),
    "a task to be made nowhere": (
        {"hyper-backup": {"x": {"folders": ["/backups"], "allow-create": True}}},
        "nas.dsm.hyper-backup.x.target-share",
        "is required to make the task",
    ),
    "a task into itself": (
        {"hyper-backup": {"x": OFF_SITE | {"target-share": "backups"}}},
        "nas.dsm.hyper-backup.x.target-share",
        "backups would be backed up into itself",
    ),
}


def site(dsm: Any) -> dict[str, Any]:
    config = copy.deepcopy(stack("home"))
    config["nas"]["dsm"] = dsm
    return config


def test_what_is_declared_becomes_resources_around_the_others() -> None:
    made = resources(read_site(site(FULL)))
    names = [(one.cls.__name__, one.name) for one in made]
    assert names[:3] == [
        ("NfsExport", "backups#10.0.0.50"),
        ("NfsExport", "backups#10.0.0.100"),
        ("NfsMount", "/mnt/nas-backups"),
    ]
    assert ("HyperBackupTask", "second") in names
    second = made[1].values
    assert (second["access"], second["security"], second["squash"]) == ("ro", {"sys", "kerberos"}, "none")
    assert made[names.index(("HyperBackupTask", "second"))].values["folders"] == {"/backups"}


def test_nothing_of_it_is_kept_where_the_stack_does_not_say_how_to_reach_it() -> None:
    kept = read_site(site(FULL)).managing(dsm=False, home_assistant=True)
    assert not {"NfsExport", "HyperBackupTask"} & {one.cls.__name__ for one in resources(kept)}
    assert read_site(site(FULL)).managing(dsm=True, home_assistant=True).nas.dsm is not None


def test_the_home_stack_lets_its_host_in() -> None:
    (export,) = [one for one in resources(read_site(stack("home"))) if one.cls.__name__ == "NfsExport"]
    assert (export.name, export.values["access"], export.values["squash"]) == ("backups#10.0.0.50", "rw", "none")


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_has_its_path_and_a_reason(mistake: str) -> None:
    changed, where, said = WRONG[mistake]
    with pytest.raises(InvalidSite) as caught:
        read_site(site(changed), root=KEY)
    found = {path: reason for path, reason in caught.value.problems.items() if path.endswith(where)}
    assert found, caught.value.problems
    assert said in "".join(found.values())


def test_everybody_as_a_client_is_doubtful() -> None:
    export = RESOURCES["NfsExport"]
    assert doubts(export, {"client": "*"}) == ["* lets every machine in that reaches the NAS"]
    assert doubts(export, {"client": "10.0.0.50"}) == []
