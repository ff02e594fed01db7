"""Every mistake in a site's configuration, with its property's path and a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from homebackup.model.site import InvalidSite, Site, read_site
from tests.cases.sites import GONE, KEY, Path_, stack, with_changes

P0 = ("tiers", "p0")
WRONG: dict[str, tuple[Mapping[Path_, Any], dict[str, str]]] = {
    # what is changed in the home site, the paths that are wrong and a part of the reason
    "no configuration": (
        {(part,): GONE for part in stack("home")},
        {name: "is required" for name, field in Site.model_fields.items() if field.is_required()},
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
    "a Tailscale address": (
        {("nas", "address"): "100.101.102.103"},
        {"nas.address": "mount by the LAN address, the tunnel is not up when the host boots (lan-address)"},
    ),
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
    "neither": ({("mount", "options"): ["defaults"]}, {"mount.options": "is switched off (soft-mount)"}),
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
    "an exemption of a disk by no name of one": (
        {("exemptions",): {"103/": "why not"}},
        {"exemptions.103/": "'103/' is neither a VMID nor a disk or mount point of one, such as 103/mp0"},
    ),
    "an exemption of a disk of no guest": (
        {("exemptions",): {"99/mp0": "why not"}},
        {"exemptions.99/mp0": "'99' is not a VMID (a whole number from 100 to 999999999)"},
    ),
    "an exemption of a disk of a guest that is exempt": (
        {("exemptions",): {"104": "a test machine", "104/mp0": "its data"}},
        {"exemptions.104/mp0": "guest 104 is exempt as a whole already"},
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
    "a rule that is none": (
        {("rules",): {"soft": {"reason": "why not", "until": "2026-12-31"}}},
        {"rules.soft": "soft is no rule; `homebackup rules` lists them"},
    ),
    "an exemption from what stops": (
        {("rules",): {"soft-mount": {"reason": "why not", "until": "2026-12-31"}}},
        {"rules.soft-mount": "nobody is exempt from soft-mount: The NAS may be switched off"},
    ),
    "an exemption for ever": ({("rules",): {"order": {"reason": "why not"}}}, {"rules.order.until": "is required"}),
    "an exemption from a rule for nothing": (
        {("rules",): {"order": {"reason": " ", "until": "2026-12-31"}}},
        {"rules.order.reason": "' ' is not a reason"},
    ),
    "an exemption until some day": (
        {("rules",): {"order": {"reason": "why not", "until": "summer"}}},
        {"rules.order.until": "'summer' is not a date such as 2026-12-31"},
    ),
    "a document that is none": (
        {("documents",): {"notes.txt": ["restore"]}},
        {"documents.notes.txt": "'notes.txt' is not the path of a Markdown file"},
    ),
    "a section that is none": (
        {("documents",): {"A.md": ["backups"]}},
        {"documents.A.md[0]": "must be 'configuration', 'verification', 'restore' or 'governance'"},
    ),
    "a section twice": (
        {("documents",): {"A.md": ["restore", "restore"]}},
        {"documents.A.md": "has restore twice"},
    ),
    "a document of nothing": ({("documents",): {"A.md": []}}, {"documents.A.md": "must not be empty"}),
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
