"""What exists, and the class it has: a table of one change each to a site where all is as declared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homebackup.assess.adoption import import_file
from homebackup.assess.audit import Audit, Item, audit
from homebackup.assess.wanted import resources, token
from homebackup.model.marked_sections import put
from homebackup.model.refusal import Refusal
from homebackup.model.seen import Unseen
from homebackup.model.site import read_site
from homebackup.model.state import Deployed
from homebackup.resources.vzdump_job import VzdumpJob
from homebackup.views.audit import path, text
from tests.cases.audited import (
    AWAY,
    FSTAB,
    GUESTS,
    LINE,
    LOCAL,
    NOBODYS,
    OLD,
    P0,
    P1,
    P2,
    STORAGE,
    found,
    job,
    judged,
    site,
)
from tests.cases.sites import with_changes

NEVER = {"id": "never", "type": "vzdump", "all": 1, "schedule": "2020-01-01", "storage": "local", "enabled": 1}

# What is there, the name of the thing, its class, words of why, and words of what to do.
TABLE: dict[str, tuple[dict[str, Any], str, str, str, str]] = {
    "an equal job": ({}, "backup-home-p0-daily", "equal", "it is as declared", "adopt --run"),
    "an equal storage": ({}, "nas-backups", "equal", "it is as declared", "adopt --run"),
    "an equal mount": ({}, "/mnt/nas-backups", "equal", "it is as declared", "adopt --run"),
    "another schedule": (
        {"jobs": (P0 | {"schedule": "05:00"}, P1, P2)},
        "backup-home-p0-daily",
        "different",
        "schedule is 05:00, declared 03:00",
        "adopt --different",
    ),
    "nothing is mounted": (
        {"mounts": ()},
        "/mnt/nas-backups",
        "different",
        "is not mounted",
        "pulumi up takes it over",
    ),
    "a line that is commented out": ({"fstab": b"#" + FSTAB, "mounts": ()}, "/mnt/nas-backups", "missing", "", ""),
    "mounted by hand": ({"fstab": b"#" + FSTAB}, "/mnt/nas-backups", "different", "commented out", "pulumi up"),
    "no job": ({"jobs": ()}, "backup-home-p0-daily", "missing", "not there", "pulumi up --stack home"),
    "another type of storage": (
        {"storages": (STORAGE | {"type": "nfs"},)},
        "nas-backups",
        "different",
        "of type nfs",
        "another name",
    ),
    "a declared job whose guest is gone": (
        {"guests": GUESTS[1:]},
        "backup-home-p0-daily",
        "equal",
        "of its guests, 100, is gone",
        "adopt",
    ),
    "a managed job": (
        {"state": Deployed(frozenset({("homebackup:index:VzdumpJob", "backup-home-p0-daily")}))},
        "backup-home-p0-daily",
        "managed",
        "it is as declared",
        "nothing",
    ),
    "a managed job that differs": (
        {
            "jobs": (P0 | {"enabled": 0}, P1, P2),
            "state": Deployed(frozenset({("homebackup:index:VzdumpJob", "backup-home-p0-daily")})),
        },
        "backup-home-p0-daily",
        "managed",
        "enabled is no, declared yes",
        "pulumi up makes it so",
    ),
    "a managed job whose guest is gone": (
        {
            "guests": GUESTS[1:],
            "state": Deployed(frozenset({("homebackup:index:VzdumpJob", "backup-home-p0-daily")})),
        },
        "backup-home-p0-daily",
        "managed",
        "of its guests, 100, is gone",
        "take them out of the site",
    ),
    "a job that is declared no more": (
        job() | {"state": Deployed(frozenset({("homebackup:index:VzdumpJob", "old")}))},
        "old",
        "managed",
        "declared no more",
        "pulumi up deletes it",
    ),
    "a job that works": (job(), "old", "foreign", "backs up 100 to local", "leave it"),
    "a missing storage": (job(storage="gone"), "old", "broken", "storage gone, which does not exist", "--retire old"),
    "a disabled storage": (
        job() | {"storages": (STORAGE, LOCAL | {"disable": 1})},
        "old",
        "broken",
        "storage local is disabled",
        "--retire old",
    ),
    "a storage without backups": (
        job() | {"storages": (STORAGE, LOCAL | {"content": "iso"})},
        "old",
        "broken",
        "takes no backups",
        "--retire old",
    ),
    "all guests are gone": (job(vmid="120,109"), "old", "broken", "all that it names, 109, 120, are gone", "--retire"),
    "one guest is gone": (job(vmid="100,109"), "old", "broken", "of its guests, 109, is gone", "--retire"),
    "no guest": (job(vmid=None), "old", "broken", "it names no guest", "--retire"),
    "an empty pool": (
        job(vmid=None, pool="p") | {"members": {"old": frozenset()}},
        "old",
        "broken",
        "it takes pool p, which is nobody",
        "--retire",
    ),
    "a year that is over": (job(schedule="2020-01-01"), "old", "broken", "never comes again", "--retire"),
    "no schedule at all": (job(schedule="when I like"), "old", "broken", "does not understand", "--retire"),
    "disabled, and others do its work": (job(enabled=0), "old", "foreign", "enabled jobs back up", "--retire old"),
    "disabled, and nobody else": (job(enabled=0, vmid="106"), "old", "broken", "hides 106 g106", "declare them in a"),
    "disabled, beside one that never runs": (
        {"jobs": (*job(enabled=0, vmid="106")["jobs"], NEVER)},
        "old",
        "broken",
        "hides 106 g106",
        "--retire old",
    ),
    "disabled, of everybody": (job(enabled=0, vmid=None, all=1), "old", "broken", "hides 106 g106", "--retire old"),
    "a foreign storage": ({}, "local", "foreign", "type dir at /var/lib/vz", "leave it"),
    "a foreign line": ({"fstab": FSTAB + b"UUID=1 / ext4\n"}, "/", "foreign", "nobody declared it", "leave it"),
    "a hard mount": ({"fstab": FSTAB + b"10.0.0.9:/x /mnt/x nfs rw\n"}, "/mnt/x", "broken", "must have soft", "add"),
    "the export once more": (
        {"fstab": FSTAB + LINE.replace(b"/mnt/nas-backups", b"/mnt/old") + b"rw\n"},
        "/mnt/old",
        "foreign",
        "a second time",
        "take one of the two lines out",
    ),
    "an entry that matches nothing": (
        {"inventory": NOBODYS % b"/mnt/nas-backups/"},
        "x",
        "broken",
        "base_path /mnt/nas-backups matches nothing",
        "correct base_path",
    ),
    "of another storage": ({"inventory": NOBODYS % b"/var/lib/vz"}, "x", "broken", "/var/lib/vz/dump", "correct"),
    "an entry that matches": ({"inventory": NOBODYS % b"/mnt/nas-backups/dump"}, "x", "foreign", "nobody", "leave"),
    "no inventory that can be read": (
        {"inventory": b"- name: a\n\tb: c\n"},
        "ops/bindings/backup.inventory.yaml",
        "broken",
        "line 2, column 1: a tab",
        "correct the file",
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_it_is_why_and_what_to_do(case: str) -> None:
    there, name, state, why, todo = TABLE[case]
    item = judged(name, **there)
    assert (item.state, why in item.said, todo in item.remedy) == (state, True, True), item


def test_who_is_left_without_a_backup_counts() -> None:
    assert not judged("old", **job(enabled=0, vmid="106")).critical
    alone = {"jobs": (P1, P2, OLD | {"enabled": 0})}
    assert judged("old", **alone).critical
    assert "pulumi up, which makes the jobs declared for them" in judged("old", **alone).remedy


def test_what_cannot_be_seen_is_in_no_class() -> None:
    told = audit(site(), found(fstab=None, jobs=AWAY, inventory=AWAY))
    assert told.unseen == (AWAY,)
    assert {item.noun for item in told.items} == {"storage"}
    assert judged("old", **job(vmid="109") | {"guests": AWAY}).state == "foreign", "whether it is gone is not known"


def test_the_command_that_leads_to_what_is_declared() -> None:
    def command(**there: Any) -> str:
        return path(audit(site(), found(**there)), "home")

    everything = Deployed(frozenset((wanted.token, wanted.name) for wanted in resources(site())))
    assert command(mounts=()) == command(jobs=()) == "pulumi up --stack home"
    assert command(jobs=(P0 | {"schedule": "5:00"},)).startswith("homebackup adopt --different --run --stack home &&")
    without = read_site(with_changes({("mount", "heal"): False, ("inventory",): None}))
    assert path(audit(without, found()), "home") == "homebackup adopt --run --stack home"
    assert command(storages=(STORAGE | {"type": "nfs"},)) == ""
    assert path(audit(without, found(state=everything)), "home") == ""


def test_text_fits_and_does_nothing_to_a_terminal() -> None:
    told = audit(site(), found(**job(id="o\x1b[31m" + "x" * 90), fstab=None))
    shown = text("home", "home", told)
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown
    assert "not seen: the host does not answer; switch it on" in shown


def test_components_of_the_state_are_no_part_of_the_import() -> None:
    told: Audit = audit(site(), found())
    urn = "urn:pulumi:home::home-backup::homebackup:components:HomeBackup"
    tier = f"{urn}$homebackup:components:BackupTier::p0"
    fresh = import_file(told.of("equal"), "home", "home-backup", Deployed())
    assert fresh["nameTable"] == {}
    assert [r["name"] for r in fresh["resources"]][:3] == ["HomeBackup home", "NasMount nas", "NfsMount nas"]
    state = Deployed(urns=frozenset({f"{urn}::home", tier}))
    some = import_file([item for item in told.items if "-p0-" in item.name], "home", "home-backup", state)
    assert some == {
        "nameTable": {"HomeBackup home": f"{urn}::home", "BackupTier p0": tier},
        "resources": [
            {
                "type": token(VzdumpJob),
                "name": "VzdumpJob p0",
                "logicalName": "p0",
                "id": "backup-home-p0-daily",
                "parent": "BackupTier p0",
            }
        ],
    }


def test_sections_of_documents_are_told_of_too() -> None:
    def judged(text: bytes | Unseen | None, state: Deployed | None = None) -> tuple[dict[str, Item], Audit]:
        there = replace(found(state=state), documents={"MINILAB_SSOT.md": text, "BACKUP_GOVERNANCE.md": AWAY})
        told = audit(site(), there, lambda site, name: f"What is {name}.")
        return {item.name: item for item in told.items if "document" in item.noun}, told

    good = put(b"# Mine\n", "home-restore", "What is restore.")
    items, told = judged(put(put(good, "home-verification", "by hand"), "shop-restore", "theirs"))
    assert {name: item.state for name, item in items.items()} == {
        "home-configuration": "missing",
        "home-verification": "different",
        "home-restore": "equal",
        "shop-restore": "foreign",
    }
    assert told.unseen == (AWAY,)
    assert items["home-verification"].stops
    assert items["home-verification"].differences == ("content is by hand, declared What is verification.",)
    token = "homebackup:index:DocumentSection"
    state = Deployed(frozenset({(token, f"MINILAB_SSOT.md#{name}") for name in ("home-restore", "shop-restore")}))
    assert {name: item.state for name, item in judged(good, state)[0].items()}["home-restore"] == "managed"
    (broken,) = judged(b"<!-- homebackup: begin home-restore -->\n")[0].values()
    assert (broken.name, broken.state) == ("MINILAB_SSOT.md", "broken")
    assert broken.said.startswith("MINILAB_SSOT.md, line 1: section home-restore begins here and never ends")


def test_a_declaration_that_pulumi_refuses_is_told() -> None:
    odd = read_site(with_changes({("inventory", "file"): "backups.txt"}))
    with pytest.raises(Refusal, match="inventory entry home-vm-100-ha-primary"):
        resources(odd)
