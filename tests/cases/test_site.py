"""The site as it is declared: the home site, what follows from it, and what else a site may say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from homebackup.model.site import TMPDIR, Entry, Site, read_site
from tests.cases.sites import GONE, Path_, stack, with_changes


def test_the_home_site_is_what_its_owner_wrote() -> None:
    site = read_site(stack("home"))
    assert {
        name: (tier.job, tier.guests, tier.schedule, tier.retention, site.tmpdir(tier))
        for name, tier in site.tiers.items()
    } == {
        "p0": ("backup-home-p0-daily", (100, 102), "03:00", {"keep-last": 3}, None),
        "p1": ("backup-home-p1-daily", (103,), "03:15", {"keep-last": 3}, "/var/tmp"),
        "p2": ("backup-home-p2-weekly", (101, 105), "sun 04:00", {"keep-last": 2}, "/var/tmp"),
    }
    assert (site.nas.address, site.mount.target, site.storage.name) == ("10.0.0.150", "/mnt/nas-backups", "nas-backups")
    assert {vmid: (guest.kind, guest.name) for vmid, guest in site.guests.items()} == {
        100: ("qemu", "home-assistant"),
        101: ("qemu", "immich"),
        102: ("qemu", "vaultwarden"),
        103: ("lxc", "download-home"),
        105: ("lxc", "pihole-home"),
    }
    assert [(window.name, window.start // 60, window.end // 60) for window in site.windows] == [
        ("shop vzdump", 2, 3),
        ("offsite sync", 9, 10),
    ]


def test_the_lab_stack_is_the_same_site_but_for_the_owners_files() -> None:
    lab, home = stack("lab"), stack("home")
    del home["nas"]["dsm"]  # the lab has one, and a preview of a lab is to be quick
    home["documents"] = {f".lab/{file}": sections for file, sections in home["documents"].items()}
    assert lab["inventory"].pop("file") == ".lab/backup.inventory.yaml" != home["inventory"].pop("file")
    assert lab == home


def test_pulumi_hands_the_site_over_as_json() -> None:
    assert read_site(json.loads(json.dumps(stack("home")))) == read_site(stack("home"))


DUMP = ("proxmox-home", "/mnt/nas-backups/dump")
HOME_ASSISTANT = ("nas", "/volume1/backups/homeassistant_backups", "Automatic_backup_*.tar", 48, "critical")
ENTRIES = (
    Entry(100, "home-vm-100-ha-primary", *DUMP, "vzdump-qemu-100-*.vma.zst", 26, "critical"),
    Entry(102, "home-vm-102-vaultwarden-primary", *DUMP, "vzdump-qemu-102-*.vma.zst", 26, "critical"),
    Entry(103, "home-lxc-103-download-primary", *DUMP, "vzdump-lxc-103-*.tar.zst", 26, "important"),
    Entry(
        101,
        "home-vm-101-immich-primary",
        *DUMP,
        "vzdump-qemu-101-*.vma.zst",
        168,
        "important",
        "VM stopped; weekly backup when restarted.",
    ),
    Entry(105, "home-lxc-105-pihole-primary", *DUMP, "vzdump-lxc-105-*.tar.zst", 168, "rebuildable"),
    Entry("home-assistant", "app-home-assistant", *HOME_ASSISTANT, enabled=True),
)


def test_the_inventory_has_what_the_tiers_back_up() -> None:
    assert read_site(stack("home")).entries() == ENTRIES
    assert read_site(with_changes({("inventory",): GONE})).entries() == ()


def test_entries_without_a_name_of_their_own() -> None:
    site = read_site(with_changes({("inventory", "entries"): GONE, ("apps", "home-assistant", "host"): GONE}))
    assert [(entry.name, entry.host) for entry in site.entries()] == [
        ("home-vm-100-home-assistant-primary", "proxmox-home"),
        ("home-vm-102-vaultwarden-primary", "proxmox-home"),
        ("home-lxc-103-download-home-primary", "proxmox-home"),
        ("home-vm-101-immich-primary", "proxmox-home"),
        ("home-lxc-105-pihole-home-primary", "proxmox-home"),
        ("app-home-assistant", "proxmox-home"),
    ]


@pytest.mark.parametrize(
    ("compress", "machine", "container"),
    [("0", "vma", "tar"), ("gzip", "vma.gz", "tar.gz"), ("lzo", "vma.lzo", "tar.lzo"), ("zstd", "vma.zst", "tar.zst")],
)
def test_archives_are_found_where_and_as_they_are_written(compress: str, machine: str, container: str) -> None:
    site = read_site(
        with_changes({("tiers", "p2", "compress"): compress, ("storage", "content-dirs"): {"backup": "archives/vm"}})
    )
    assert site.archive_folder == "/mnt/nas-backups/archives/vm"
    assert site.archive_glob(101) == f"vzdump-qemu-101-*.{machine}"
    assert site.archive_glob(105) == f"vzdump-lxc-105-*.{container}"


def test_tiers_come_in_the_order_of_their_numbers() -> None:
    tiers = stack("home")["tiers"]
    site = read_site(with_changes({("tiers",): {"p10": tiers["p0"], "p9": tiers["p1"], "weekly": tiers["p2"]}}))
    assert [name for name, _ in site.in_order] == ["p9", "p10", "weekly"]
    assert (site.tier_of(100), site.tier_of(105), site.tier_of(999)) == ("p10", "weekly", None)


@pytest.mark.parametrize(("own", "kept"), [(GONE, {"keep-last": 3}), ({"keep-last": 7}, {"keep-last": 7})])
def test_a_jobs_retention_goes_before_the_storages(own: Any, kept: dict[str, int]) -> None:
    site = read_site(with_changes({("tiers", "p2", "retention"): own}))
    assert site.effective_retention(site.tiers["p2"]) == kept


TMPDIRS: dict[str, tuple[Mapping[Path_, Any], str, str | None]] = {
    "machines alone": ({}, "p0", None),
    "a container, and nothing said": ({("tiers", "p1", "tmpdir"): GONE}, "p1", TMPDIR),
    "a container among machines": ({("tiers", "p2", "tmpdir"): GONE}, "p2", TMPDIR),
    "another one said": ({("tiers", "p1", "tmpdir"): "/srv/tmp"}, "p1", "/srv/tmp"),
    "said for machines": ({("tiers", "p0", "tmpdir"): "/srv/tmp"}, "p0", "/srv/tmp"),
}


@pytest.mark.parametrize(("changes", "tier", "tmpdir"), TMPDIRS.values(), ids=TMPDIRS.keys())
def test_a_tier_with_a_container_has_a_directory_for_temporary_files(
    changes: Mapping[Path_, Any], tier: str, tmpdir: str | None
) -> None:
    site = read_site(with_changes(changes))
    assert site.tmpdir(site.tiers[tier]) == tmpdir


TAKEN: dict[str, Mapping[Path_, Any]] = {
    "options as one text": {("mount", "options"): "defaults,soft"},
    "softerr": {("mount", "options"): ["softerr"]},
    "no windows": {("windows",): GONE},
    "a window over midnight": {("windows", 0, "from"): "23:30"},
    "no inventory": {("inventory",): GONE},
    "the storage's retention": {("tiers", "p0", "retention"): GONE},
    "an exempt guest": {("exemptions",): {"104": "a test machine"}},
    "an exempt disk": {("exemptions",): {"103/mp0": "downloads"}},
    "a guest whose backup waits": {("tiers", "p0", "guests"): [100], ("guests", "102", "deferred"): "it moves house"},
    "losses that are meant": {("acknowledge",): ["backup-home-p0-daily"]},
    "a trailing slash": {("mount", "target"): "/mnt/nas-backups/"},
    "every archive, said aloud": {("tiers", "p0", "retention"): {"keep-all": True}},
    "a VMID as text": {("tiers", "p1", "guests"): ["103"]},
    "names in capitals": {
        ("tiers",): {"P0 [daily]": {**stack("home")["tiers"]["p0"], "guests": [100, 101, 102, 103, 105]}}
    },
}


@pytest.mark.parametrize("changes", TAKEN.values(), ids=TAKEN.keys())
def test_what_a_site_may_say(changes: Mapping[Path_, Any]) -> None:
    assert isinstance(read_site(with_changes(changes)), Site)
