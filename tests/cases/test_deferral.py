"""A backup that waits until a guest runs: quiet as long as it does not, and an alarm as soon as it does."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from homebackup.assess.agenda import agenda
from homebackup.assess.coverage import coverage
from homebackup.assess.deferral import offer
from homebackup.assess.guest import verdicts
from homebackup.assess.rebuilding import giving_back
from homebackup.assess.verdict import Verdict, worst
from homebackup.model.backups.facts import Guest, SiteFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import InvalidSite, read_site
from tests.cases.sites import GONE, with_changes

WAITS = {"reason": "VM stopped.", "until": "guest 101 runs"}
RUNS = (Guest(101, "qemu", "immich", "pve", running=True),)
OFF = (Guest(101, "qemu", "immich", "pve"),)
DARK = Unseen("the node does not answer")


def verdict(name: str, guests: Any, **changes: Any) -> Verdict:
    site = read_site(with_changes({("apps", "immich", "deferred"): WAITS} | changes.get("site", {})))
    facts = SiteFacts(1_795_300_000.0, "UTC", "ssh", guests=guests)
    return next(one for one in verdicts(site, facts, coverage(site, facts)) if one.name == name)


TABLE = {
    "the guest is off": (OFF, "DEFERRED", "VM stopped, until guest 101 runs"),
    "the guest runs": (RUNS, "UNPROTECTED", "guest 101 runs, until which it was deferred (VM stopped)"),
    "nobody sees": (DARK, "DEFERRED", "VM stopped, until guest 101 runs"),
    "the guest is gone": ((), "DEFERRED", "VM stopped, until guest 101 runs"),
    "another one runs": ((Guest(102, "qemu", "x", "pve", running=True),), "DEFERRED", "VM stopped, until"),
}


@pytest.mark.parametrize("name", TABLE)
def test_an_app_that_waits(name: str) -> None:
    guests, state, said = TABLE[name]
    found = verdict("app immich", guests)
    assert (found.state, found.said[: len(said)]) == (state, said)
    assert worst([found]) == ("attention" if state == "UNPROTECTED" else "well")


def test_an_alarm_offers_what_to_write_which_the_site_takes() -> None:
    remedy = verdict("app immich", RUNS).remedy
    assert remedy == f"write {offer('immich')} in the place of deferred, and run pulumi up"
    for name in ("immich", "vaultwarden", "another"):
        told = yaml.safe_load(offer(name).replace("age1...", "age1" + "q" * 58))
        app = {"guest": 101, "classification": "important", "stale-after-hours": 48, **told}
        site = read_site(with_changes({("apps", name): app}))
        assert site.apps[name].in_guest


@pytest.mark.parametrize(("guests", "state"), [(OFF, "DEFERRED"), (RUNS, "UNPROTECTED"), (DARK, "DEFERRED")])
def test_a_guest_that_waits(guests: Any, state: str) -> None:
    changes = {("guests", "101", "deferred"): WAITS, ("tiers", "p2", "guests"): [105]}
    found = verdict("immich", guests, site=changes)
    assert found.state == state
    if state == "UNPROTECTED":
        assert found.said == "no job has it; guest 101 runs, until which it was deferred"
        assert found.remedy.startswith("take deferred out, and put it into a tier")


WRONG: dict[str, tuple[dict[Any, Any], str]] = {
    "waits for nothing that is": ({"reason": "x", "until": "guest 109 runs"}, "guest 109 is not declared under guests"),
    "waits for what nobody sees": ({"reason": "x", "until": "summer"}, "'summer' is nothing that can be looked at"),
    "waits without a reason": ({"until": "guest 101 runs"}, "is required"),
    "waits for an empty reason": ({"reason": " "}, "' ' is not a reason"),
    "waits with more": ({"reason": "x", "since": "2026"}, "deferred.since"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("where", [("apps", "immich"), ("guests", "101")])
def test_a_waiting_that_is_wrong(name: str, where: tuple[str, str]) -> None:
    deferred, said = WRONG[name]
    with pytest.raises(InvalidSite) as raised:
        read_site(with_changes({(*where, "deferred"): deferred}))
    assert said in str(raised.value)
    assert all(path.startswith(f"site.{'.'.join(where)}.deferred") for path in raised.value.problems)


DUMP = {"recipe": "vaultwarden", "to": "/var/backups/vaultwarden", "schedule": "04:00", "recipient": "age1" + "q" * 58}
WRONG_DUMPS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "no recipient": ({"recipient": GONE}, {"recipient": "is required by recipe vaultwarden"}),
    "a secret key": ({"recipient": "AGE-SECRET-KEY-1QQQ"}, {"recipient": "is a secret key"}),
    "no key of age": ({"recipient": "me@example.org"}, {"recipient": "is not a public key of age"}),
    "a command for a database": ({"command": "cat"}, {"command": "means nothing to recipe vaultwarden"}),
    "a database for a command": (
        {"recipe": "command", "database": "/x", "command": "cat"},
        {"database": "means nothing to recipe command"},
    ),
    "a command of nothing": ({"recipe": "command"}, {"command": "is required by recipe command"}),
    "a command of two lines": ({"recipe": "command", "command": "a\nb"}, {"command": "control character"}),
    "no recipe": ({"recipe": "mysql"}, {"recipe": "must be 'vaultwarden', 'postgres' or 'command'"}),
    "kept never": ({"keep": 0}, {"keep": "must be 1 to 1000"}),
    "nowhere": ({"to": "backups"}, {"to": "'backups' is not an absolute path"}),
    "never": ({"schedule": "*-02-30 03:00"}, {"schedule": "never runs"}),
}


@pytest.mark.parametrize("name", WRONG_DUMPS)
def test_a_dump_that_is_wrong(name: str) -> None:
    changes, said = WRONG_DUMPS[name]
    told = {key: value for key, value in (DUMP | changes).items() if value is not GONE}
    app = {"guest": 102, "classification": "critical", "stale-after-hours": 48, "dump": told}
    with pytest.raises(InvalidSite) as raised:
        read_site(with_changes({("apps", "vaultwarden"): app}))
    problems = raised.value.problems
    assert problems.keys() == {f"site.apps.vaultwarden.dump.{key}" for key in said}
    for key, words in said.items():
        assert words in problems[f"site.apps.vaultwarden.dump.{key}"]
        assert "SECRET-KEY-1" not in problems[f"site.apps.vaultwarden.dump.{key}"]


def test_a_dump_beside_what_it_ends_or_without_a_name() -> None:
    app = {"guest": 102, "classification": "critical", "stale-after-hours": 48, "dump": DUMP}
    with pytest.raises(InvalidSite, match="is over where there is a dump"):
        read_site(with_changes({("apps", "vaultwarden"): app | {"deferred": "later"}}))
    with pytest.raises(InvalidSite, match="names files and units of its dump"):
        read_site(with_changes({("apps", "Vault warden"): app}))


def test_the_calendar_tells_what_no_job_does() -> None:
    app = {"guest": 102, "classification": "critical", "stale-after-hours": 48, "dump": DUMP}
    site = read_site(with_changes({("apps", "immich", "deferred"): WAITS, ("apps", "vaultwarden"): app}))
    notes = agenda(site, None, 1_795_300_000.0).notes
    assert notes == [
        "app vaultwarden dumps itself in guest 102, 04:00 by its clock",
        "app immich is deferred: VM stopped, until guest 101 runs",
    ]


def test_the_runbook_opens_a_dump_before_it_gives_it_back() -> None:
    told = {}
    for recipe in ("vaultwarden", "postgres", "command"):
        more = {"recipe": recipe} | ({"command": "cat"} if recipe == "command" else {})
        dump = {**DUMP, **more} if recipe != "postgres" else {**DUMP, **more, "recipient": None}
        app = {"guest": 102, "classification": "critical", "stale-after-hours": 48, "dump": dump}
        told[recipe] = giving_back(recipe, read_site(with_changes({("apps", recipe): app})).apps[recipe])
    assert told["vaultwarden"].startswith("age -d -i KEY FILE | tar -xz -C FOLDER opens a dump, KEY being")
    assert "delete a db.sqlite3-wal" in told["vaultwarden"]
    assert told["postgres"].startswith("cat FILE | gunzip | psql --username=postgres postgres opens a dump. ")
    assert told["command"].startswith("age -d -i KEY FILE | gunzip opens a dump, KEY")
