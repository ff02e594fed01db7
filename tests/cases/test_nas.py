"""What a preflight says of the NAS's own management: what is there, what is short, and what is not enforced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homebackup.assess.nas import of_management
from homebackup.model.dsm_facts import DsmFacts, Snapshots, Volume
from homebackup.model.finding import Finding
from homebackup.model.seen import Unseen
from tests.cases.told_site import declared

TERABYTE = 10**12
SITE = declared()
WELL = DsmFacts(
    shares={"backups": "/volume1", "photo": "/volume1"},
    volumes={"/volume1": Volume(20 * TERABYTE, 9 * TERABYTE)},
    snapshots={"backups": Snapshots(12, 7)},
    nfs={"enable_nfs": True, "enable_nfs_v4": True, "enable_nfs_v4_1": True},
)
AWAY = Unseen("it has no SYNO.X", "update DSM")
FINDINGS: list[tuple[dict[str, Any], str, str, str]] = [
    ({"shares": {"photo": "/volume1"}}, "share", "trouble", "the NAS does not have it; it has photo"),
    (
        {"shares": {"backups": "/volume2"}},
        "share",
        "trouble",
        "it is on /volume2, and the site mounts /volume1/backups",
    ),
    ({"volumes": {"/volume1": Volume(100, 91)}}, "volume", "warning", "9 bytes of 100 bytes are free"),
    ({"volumes": AWAY}, "volume", "note", "its room is not known: it has no SYNO.X"),
    ({"snapshots": {"backups": Snapshots(0, 0)}}, "snapshots", "note", "is not enforced: there is none"),
    ({"snapshots": {"backups": Snapshots(0, 7)}}, "snapshots", "note", "is not enforced: there is none"),
    ({"snapshots": {"backups": Snapshots(3, 0)}}, "snapshots", "note", "is not enforced: 3 are kept, and whoever has"),
    ({"snapshots": {"backups": Snapshots(3, AWAY)}}, "snapshots", "note", "is not enforced: DSM does not tell"),
    ({"snapshots": {"backups": Snapshots(AWAY, 7)}}, "snapshots", "note", "is not enforced: DSM does not tell"),
    ({"nfs": {"enable_nfs": False}}, "nfs-service", "trouble", "it is switched off"),
    ({"nfs": AWAY}, "nfs-service", "unknown", "it has no SYNO.X"),
    ({"nfs": {"enable_nfs": True}}, "nfs-service", "well", "it is on, up to version 3"),
]


def by_id(found: list[Finding]) -> dict[str, Finding]:
    return {one.id: one for one in found}


def test_a_nas_that_has_all_of_it_is_well() -> None:
    found = list(of_management(SITE, WELL))
    assert {one.level for one in found} == {"well"}
    assert by_id(found)["volume"].said == "10.0 TiB of 18.2 TiB are free"
    assert by_id(found)["snapshots"].said == "12 are kept, and DSM says that none can be deleted for 7 days"
    assert by_id(found)["nfs-service"].said == "it is on, up to version 4.1"


@pytest.mark.parametrize(("changed", "id_", "level", "said"), FINDINGS)
def test_what_is_not_well_is_told(changed: dict[str, Any], id_: str, level: str, said: str) -> None:
    found = by_id(list(of_management(SITE, replace(WELL, **changed))))[id_]
    assert (found.level, said in found.said) == (level, True), found.said
    assert found.remedy or level in ("well", "note")


def test_a_mount_that_asks_for_a_version_which_is_off() -> None:
    site = declared()
    mount = site.mount.model_copy(update={"options": (*site.mount.options, "vers=4.1")})
    nfs = {"enable_nfs": True, "enable_nfs_v4": True, "enable_nfs_v4_1": False}
    found = by_id(list(of_management(site.model_copy(update={"mount": mount}), replace(WELL, nfs=nfs))))["nfs-service"]
    assert (found.level, found.said) == ("trouble", "the mount asks for version 4.1, which is switched off")
