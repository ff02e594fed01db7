"""What is doubtful in a declaration, and the figures that are proposed instead."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from homebackup.assess.forecast import Forecast, Transfer
from homebackup.assess.jobs import Job
from homebackup.assess.lint import doubts, of_forecast, of_job
from homebackup.assess.usual import Usual
from homebackup.model.site import Site, read_site
from homebackup.model.spelling import from_wire
from homebackup.resources.vzdump_job import VzdumpJob

ROOT = Path(__file__).resolve().parents[2]
HOME: Any = yaml.safe_load((ROOT / "Pulumi.home.yaml").read_text())["config"]["home-backup:site"]
UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 2, 11, 12, tzinfo=BERLIN).timestamp()


def site(**changes: Any) -> Site:
    """The home site with changes by path, as `tiers.p0.schedule`, `_` standing for the dash and `__` for the dot."""
    declared = deepcopy(HOME)
    for path, value in changes.items():
        *parents, last = path.replace("__", ".").replace("_", "-").split(".")
        place = declared
        for name in parents:
            place = place[name]
        place[last] = value
    return read_site(declared)


def told(one: Site, zone: ZoneInfo = BERLIN, **minutes: int) -> list[tuple[str, str]]:
    usual = {name.replace("_", "-"): Usual(length * 60, 9) for name, length in minutes.items()}
    return [(doubt.id, doubt.subject) for doubt in doubts(one, zone, NOW, usual)]


def said(one: Site, zone: ZoneInfo = BERLIN) -> str:
    return "\n".join(map(str, doubts(one, zone, NOW)))


@pytest.mark.parametrize("zone", [UTC, BERLIN], ids=str)
def test_the_home_site_flaps_once_a_week_and_that_is_all(zone: ZoneInfo) -> None:
    assert told(site(), zone) == [("stale-too-early", "guest 101"), ("stale-too-early", "guest 105")]


def test_a_week_is_not_enough_for_a_weekly_job_and_a_figure_is_proposed() -> None:
    assert "guest 101: it is stale after 168 h, but sun 04:00 leaves up to 168 h between two runs" in said(site(), UTC)
    assert "write stale-after-hours: 170 (stale-too-early)" in said(site(), UTC)
    assert "leaves up to 169 h between two runs" in said(site(), BERLIN)
    for vmid in ("101", "105"):
        assert "write stale-after-hours: 171" in said(site(**{f"guests__{vmid}__stale-after-hours": 169}))
    proposed = site(**{"guests__101__stale-after-hours": 171, "guests__105__stale-after-hours": 171})
    assert doubts(proposed, BERLIN, NOW) == []


def test_the_usual_duration_counts() -> None:
    assert ("stale-too-early", "guest 100") not in told(site(), BERLIN, backup_home_p0_daily=14)
    assert ("stale-too-early", "guest 100") in told(site(), BERLIN, backup_home_p0_daily=61)


def test_p1_before_p0() -> None:
    assert ("order", "job backup-home-p1-daily") in told(site(tiers__p1__schedule="02:00"))
    assert ("order", "job backup-home-p1-daily") in told(site(), BERLIN, backup_home_p0_daily=20)
    assert "start it at 03:20 or later" in "\n".join(
        map(str, doubts(site(), BERLIN, NOW, {"backup-home-p0-daily": Usual(1200, 3)}))
    )


def test_a_run_in_a_window() -> None:
    assert ("window", "job backup-home-p0-daily") in told(site(tiers__p0__schedule="02:30"))


def test_a_run_in_the_gap_of_spring() -> None:
    gap = site(tiers__p0__schedule="02:30", windows=[])
    assert ("left-out", "job backup-home-p0-daily") in told(gap)
    assert "02:30 does not exist on 2026-03-29 in Europe/Berlin" in said(gap)
    assert ("left-out", "job backup-home-p0-daily") not in told(gap, UTC)


def test_a_disabled_tier() -> None:
    assert ("disabled", "tier p1") in told(site(tiers__p1__enabled=False))


@pytest.mark.parametrize(
    ("tier", "keep", "horizon", "proposed"),
    [
        ("p0", {"keep-last": 3}, 2, None),
        ("p0", {"keep-last": 3}, 3, "keep-last=4"),
        ("p0", {"keep-last": 3}, 28, "keep-last=3,keep-weekly=5"),
        ("p0", {"keep-daily": 7, "keep-weekly": 4}, 28, None),
        ("p0", {"keep-daily": 7, "keep-monthly": 2}, 180, "keep-daily=7,keep-monthly=7"),
        ("p0", {"keep-all": 1}, 365, None),
        ("p2", {"keep-last": 2}, 7, None),
        ("p2", {"keep-last": 2}, 14, "keep-last=3"),
        ("p2", {"keep-last": 2}, 180, "keep-last=2,keep-monthly=7"),
    ],
)
def test_a_horizon_that_retention_does_not_reach(tier: str, keep: Any, horizon: int, proposed: str | None) -> None:
    declared = site(**{f"tiers__{tier}__retention": keep, f"tiers__{tier}__horizon-days": horizon})
    found = [doubt for doubt in doubts(declared, BERLIN, NOW) if doubt.id == "horizon"]
    assert [doubt.remedy for doubt in found] == ([f"write retention: {proposed}"] if proposed else [])


def test_without_a_retention_of_its_own_a_tier_reaches_as_far_as_its_storage() -> None:
    declared = deepcopy(HOME)
    del declared["tiers"]["p0"]["retention"]
    declared["tiers"]["p0"]["horizon-days"] = 9
    assert "keep-last=3 of storage nas-backups reaches back 2 days at times" in said(read_site(declared))


def job(**options: Any) -> VzdumpJob:
    return from_wire(VzdumpJob, {"id": "j", "schedule": "03:00", "vmid": "100", **options})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, []),
        ({"mailnotification": "failure"}, ["mailnotification failure is ignored in mode auto without mailto"]),
        ({"mailnotification": "failure", "mailto": "a@example.org"}, []),
        ({"mailnotification": "always", "notification-mode": "notification-system"}, ["in mode notification-system"]),
        ({"mailto": "a@example.org", "notification-mode": "notification-system"}, ["mailto is ignored"]),
        ({"notification-mode": "legacy-sendmail"}, ["without mailto tells nobody"]),
        ({"notification-mode": "legacy-sendmail", "mailto": "a@example.org", "mailnotification": "failure"}, []),
        ({"notification-policy": "never"}, ["notification-policy is deprecated and ignored"]),
    ],
)
def test_notification_settings_that_proxmox_ignores(options: Any, words: list[str]) -> None:
    found = of_job(job(**options))
    assert len(found) == len(words)
    assert all(word in str(doubt) for word, doubt in zip(words, found, strict=True))


def test_a_job_without_guests_is_an_error() -> None:
    assert [doubt.level for doubt in of_job(from_wire(VzdumpJob, {"id": "j", "schedule": "03:00"}))] == ["error"]
    assert [str(doubt) for doubt in of_job(job(vmid="100,104"), [101])] == [
        "job j: none of its guests (100, 104) exists; delete it, or give it others (no-guests)"
    ]
    assert of_job(job(vmid="100,104"), [100]) == []
    assert of_job(from_wire(VzdumpJob, {"id": "j", "schedule": "03:00", "all": 1}), []) == []


def test_a_forecast_that_does_not_fit() -> None:
    late = Job("j", "03:00", (100,))
    needs = [Forecast("nas", 1, 2 << 30, 3 << 30, 1 << 30, int(NOW) + 9 * 86400, True)]
    needs.append(Forecast("b", 1, 1, 1, 9, None, True))
    times = [Transfer(late, 7 * 3600, True, 6 * 3600, "offsite sync"), Transfer(late, 60, True, 3600, "offsite sync")]
    assert [str(doubt) for doubt in of_forecast(needs, times, NOW)] == [
        "storage nas: archives need 3.0 GiB, there is room for 1.0 GiB, so it is full in 9 days;"
        " keep fewer archives, or make room (does-not-fit)",
        "job j: it usually takes 7 h and has 6 h until offsite sync;"
        " start it earlier, or move guests to another job (too-long)",
    ]


def test_another_site_on_the_same_nas_at_the_same_moment() -> None:
    shop = site(name="shop", tiers__p0__job="shop-p0")
    found = [doubt for doubt in doubts(site(), BERLIN, NOW, neighbours=[shop]) if doubt.id == "nas"]
    assert {doubt.subject for doubt in found} == {
        f"job {name}" for name in ("shop/shop-p0", "shop/backup-home-p1-daily", "shop/backup-home-p2-weekly")
    }
    assert doubts(site(), BERLIN, NOW, neighbours=[site(name="shop", nas__address="10.0.0.151")]) == doubts(
        site(), BERLIN, NOW
    )
