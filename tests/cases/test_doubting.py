"""What is doubted of a site that was looked at: its own runs, the jobs of others, and room."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from homebackup.assess.account import account
from homebackup.assess.doubting import doubted
from homebackup.model.backups.facts import SiteFacts, Space
from homebackup.model.seen import Unseen
from tests.cases.told_site import declared, well

SITE = declared()
GOOD = well(SITE)


def said(facts: SiteFacts, *, every_guest: bool = True) -> dict[str, list[str]]:
    """The subjects by lint."""
    found: dict[str, list[str]] = {}
    for doubt in doubted(account(SITE, facts), every_guest=every_guest):
        found.setdefault(doubt.id, []).append(doubt.subject)
    return found


def of_another(**options: Any) -> SiteFacts:
    """The site with a job that is not declared."""
    assert not isinstance(GOOD.jobs, Unseen)
    section = {"id": "by-hand", "schedule": "12:00", "vmid": "105", "storage": "local", "enabled": 1} | options
    return replace(GOOD, jobs=(*GOOD.jobs, section))


def test_what_others_run_is_looked_through_too() -> None:
    ignored = {"mailnotification": "always"}
    usual = said(GOOD)
    assert said(of_another(**ignored)) == usual | {"notification-ignored": ["job by-hand"]}
    assert said(of_another(**ignored, enabled=0)) == usual, "what does not run ignores nothing"


def test_a_job_of_guests_that_are_gone_unless_some_may_be_hidden() -> None:
    gone = of_another(vmid="199")
    assert said(gone)["no-guests"] == ["job by-hand"]
    assert "no-guests" not in said(gone, every_guest=False)
    assert "no-guests" not in said(replace(gone, guests=Unseen("host: it is away", "wait")))


def test_archives_that_will_not_fit() -> None:
    assert "does-not-fit" not in said(GOOD)
    full = replace(GOOD, space={SITE.storage.name: Space(10, 10, 0)})
    assert said(full)["does-not-fit"] == [f"storage {SITE.storage.name}"]


def test_measured_runs_count_against_a_threshold() -> None:
    doubts = doubted(account(SITE, GOOD), every_guest=True)
    (stale,) = (doubt.said for doubt in doubts if doubt.id == "stale-too-early" and doubt.subject == "guest 101")
    assert "a run usually takes" in stale
