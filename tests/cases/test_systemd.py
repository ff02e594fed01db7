"""Names of systemd's units, as systemd-escape spells them."""

from __future__ import annotations

import pytest

from homebackup.model.systemd import unit_name

NAMES = {  # as printed by `systemd-escape --path --suffix=mount PATH` of systemd 252
    "/": "-.mount",
    "/mnt": "mnt.mount",
    "/mnt/nas-backups": r"mnt-nas\x2dbackups.mount",
    "/mnt/nas-backups/": r"mnt-nas\x2dbackups.mount",
    "//mnt//nas": "mnt-nas.mount",
    "/mnt/nas_backups:1": "mnt-nas_backups:1.mount",
    "/mnt/.hidden": "mnt-.hidden.mount",
    "/.hidden/x": r"\x2ehidden-x.mount",
    "/mnt/nas.2": "mnt-nas.2.mount",
    "/mnt/a b": r"mnt-a\x20b.mount",
    "/mnt/nas@home": r"mnt-nas\x40home.mount",
    "/mnt/kühl": r"mnt-k\xc3\xbchl.mount",
    r"/mnt/a\b": r"mnt-a\x5cb.mount",
}


@pytest.mark.parametrize(("path", "name"), NAMES.items(), ids=NAMES.keys())
def test_the_unit_of_a_path(path: str, name: str) -> None:
    assert unit_name(path) == name


def test_other_units_of_a_path() -> None:
    assert unit_name("/mnt/nas", "automount") == "mnt-nas.automount"
