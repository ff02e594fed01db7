"""The site's configuration: the home site as it is, and every mistake with its property's path and a reason."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from homebackup.model.site import TMPDIR, Entry, InvalidSite, Site, read_site

ROOT = Path(__file__).resolve().parents[2]
KEY = "home-backup:site"
Path_ = tuple[str | int, ...]
GONE = object()
"""In place of a value: the property is not there."""


def stack(name: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"][KEY]
    return config


def with_changes(changes: Mapping[Path_, Any]) -> dict[str, Any]:
    """The home site with other values at these places."""
    config = copy.deepcopy(stack("home"))
    for path, value in changes.items():
        place: Any = config
        for part in path[:-1]:
            place = place[part]
        if value is GONE:
            del place[path[-1]]
        else:
            place[path[-1]] = value
    return config


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


def test_the_lab_stack_is_the_same_site_but_for_the_owners_inventory() -> None:
    lab, home = stack("lab"), stack("home")
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


P0 = ("tiers", "p0")
WRONG: dict[str, tuple[Mapping[Path_, Any], dict[str, str]]] = {
    # what is changed in the home site, the paths that are wrong and a part of the reason
    "no configuration": (
        {(part,): GONE for part in stack("home")},
        {name: "is required" for name in stack("home") if name not in ("apps", "inventory", "windows")},
    ),
    "an unknown key": ({("nass",): {}}, {"nass": "is not a property here; correct the spelling"}),
    "an unknown key below": ({(*P0, "guest"): [100]}, {"tiers.p0.guest": "is not a property here"}),
    "a key that is missing below": ({(*P0, "job"): GONE}, {"tiers.p0.job": "is required"}),
    "a text for a mapping": ({("storage",): "nas"}, {"storage": "must be a mapping"}),
    "a list for a mapping": ({("tiers",): [1]}, {"tiers": "must be a mapping"}),
    "a number for a list": ({("mount", "options"): 5}, {"mount.options": "must be a list"}),
    "a LAN with a host in it": (
        {("lan",): "10.0.0.5/24"},
        {"lan": "10.0.0.5/24 has host bits set; write the LAN as in"},
    ),
    "no LAN": ({("lan",): "home"}, {"lan": "write the LAN as in 10.0.0.0/24"}),
    "a Tailscale address": ({("nas", "address"): "100.101.102.103"}, {"nas.address": "is a Tailscale address"}),
    "a name for an address": ({("nas", "address"): "nas.local"}, {"nas.address": "'nas.local' is not an address"}),
    "an address of another LAN": (
        {("nas", "address"): "192.168.0.150"},
        {"nas.address": "is not in the site's LAN 10.0.0.0/24"},
    ),
    "an address of the other family": ({("nas", "address"): "fd00::1"}, {"nas.address": "is not in the site's LAN"}),
    "hard": ({("mount", "options"): ["defaults", "hard"]}, {"mount.options": "must have soft and not hard"}),
    "hard beside soft": ({("mount", "options"): ["soft", "hard"]}, {"mount.options": "must have soft and not hard"}),
    "hard behind a comma": (
        {("mount", "options"): ["soft", "timeo=1,hard"]},
        {"mount.options": "must have soft and not hard"},
    ),
    "neither": ({("mount", "options"): ["defaults"]}, {"mount.options": "must have soft and not hard"}),
    "a blank in an option": (
        {("mount", "options"): ["soft", "a b"]},
        {"mount.options[1]": "'a b' is not a mount option"},
    ),
    "a relative mount point": ({("mount", "target"): "mnt/nas"}, {"mount.target": "'mnt/nas' is not an absolute path"}),
    "a mount point of the system": (
        {("mount", "target"): "/etc/pve"},
        {"mount.target": "is a directory of the system"},
    ),
    "a relative export": ({("mount", "export"): "volume1"}, {"mount.export": "'volume1' is not an absolute path"}),
    "no name for a storage": ({("storage", "name"): "nas backups"}, {"storage.name": "is not a storage name"}),
    "a storage without backups": ({("storage", "content"): ["iso"]}, {"storage.content": "must have backup"}),
    "unknown content": (
        {("storage", "content"): ["backup", "films"]},
        {"storage.content": "'films' is not one of backup"},
    ),
    "a storage's retention of zero": (
        {("storage", "retention"): {"keep-last": 0}},
        {"storage.retention": "limits nothing"},
    ),
    "a VMID that is none": ({("guests", "99"): stack("home")["guests"]["100"]}, {"guests.99": "'99' is not a VMID"}),
    "a VMID that is a word": (
        {("guests", "immich"): stack("home")["guests"]["100"]},
        {"guests.immich": "'immich' is not a VMID"},
    ),
    "a kind of guest": ({("guests", "100", "kind"): "docker"}, {"guests.100.kind": "must be 'qemu' or 'lxc'"}),
    "a classification": (
        {("guests", "100", "classification"): "vital"},
        {"guests.100.classification": "must be 'critical', 'important'"},
    ),
    "a freshness of nothing": (
        {("guests", "100", "stale-after-hours"): 0},
        {"guests.100.stale-after-hours": "must be at least 1"},
    ),
    "a guest in no tier": (
        {(*P0, "guests"): [100]},
        {"guests.102": "guest 102 is in no tier, so nothing would back it up"},
    ),
    "a guest in two tiers": (
        {(*P0, "guests"): [100, 102, 103]},
        {"tiers.p1.guests[0]": "guest 103 is in tier p0 already"},
    ),
    "a guest twice in a tier": (
        {(*P0, "guests"): [100, 102, 100]},
        {"tiers.p0.guests[2]": "guest 100 is in tier p0 already"},
    ),
    "a guest that is not declared": (
        {(*P0, "guests"): [100, 102, 104]},
        {"tiers.p0.guests[2]": "guest 104 is not declared under guests"},
    ),
    "a guest that is no VMID": (
        {(*P0, "guests"): [100, "vaultwarden"]},
        {"tiers.p0.guests[1]": "'vaultwarden' is not a VMID"},
    ),
    "a tier without guests": ({(*P0, "guests"): []}, {"tiers.p0.guests": "must not be empty"}),
    "two tiers with one job": (
        {(*P0, "job"): "backup-home-p1-daily"},
        {"tiers.p1.job": "backup-home-p1-daily is the job of tier p0 already"},
    ),
    "no name for a job": ({(*P0, "job"): "p0 daily"}, {"tiers.p0.job": "'p0 daily' is not a job name"}),
    "a freshness of true": (
        {("guests", "100", "stale-after-hours"): True},
        {"guests.100.stale-after-hours": "must be a whole number"},
    ),
    "two problems in one place": (
        {(*P0, "guests"): [100, 102, 104, 104]},
        {
            "tiers.p0.guests[2]": "guest 104 is not declared under guests",
            "tiers.p0.guests[3]": "guest 104 is not declared under guests; guest 104 is in tier p0 already",
        },
    ),
    "an exemption of a guest that is backed up": (
        {("exemptions",): {"100": "why not"}},
        {"exemptions.100": "guest 100 is in tier p0, so it is not exempt"},
    ),
    "an exemption without a reason": (
        {("exemptions",): {"104": " "}},
        {"exemptions.104": "' ' is not a reason"},
    ),
    "an app of no guest": (
        {("apps", "immich", "guest"): 104},
        {"apps.immich.guest": "guest 104 is not declared under guests"},
    ),
    "an app without a place": (
        {("apps", "home-assistant", "path"): GONE},
        {"apps.home-assistant.path": "is required, unless deferred says why"},
    ),
    "an entry of nothing": (
        {("inventory", "entries", "104"): "home-vm-104"},
        {"inventory.entries.104": "104 is no guest and no app of this site"},
    ),
    "two entries of one name": (
        {("inventory", "entries", "102"): "home-vm-100-ha-primary"},
        {"inventory.entries.102": "home-vm-100-ha-primary is the entry of 100 already"},
    ),
    "no schedule": (
        {(*P0, "schedule"): "sometimes"},
        {"tiers.p0.schedule": "'sometimes' is not a schedule of Proxmox VE"},
    ),
    "a schedule that never comes": ({(*P0, "schedule"): "*-02-30 03:00"}, {"tiers.p0.schedule": "never runs"}),
    "a schedule YAML took for a number": ({(*P0, "schedule"): 180}, {"tiers.p0.schedule": "must be text"}),
    "a retention of zero": ({(*P0, "retention"): {"keep-last": 0}}, {"tiers.p0.retention": "limits nothing"}),
    "a retention of nothing": ({(*P0, "retention"): {}}, {"tiers.p0.retention": "limits nothing"}),
    "a retention below zero": (
        {(*P0, "retention"): {"keep-last": -1}},
        {"tiers.p0.retention": "keep-last: -1 is below zero"},
    ),
    "an unknown retention": (
        {(*P0, "retention"): {"keep-ever": 1}},
        {"tiers.p0.retention": "keep-ever: Proxmox VE knows no such"},
    ),
    "no retention": (
        {(*P0, "retention"): GONE, ("storage", "retention"): GONE},
        {"tiers.p0.retention": "is required, since the storage has none either"},
    ),
    "a relative tmpdir": ({(*P0, "tmpdir"): "var/tmp"}, {"tiers.p0.tmpdir": "'var/tmp' is not an absolute path"}),
    "a mode": ({(*P0, "mode"): "live"}, {"tiers.p0.mode": "must be 'snapshot', 'suspend' or 'stop'"}),
    "a compression": ({(*P0, "compress"): "zip"}, {"tiers.p0.compress": "must be '0', 'gzip', 'lzo' or 'zstd'"}),
    "notes with an unknown variable": (
        {(*P0, "notes-template"): "{{name}}"},
        {"tiers.p0.notes-template": "{{name}} is not one of"},
    ),
    "neither true nor false": ({(*P0, "enabled"): "maybe"}, {"tiers.p0.enabled": "must be true or false"}),
    "a tier with a name in capitals": (
        {("tiers", "P0"): {**stack("home")["tiers"]["p0"], "mode": "live"}},
        {"tiers.P0.mode": "must be 'snapshot'"},
    ),
    "a time of day": (
        {("windows", 1, "from"): "25:00"},
        {"windows[1].from": "'25:00' is not a time of day such as 02:00"},
    ),
    "several at once": (
        {("lan",): "x", (*P0, "job"): "1", ("windows", 0, "until"): "x", ("guests", "105", "name"): ["a"]},
        {"lan": "", "tiers.p0.job": "", "windows[0].until": "", "guests.105.name": "must be text"},
    ),
}


@pytest.mark.parametrize(("changes", "wrong"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named_by_its_path(changes: Mapping[Path_, Any], wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidSite) as refused:
        read_site(with_changes(changes), root=KEY)
    said = refused.value.problems
    assert said.keys() == {f"{KEY}.{path}" for path in wrong}
    for path, part in wrong.items():
        assert part in said[f"{KEY}.{path}"]
        assert f"{KEY}.{path}: " in str(refused.value)


@pytest.mark.parametrize("config", [None, 5, "site", [], [1]], ids=repr)
def test_a_site_that_is_no_mapping(config: Any) -> None:
    with pytest.raises(InvalidSite) as refused:
        read_site(config)
    assert refused.value.problems == {"site": "must be a mapping"}


PLACES: dict[Path_, Any] = {
    **{(name,): value for name, value in stack("home").items()},
    **{(part, name): value for part in ("nas", "mount", "storage") for name, value in stack("home")[part].items()},
    **{("guests", "101", name): value for name, value in stack("home")["guests"]["101"].items()},
    **{("tiers", "p1", name): value for name, value in stack("home")["tiers"]["p1"].items()},
    **{("windows", 0, name): value for name, value in stack("home")["windows"][0].items()},
}
TEXTS = [path for path, value in PLACES.items() if isinstance(value, str)]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("bad", ["\n", "\x00", "\x1b"], ids=ascii)
def test_no_text_may_hold_a_control_character(path: Path_, bad: str) -> None:
    place: Any = stack("home")
    for part in path:
        place = place[part]
    with pytest.raises(InvalidSite) as refused:
        read_site(with_changes({path: place + bad}))
    (name,) = refused.value.problems
    assert name == "site" + "".join(f"[{part}]" if path[0] == "windows" and part == 0 else f".{part}" for part in path)
