"""One finding of a rule: what is doubtful of a declaration, and what to write instead."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from homebackup.model.rules import RULES, Level
from homebackup.model.site import Site
from pverules.local_time import wall_at


@dataclass(frozen=True)
class Doubt:
    """What a rule found: `subject` is the tier, guest or job, `said` what is doubtful, `remedy` what to write."""

    id: str
    subject: str
    said: str
    remedy: str

    @property
    def level(self) -> Level:
        """How bad it is."""
        return RULES[self.id].level

    def __str__(self) -> str:
        return f"{self.subject}: {self.said}; {self.remedy} ({self.id})"


def not_exempt(site: Site, found: Iterable[Doubt], now: float, zone: ZoneInfo) -> Iterator[Doubt]:
    """The doubts but those whose rule the site is exempt from today; one whose exemption has ended says so."""
    for doubt in found:
        exemption = site.rules.get(doubt.id)
        if exemption is None:
            yield doubt
        elif has_ended(site, doubt.id, now, zone):
            said = f"{doubt.said}; the exemption ended with {exemption.until} ({exemption.reason})"
            yield replace(doubt, said=said)


def has_ended(site: Site, rule: str, now: float, zone: ZoneInfo) -> bool:
    """Whether the site's exemption from a rule is over in `zone`; it lasts to the end of its last day."""
    return rule in site.rules and wall_at(int(now), zone).date() > site.rules[rule].until
