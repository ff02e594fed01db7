"""What documents say of a site: the mission's facts, in the same bytes each time, and nothing that names can inject."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any, get_args

import pytest
from markdown_it import MarkdownIt

from homebackup.assess import wanted
from homebackup.assess.rebuilding import reaching
from homebackup.model.declare import check
from homebackup.model.rules import RULES
from homebackup.model.site import Site, read_site
from homebackup.model.site.documents import SectionName, marked_name
from homebackup.resources.document_section import DocumentSection
from homebackup.views.sections import content
from tests.cases.sites import Path_, with_changes
from tests.cases.told_site import HOSTILE

SECTIONS: tuple[SectionName, ...] = get_args(SectionName)


def site(changes: dict[Path_, Any] | None = None) -> Site:
    return read_site(with_changes(changes or {}))


def commands(text: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", SECTIONS)
def test_the_same_site_gives_the_same_bytes_in_whatever_order_it_comes(name: SectionName) -> None:
    config = with_changes({})
    turned = {key: dict(reversed(part.items())) if isinstance(part, dict) else part for key, part in config.items()}
    again = read_site(json.loads(json.dumps(dict(reversed(turned.items())))))
    assert content(again, name) == content(site(), name)


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_is_what_the_resource_takes(name: SectionName) -> None:
    text = content(site(), name)
    inputs, wrong = check(DocumentSection, {"file": "A.md", "section": marked_name("home", name), "content": text})
    assert wrong == {}
    assert inputs["content"] == text
    assert text.startswith("## ")
    assert not re.search(r"\b20\d\d-\d\d-\d\d", text), "no times"


MISSIONS: dict[SectionName, tuple[str, ...]] = {
    "configuration": (
        "| p0 | 100 home-assistant, 102 vaultwarden | `03:00` | `keep-last=3` | `backup-home-p0-daily` | Irrepl",
        "| p1 | 103 download-home | `03:15` | `keep-last=3` |",
        "| p2 | 101 immich, 105 pihole-home | `sun 04:00` | `keep-last=2` |",
        "10.0.0.150:/volume1/backups/proxmox_backups /mnt/nas-backups nfs "
        "defaults,soft,timeo=150,retrans=3,x-systemd.requires=network-online.target 0 0",
        "| `nas-backups` | dir | `/mnt/nas-backups` | backup | `keep-last=3` | no | yes |",
        "| 100 home-assistant | VM | critical | p0 | 26 h | - |",
        "| 101 immich | VM | important | p2 | 168 h | VM stopped; weekly backup when restarted |",
        "| home-assistant | 100 | critical | 48 h | `Automatic_backup_*.tar` in `/volume1/backups/home",
        "| shop vzdump | 02:00 | 03:00 |",
    ),
    "verification": ("homebackup verify --deep", "homebackup status", 'zstd -t "$archive"', "homebackup run p0"),
    "restore": (
        'qmrestore "$archive" 9100 --unique',
        'pct restore 9103 "$archive" --storage local-lvm --unique',
        "homebackup restore plan",
        "It makes no backups of its own yet: VM stopped",
    ),
    "governance": (
        "vzdump is primary",
        "Hyper Backup is not primary",
        "later step from the NAS to offsite",
        "is met in two steps",
        "| app immich | no backups of its own; guest 101 is backed up whole | VM stopped",
        "| app vaultwarden | no backups of its own; guest 102 is backed up whole | Whether it needs more than vzdump",
        "| tier p2 | keeps `keep-last=2` instead of the site's `keep-last=3` | Immich stopped; pihole is",
        *(f"| `{rule}` |" for rule in RULES),
    ),
}


@pytest.mark.parametrize("name", SECTIONS)
def test_the_home_site_says_what_its_owner_wrote(name: SectionName) -> None:
    text = content(site(), name)
    assert [part for part in MISSIONS[name] if part not in text] == []


def test_commands_are_those_of_the_runbook_and_the_jobs() -> None:
    assert set(reaching(site())) <= set(commands(content(site(), "restore")))
    by_hand = commands(content(site(), "verification"))[-1]
    assert shlex.split(by_hand) == [
        *("vzdump", "101", "105", "--storage", "nas-backups", "--mode", "snapshot", "--compress", "zstd"),
        *("--prune-backups", "keep-last=2", "--notes-template", "{{guestname}}", "--tmpdir", "/var/tmp"),
    ]


def test_deviations_of_every_kind_show_with_their_reason() -> None:
    until = {"reason": "the disks are late", "until": "2026-12-31"}
    text = content(
        site(
            {
                ("rules",): {"order": until},
                ("exemptions",): {"103/mp0": "downloads come again", "107": "a test machine"},
                ("guests", "105", "deferred"): "it moves to a Raspberry",
                ("tiers", "p2", "guests"): [101],
                ("tiers", "p1", "enabled"): False,
                ("acknowledge",): ["backup-home-p2-weekly"],
            }
        ),
        "governance",
    )
    rows = {line for line in text.splitlines() if line.startswith("| ")}
    assert "acknowledged" not in text, "it is for one run, and taking it back is no change of the document"
    assert rows >= {
        "| `order` (exempt until 2026-12-31) | warning | A tier starts once every earlier tier is done: P0 before P1. |"
        " What is critical is safe before anything else begins. |",
        "| rule `order` | exempt until 2026-12-31 | The disks are late. |",
        "| guest 105 pihole-home | its backup is deferred | It moves to a Raspberry. |",
        "| disk 103/mp0 | is not backed up | Downloads come again. |",
        "| guest 107 | is not backed up | A test machine. |",
        "| tier p1 | its job `backup-home-p1-daily` is disabled | Config-heavy, slow to rebuild. |",
    }


def test_a_site_without_deviations_or_apps_says_so() -> None:
    keep: dict[tuple[str, ...], Any] = {("tiers", "p2", "retention"): {"keep-last": 3}, ("apps",): {}}
    keep |= {("inventory",): None, ("home-assistant",): None}
    assert "| off-site | no task of Hyper Backup carries the archives on | It is a later step. |" in content(
        site(keep), "governance"
    )
    task = {("nas", "dsm"): {"hyper-backup": {"to the attic": {"folders": ["/backups"]}}}}
    text = content(site(keep | task), "governance")
    assert "There are none." in text
    assert "| to the attic | `/backups` | 192 h |" in text
    assert "### Apps" not in content(site(keep), "configuration")


def test_what_is_declared_shows_in_the_commands() -> None:
    drill = {("drill",): {"vmids": "9800-9899"}}
    assert "homebackup drill --next" in commands(content(site(drill), "verification"))
    assert not any("drill" in command for command in commands(content(site({("drill",): None}), "verification")))
    timers = {("timers",): {"verify": "sun 11:00", "notify": "*:0/15"}}
    assert "| notify | `*:0/15` |\n| verify | `sun 11:00` |" in content(site(timers), "verification")
    plain = content(site({("tiers", "p0", "compress"): "gzip", ("tiers", "p1", "compress"): "0"}), "verification")
    assert "vzdump-qemu-100-*.vma.gz | tail -n 1)\ngzip -t" in plain
    assert "vzdump-lxc-103" not in plain, "what is not compressed has no test of its own"


def test_who_makes_the_files_of_apps_is_told_as_far_as_it_is_declared() -> None:
    text = content(site(), "configuration")
    said = "home-assistant: itself, every day at `05:00`, to `hassio.nas_backups`; 7 copies are kept."
    assert said in text
    assert said not in content(site({("home-assistant",): None}), "configuration")
    assert "- `homebackup app verify home-assistant`" in content(site(), "verification")
    assert "app verify" not in content(site({("home-assistant",): None}), "verification")
    dump = {"recipe": "postgres", "to": "/var/backups", "schedule": "02:10", "keep": 3}
    app = {"guest": 101, "classification": "important", "stale-after-hours": 48, "dump": dump}
    text = content(site({("apps", "immich"): app}), "configuration")
    assert "immich: a script in guest 101 (postgres) at `02:10`, into `/var/backups`; 3 are kept." in text
    rule = {("nas", "dsm"): {"exports": {"backups": {"10.0.0.50": {}}}}}
    assert "| `backups` | `10.0.0.50` | rw | stays root |" in content(site(rule), "configuration")


@pytest.mark.parametrize("name", SECTIONS)
def test_names_of_others_stay_text(name: SectionName) -> None:
    evil = HOSTILE + "$(touch /x);' <!-- homebackup: end home-restore -->"
    changes: dict[Path_, Any] = {
        ("nas", "name"): evil,
        ("mount", "export"): f"/volume1/{evil}",
        ("guests", "100", "name"): evil,
        ("guests", "100", "notes"): evil,
        ("tiers", "p2", "rationale"): evil,
        ("apps", "immich", "deferred"): evil,
        ("apps", "home-assistant", "glob"): evil,
        ("apps", "home-assistant", "path"): f"/{evil}",
        ("windows", 0, "name"): evil,
        ("rules",): {"order": {"reason": evil, "until": "2026-12-31"}},
    }
    text = content(site(changes), name)
    assert check(DocumentSection, {"file": "A.md", "section": "s", "content": text})[1] == {}
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = {child.type for token in tokens for child in (token, *(token.children or ()))}
    assert not {"html_inline", "html_block", "link_open", "image"} & kinds
    for command in commands(text):
        assert "touch" not in command.replace(shlex.quote(f"10.0.0.150:/volume1/{evil}"), "")
    cells = [len(re.findall(r"(?<!\\)\|", line)) for line in content(site(), name).splitlines() if line[:2] == "| "]
    assert (
        cells == [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line[:2] == "| "][: len(cells)]
    )


def test_sections_come_in_the_order_in_which_they_are_declared_under_the_sites_name() -> None:
    told = list(wanted.sections(site({("name",): "the shop, 2nd"}), content))
    assert [name for name, _ in told] == [
        "BACKUP_GOVERNANCE.md#the-shop-2nd-governance",
        "MINILAB_SSOT.md#the-shop-2nd-configuration",
        "MINILAB_SSOT.md#the-shop-2nd-verification",
        "MINILAB_SSOT.md#the-shop-2nd-restore",
    ]
    assert check(DocumentSection, told[0][1])[1] == {}
