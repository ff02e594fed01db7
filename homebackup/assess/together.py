"""What verdicts, coverage and everything unseen come to together."""

from collections.abc import Iterable, Sequence

from homebackup.assess.coverage import Coverage
from homebackup.assess.verdict import Verdict, Worst, worst
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.seen import Unseen


def together(judged: Sequence[Verdict], found: Coverage) -> Worst:
    """What verdicts and coverage come to; of the coverage only what no verdict tells already."""
    return worst(judged, attention=any(not cover.declared or cover.state == "partly" for cover in found.open))


def blind(judged: Iterable[Verdict]) -> bool:
    """Whether anything that counts could not be seen, whatever is known of the rest."""
    return any(verdict.counted and verdict.state == "UNKNOWN" for verdict in judged)


def unseen(facts: SiteFacts) -> list[Unseen]:
    """Every part that could not be looked at, each reason once."""
    parts = [facts.nas, facts.jobs, facts.storages, facts.guests, facts.tasks, facts.verified, facts.neighbours]
    return list(dict.fromkeys(part for part in (*parts, *facts.dumps.values()) if isinstance(part, Unseen)))
