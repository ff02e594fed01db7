"""The rules of a site: what the declaration breaks, and exemptions that end."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from homebackup.assess.doubt import not_exempt
from homebackup.assess.governance import Judged, governed
from homebackup.assess.lint import doubts
from homebackup.model.rules import RULES
from homebackup.model.site import InvalidSite, Site, read_site
from homebackup.views import rules as view
from tests.cases.sites import Path_, with_changes

ZONE = ZoneInfo("UTC")
NOON = datetime(2026, 2, 11, 12, tzinfo=UTC).timestamp()
P0 = ("tiers", "p0")


def exempt(until: Any, *rules: str) -> dict[Path_, Any]:
    return {("rules",): {rule: {"reason": "new disks come", "until": until} for rule in rules}}


def site(changes: dict[Path_, Any]) -> Site:
    return read_site(with_changes(changes))


def judged(changes: dict[Path_, Any], now: float = NOON) -> dict[str, Judged]:
    return {one.id: one for one in governed(site(changes), now, ZONE)}


BROKEN: dict[str, tuple[dict[Path_, Any], str, str, bool]] = {
    # what is changed in the home site, the rule, a part of what is said, whether a critical guest is concerned
    "a critical guest once a week": (
        {(*P0, "schedule"): "sun 03:00", ("guests", "100", "stale-after-hours"): 999},
        "critical-daily",
        "tier p0: sun 03:00 leaves up to 168 h between two runs, and guest 100 is critical; write a schedule that runs "
        "every day",
        True,
    ),
    "two archives of a critical guest": (
        {(*P0, "retention"): {"keep-last": 2}},
        "retention",
        "keep-last=2 of job backup-home-p0-daily keeps 2 archives of a guest, and guest 100 is critical; write "
        "retention: {keep-last: 3}",
        True,
    ),
    "one archive of any": (
        {("tiers", "p2", "retention"): {"keep-last": 1}},
        "retention",
        "keeps 1 archive of a guest, and every guest has at least two; write retention: {keep-last: 2}",
        False,
    ),
    "one archive by the storage": (
        {("tiers", "p2", "retention"): None, ("storage", "retention"): {"keep-last": 1}},
        "retention",
        "keep-last=1 of storage nas-backups",
        False,
    ),
    "a storage that takes files always": (
        {("storage", "is-mountpoint"): False},
        "mounted-only",
        "storage nas-backups: Proxmox VE writes to it also while nothing is mounted at /mnt/nas-backups",
        True,
    ),
    "an open directory": ({("mount", "immutable"): False}, "mounted-only", "mount /mnt/nas-backups: the dir", True),
    "a shared storage": (
        {("storage", "shared"): True},
        "not-shared",
        "storage nas-backups: Proxmox VE takes every node to have /mnt/nas-backups, which is mounted on pve alone",
        True,
    ),
    "a tmpdir on the NAS": (
        {("tiers", "p2", "tmpdir"): "/mnt/nas-backups/tmp"},
        "container-tmpdir",
        "tier p2: its tmpdir /mnt/nas-backups/tmp lies on the NAS, where a container's backup cannot",
        False,
    ),
    "p1 before p0": ({("tiers", "p1", "schedule"): "02:59"}, "order", "job backup-home-p1-daily", False),
}


@pytest.mark.parametrize(("changes", "rule", "part", "critical"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_against_the_policy_is_told_with_the_rule(
    changes: dict[Path_, Any], rule: str, part: str, critical: bool
) -> None:
    one = judged(changes)[rule]
    assert one.state == "broken"
    assert part in "\n".join(map(str, one.found))
    assert one.critical is critical
    assert judged({})[rule].state == "kept"


@pytest.mark.parametrize(
    "changes",
    [
        {(*P0, "retention"): {"keep-all": 1}},
        {(*P0, "retention"): {"keep-daily": 2, "keep-weekly": 1}},
        {(*P0, "schedule"): "*-*-* 03:00"},
        {("tiers", "p0", "tmpdir"): "/mnt/nas-backups/tmp"},
        {("tiers", "p2", "tmpdir"): "/mnt/nas-backups-tmp"},
    ],
    ids=str,
)
def test_what_the_policy_allows(changes: dict[Path_, Any]) -> None:
    assert {one.id for one in judged(changes).values() if one.state == "broken"} == {"stale-too-early"}


@pytest.mark.parametrize(
    "until",
    [
        "2026-02-11",
        date(2026, 2, 11),
        datetime(2026, 2, 11, tzinfo=UTC),
        "2026-02-11 00:00:00 +0000 UTC",  # what Pulumi makes of a date without quotes
        "2026-02-11T00:00:00Z",
    ],
    ids=repr,
)
def test_an_exemption_holds_to_the_end_of_its_day_and_is_told_of_afterwards(until: Any) -> None:
    changes = exempt(until, "stale-too-early")
    last, next_day = NOON + 12 * 3600 - 1, NOON + 12 * 3600
    assert judged(changes, last)["stale-too-early"].state == "exempt"
    assert list(not_exempt(site(changes), doubts(site(changes), ZONE, last), last, ZONE)) == []
    assert judged(changes, next_day)["stale-too-early"].state == "broken"
    told = list(not_exempt(site(changes), doubts(site(changes), ZONE, next_day), next_day, ZONE))
    assert len(told) == 2
    assert all("; the exemption ended with 2026-02-11 (new disks come); write" in str(doubt) for doubt in told)


@pytest.mark.parametrize(
    "until", ["2026-02-30", "2026-02-11 12:00:00 +0000 UTC", 20260211, "", "11.2.2026", None], ids=repr
)
def test_what_is_no_day_is_refused(until: Any) -> None:
    with pytest.raises(InvalidSite) as refused:
        site(exempt(until, "order"))
    assert list(refused.value.problems) == ["site.rules.order.until"]
    assert "is not a date such as 2026-12-31" in str(refused.value)


def test_the_day_ends_by_the_nodes_wall_clock() -> None:
    changes = exempt("2026-02-11", "stale-too-early")
    one, auckland = site(changes), ZoneInfo("Pacific/Auckland")
    assert list(not_exempt(one, doubts(one, auckland, NOON), NOON, auckland)) != []


def test_an_exemption_from_what_is_kept_says_so_and_hides_nothing_else() -> None:
    found = judged(exempt("2026-12-31", "order", "too-long"))
    assert (found["order"].state, found["order"].found) == ("exempt", ())
    assert found["stale-too-early"].state == "broken"
    assert found["too-long"].state == "exempt"
    assert found["does-not-fit"].state == "measured"


def test_a_terminal_has_every_rule_and_says_why() -> None:
    changes = exempt("2026-12-31", "retention") | {(*P0, "retention"): {"keep-last": 1}}
    one = site(changes)
    said = view.text(one, governed(one, NOON, ZONE))
    assert [rule for rule in RULES if rule not in said] == []
    assert "retention: exempt\n  until 2026-12-31: new disks come\n  tier p0: keep-last=1 of job" in said
    assert "stale-too-early: broken\n  guest 101: it is stale after 168 h" in said
    assert "order: " not in said
    assert max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_a_sentence_with_an_id_that_a_person_types(name: str) -> None:
    rule = RULES[name]
    assert rule.says.endswith(".")
    assert not rule.why or rule.why.endswith(".")
    assert "|" not in rule.says + rule.why
    assert name.replace("-", "").isalpha()
    assert name.islower()
