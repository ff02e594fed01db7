"""The metrics, as Prometheus' own parser reads them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from homebackup.assess.account import Account, account
from homebackup.assess.verdict import STATES
from homebackup.model.backups.drill import Drilled
from homebackup.views import metrics
from homebackup.views.metrics import Looking
from tests.cases.played_backups import GIB
from tests.cases.told_site import HOSTILE, declared, hostile, troubled, well

FRESH = Looking(good=True, age=30.0)
Samples = dict[str, dict[frozenset[tuple[str, str]], float]]


def read(told: Account | None, looking: Looking = FRESH) -> Samples:
    """Every sample by its name and labels."""
    found: Samples = {}
    for family in text_string_to_metric_families(metrics.text(told, looking).decode()):
        assert family.documentation.endswith(".")
        assert family.type == "gauge"
        for sample in family.samples:
            labels = frozenset(sample.labels.items())
            assert labels not in found.setdefault(sample.name, {})
            found[sample.name][labels] = sample.value
    return found


def of(samples: Samples, name: str, **labels: str) -> dict[str, float]:
    """The samples with these labels, by VMID and, where there is one, state."""
    found = {}
    for known, value in samples.get(f"homebackup_{name}", {}).items():
        if labels.items() <= dict(known).items():
            found["/".join(dict(known).get(key, "") for key in ("vmid", "state", "storage")).strip("/")] = value
    return found


def test_each_verdict_is_in_one_state() -> None:
    samples = read(account(declared(), troubled(declared())))
    for state in STATES:
        assert len(of(samples, "verdict", kind="guest", state=state)) == 5
    true = {name for name, value in of(samples, "verdict", kind="guest").items() if value}
    assert true == {"100/BROKEN", "102/STALE", "103/FAILED", "101/OK", "105/OK"}
    assert of(samples, "worst") == {"well": 0, "attention": 0, "critical": 1, "unknown": 0}


def test_archives_and_runs() -> None:
    told = account(declared(), well(declared()))
    samples = read(told)
    first = told.verdicts[0]
    assert first.newest is not None
    assert of(samples, "archive_age_seconds", vmid="100") == {"100": told.facts.now - first.newest + 30}
    assert of(samples, "last_success_timestamp_seconds", vmid="100") == {"100": first.newest}
    assert of(samples, "archive_size_bytes", vmid="100") == {"100": first.size}
    assert of(samples, "next_run_timestamp_seconds", vmid="100") == {"100": first.next_run}
    assert of(samples, "missed_runs", kind="guest") == dict.fromkeys(("100", "101", "102", "103", "105"), 0)
    assert of(samples, "storage_free_bytes") == {"nas-backups": 2200 * GIB}
    assert of(samples, "unknown_parts") == {"": 0}


def test_what_is_not_there_has_no_sample() -> None:
    samples = read(account(declared(), troubled(declared())))
    assert "102" not in of(samples, "archive_age_seconds")
    assert "102" not in of(samples, "archive_size_bytes")


def test_hostile_labels_arrive_as_they_are() -> None:
    found = map(dict, read(hostile())["homebackup_verdict"])
    names = {labels["name"] for labels in found if labels["kind"] == "guest"}
    assert names == {HOSTILE}


@pytest.mark.parametrize("good", [True, False])
def test_the_looking_itself(good: bool) -> None:
    samples = read(account(declared(), well(declared())), Looking(good, 7200.0))
    assert samples["homebackup_gather_success"] == {frozenset(): good}
    assert samples["homebackup_gather_age_seconds"] == {frozenset(): 7200.0}


def test_before_the_first_look_only_that_is_said() -> None:
    assert read(None, Looking(good=False, age=None)) == {"homebackup_gather_success": {frozenset(): 0.0}}


def test_a_full_storage_has_a_date() -> None:
    told = account(declared(), troubled(declared()))
    full = replace(told, needs=(replace(told.needs[0], full=1_800_000_000),))
    assert of(read(full), "storage_full_timestamp_seconds") == {"nas-backups": 1_800_000_000}
    assert of(read(told), "storage_full_timestamp_seconds") == {}


def test_drills() -> None:
    site = declared()
    facts = well(site)
    passed = Drilled(facts.now - 90, 102, 9900, "x.vma.zst", 51.4, 9, ok=True, said="its guest agent answered")
    failed = Drilled(facts.now - 60, 105, 9900, "y.tar.zst", 2.0, 9, ok=False, said="it does not start")
    samples = read(account(site, replace(facts, drilled=(passed, failed))))
    assert of(samples, "last_drill_success") == {"102": 1, "105": 0}
    times = of(samples, "last_drill_timestamp_seconds")
    assert times == {"102": int(passed.time), "105": int(failed.time)}
    assert of(read(account(site, facts)), "last_drill_success") == {}
