"""Status and coverage as data: what `--json` prints and a server answers; docs holds the schemas of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from homebackup.assess.coverage import Cover, Coverage, Waste
from homebackup.assess.together import together, unseen
from homebackup.assess.verdict import Verdict, Worst
from homebackup.model.backups.facts import SiteFacts, Space
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


DOCUMENTS: dict[str, type[Any]] = {"status": StatusDocument, "coverage": CoverageDocument}
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


def schema(verb: str) -> dict[str, Any]:
    """The JSON schema of a verb's document."""
    return TypeAdapter(DOCUMENTS[verb]).json_schema(mode="serialization")
