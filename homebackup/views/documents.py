"""What verbs say as data: what `--json` prints and a server answers; docs holds the schemas."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from homebackup.assess.audit import Audit, Class
from homebackup.assess.coverage import Cover, Coverage, Waste
from homebackup.assess.governance import Judged, State
from homebackup.assess.together import together, unseen
from homebackup.assess.verdict import Verdict, Worst
from homebackup.model.backups.facts import SiteFacts, Space
from homebackup.model.finding import Finding
from homebackup.model.rules import Level
from homebackup.model.seen import Unseen
from homebackup.model.site import Site


@dataclass(frozen=True)
class StatusDocument:
    """`homebackup status --json`.

    `unknown` says what could not be seen; `now` is the epoch by the host's clock and `skew` the seconds by which that
    is ahead of ours; `way` is ssh, https or both; `coverage` holds the guests whose cover is open.
    """

    verdicts: list[Verdict]
    unknown: list[str]
    site: str
    now: float
    zone: str
    way: str
    skew: float | None
    worst: Worst
    coverage: list[Cover]
    space: dict[str, Space]


@dataclass(frozen=True)
class CoverageDocument:
    """`homebackup coverage --json`: every guest of the cluster and of the site, and files that serve nobody."""

    guests: list[Cover]
    unknown: list[str]
    site: str
    leftovers: list[Waste]


@dataclass(frozen=True)
class PreflightDocument:
    """`homebackup preflight --json`: every finding, what could not be seen being in `unknown` too."""

    findings: list[Finding]
    unknown: list[str]
    site: str


@dataclass(frozen=True)
class Thing:
    """One thing that an audit met: its class, why it has that in half a sentence, and what to do."""

    noun: str
    name: str
    state: Class
    said: str
    remedy: str
    differences: tuple[str, ...]


@dataclass(frozen=True)
class AuditDocument:
    """`homebackup audit --json`; `path` is the command that leads to what is declared, empty where there is none."""

    audit: list[Thing]
    unknown: list[str]
    site: str
    path: str


@dataclass(frozen=True)
class Breach:
    """What breaks a rule."""

    subject: str
    said: str
    remedy: str


@dataclass(frozen=True)
class Exempt:
    """Why a rule may be broken, until which day (YYYY-MM-DD), and whether that is over."""

    reason: str
    until: str
    ended: bool


@dataclass(frozen=True)
class RuleState:
    """One rule and what the declaration makes of it; `measured` takes a look at the site, which preflight takes."""

    id: str
    level: Level
    says: str
    why: str
    state: State
    critical: bool
    found: list[Breach]
    exemption: Exempt | None


@dataclass(frozen=True)
class RulesDocument:
    """`homebackup rules --json`."""

    rules: list[RuleState]
    unknown: list[str]
    site: str


DOCUMENTS: dict[str, type[Any]] = {
    "status": StatusDocument,
    "coverage": CoverageDocument,
    "preflight": PreflightDocument,
    "audit": AuditDocument,
    "rules": RulesDocument,
}
"""The documents by the verbs that print them."""


def status(site: Site, facts: SiteFacts, judged: Sequence[Verdict], found: Coverage) -> StatusDocument:
    """Everything that status says."""
    return StatusDocument(
        verdicts=list(judged),
        unknown=[str(part) for part in unseen(facts)],
        site=site.name,
        now=facts.now,
        zone=facts.zone,
        way=facts.way,
        skew=facts.skew,
        worst=together(judged, found),
        coverage=list(found.open),
        space={name: part for name, part in facts.space.items() if not isinstance(part, Unseen)},
    )


def coverage(site: Site, found: Coverage) -> CoverageDocument:
    """Everything that coverage says."""
    unknown = [str(part) for part in found.unseen]
    return CoverageDocument(list(found.guests), unknown, site.name, list(found.waste))


def preflight(site: Site, found: Sequence[Finding]) -> PreflightDocument:
    """Everything that preflight says."""
    unknown = [f"{one.subject}: {one.said}" for one in found if one.level == "unknown"]
    return PreflightDocument(list(found), unknown, site.name)


def audit(site: Site, found: Audit, path: str) -> AuditDocument:
    """Everything that audit says."""
    things = [Thing(i.noun, i.name, i.state, i.said, i.remedy, i.differences) for i in found.items]
    return AuditDocument(things, [str(part) for part in found.unseen], site.name, path)


def rules(site: Site, judged: Sequence[Judged], unseen: Sequence[Unseen]) -> RulesDocument:
    """Everything that rules says."""
    return RulesDocument([_rule(site, one) for one in judged], [str(part) for part in unseen], site.name)


def _rule(site: Site, one: Judged) -> RuleState:
    exemption, rule = site.rules.get(one.id), one.rule
    found = [Breach(doubt.subject, doubt.said, doubt.remedy) for doubt in one.found]
    exempt = Exempt(exemption.reason, exemption.until.isoformat(), one.ended) if exemption else None
    return RuleState(one.id, rule.level, rule.says, rule.why, one.state, one.critical, found, exempt)


def schema(verb: str) -> dict[str, Any]:
    """The JSON schema of a verb's document."""
    return TypeAdapter(DOCUMENTS[verb]).json_schema(mode="serialization")
