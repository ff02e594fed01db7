"""How all backups stand, as metrics for Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from homebackup.assess.account import Account
from homebackup.assess.verdict import STATES, Worst
from homebackup.model.backups.facts import Space
from homebackup.model.plain import plain_line

TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The content type of what is returned here."""
OF = ("site", "kind", "name", "vmid", "tier", "critical")
"""The labels of a guest or app."""
WORST: tuple[Worst, ...] = ("well", "attention", "critical", "unknown")


@dataclass(frozen=True)
class Looking:
    """How the looking itself goes: whether the last look was `good`, and the seconds since the newest that was."""

    good: bool
    age: float | None


def text(told: Account | None, looking: Looking) -> bytes:
    """The metrics in Prometheus' text format; without an account only those of the looking."""
    registry = CollectorRegistry(auto_describe=True)
    good = Gauge("homebackup_gather_success", "1 if the last look at the site ended well.", registry=registry)
    good.set(looking.good)
    if told is not None and looking.age is not None:
        age = Gauge("homebackup_gather_age_seconds", "Age of what all the others tell.", registry=registry)
        age.set(looking.age)
        _of_site(told, registry)
        _of_verdicts(told, looking.age, registry)
    return generate_latest(registry)


def _of_site(told: Account, registry: CollectorRegistry) -> None:
    site = plain_line(told.site.name)
    worst = Gauge("homebackup_worst", "1 for what all verdicts come to.", ("site", "state"), registry=registry)
    for state in WORST:
        worst.labels(site, state).set(told.worst == state)
    unknown = Gauge("homebackup_unknown_parts", "Parts that could not be looked at.", ("site",), registry=registry)
    unknown.labels(site).set(len(told.unseen))
    gathered = Gauge(
        "homebackup_gather_timestamp_seconds", "When it was looked, by the host's clock.", ("site",), registry=registry
    )
    gathered.labels(site).set(told.facts.now)
    on = ("site", "storage")
    free = Gauge("homebackup_storage_free_bytes", "Free bytes of a storage of archives.", on, registry=registry)
    total = Gauge("homebackup_storage_size_bytes", "Bytes of a storage of archives.", on, registry=registry)
    for name, space in told.facts.space.items():
        if isinstance(space, Space) and space.total:
            free.labels(site, name).set(space.free)
            total.labels(site, name).set(space.total)
    full = Gauge(
        "homebackup_storage_full_timestamp_seconds", "When a storage is forecast to be full.", on, registry=registry
    )
    for need in told.needs:
        if need.full is not None:
            full.labels(site, need.storage).set(need.full)


def _of_verdicts(told: Account, age: float, registry: CollectorRegistry) -> None:
    def gauge(name: str, said: str, *more: str) -> Gauge:
        return Gauge(f"homebackup_{name}", said, (*OF, *more), registry=registry)

    state = gauge("verdict", "1 for the state of the verdict on a guest or app.", "state")
    aged = gauge("archive_age_seconds", "Seconds since the backup of the newest good archive began.")
    size = gauge("archive_size_bytes", "Bytes of the newest good archive.")
    success = gauge("last_success_timestamp_seconds", "When the backup of the newest good archive began.")
    following = gauge("next_run_timestamp_seconds", "When its job runs next.")
    missed = gauge("missed_runs", "Runs of its job since the newest good archive that left none.")
    drilled = gauge("last_drill_timestamp_seconds", "When a guest was last restored in a drill.")
    passed = gauge("last_drill_success", "1 if that drill passed.")
    for verdict in told.verdicts:
        whose: Mapping[str, str] = {
            "site": plain_line(told.site.name),
            "kind": verdict.kind,
            "name": plain_line(verdict.name),
            "vmid": "" if verdict.vmid is None else str(verdict.vmid),
            "tier": plain_line(verdict.tier),
            "critical": "1" if verdict.critical else "0",
        }
        for one in STATES:
            state.labels(**whose, state=one).set(verdict.state == one)
        missed.labels(**whose).set(verdict.missed)
        if verdict.newest is not None:
            aged.labels(**whose).set(told.facts.now - verdict.newest + age)
            success.labels(**whose).set(verdict.newest)
            size.labels(**whose).set(verdict.size or 0)
        if verdict.drilled is not None and verdict.kind == "guest":
            drilled.labels(**whose).set(verdict.drilled)
            passed.labels(**whose).set(verdict.drill == "ok")
        if verdict.next_run is not None:
            following.labels(**whose).set(verdict.next_run)
