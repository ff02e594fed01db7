"""Everything that is judged of a site at one moment, for views that show all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from homebackup.assess.agenda import Agenda, agenda
from homebackup.assess.coverage import Coverage, coverage
from homebackup.assess.entry import distinct, entries
from homebackup.assess.forecast import Forecast, Transfer
from homebackup.assess.guest import verdicts
from homebackup.assess.outlook import capacity, outlooks, transfers
from homebackup.assess.restoring import Restore, restores
from homebackup.assess.sizes import Point, sizes
from homebackup.assess.together import together, unseen
from homebackup.assess.verdict import Verdict, Worst
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import Site

AHEAD = 90
"""Days that the forecast looks ahead."""


@dataclass(frozen=True)
class Account:
    """A site, what was found of it and what that comes to; `sizes` is by VMID, `unseen` what nobody could look at.

    `every` verdict is in that too which says nothing of its own: those on most entries of the inventory.
    """

    site: Site
    facts: SiteFacts
    verdicts: tuple[Verdict, ...]
    every: tuple[Verdict, ...]
    coverage: Coverage
    worst: Worst
    agenda: Agenda
    needs: tuple[Forecast, ...]
    transfers: tuple[Transfer, ...]
    sizes: Mapping[int, tuple[Point, ...]]
    restores: tuple[Restore, ...]
    unseen: tuple[Unseen, ...]

    @property
    def zone(self) -> ZoneInfo:
        """The node's time zone."""
        return ZoneInfo(self.facts.zone)


def account(site: Site, facts: SiteFacts) -> Account:
    """What the facts of a site come to."""
    found = coverage(site, facts)
    guests = verdicts(site, facts, found)
    every = guests + entries(site, facts, guests)
    judged = distinct(every)
    planned = agenda(site, facts, facts.now)
    told = outlooks(site, facts, planned, facts.now, AHEAD)
    return Account(
        site,
        facts,
        judged,
        every,
        found,
        together(judged, found),
        planned,
        tuple(capacity(facts, told, facts.now)),
        tuple(transfers(facts, planned, told, facts.now)),
        sizes(facts),
        restores(facts, judged),
        tuple(unseen(facts)),
    )
