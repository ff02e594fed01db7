"""Every rule with what a site's declaration makes of it: kept, broken, exempt for a time, or to be looked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from homebackup.assess.doubt import Doubt, has_ended, not_exempt
from homebackup.assess.lint import doubts
from homebackup.model.rules import RULES, Rule
from homebackup.model.seen import Unseen
from homebackup.model.site import Site

State = Literal["broken", "exempt", "kept", "measured"]


@dataclass(frozen=True)
class Judged:
    """One rule: what broke it, also where the site is exempt, and whether that concerns a critical guest.

    What is `measured` takes a look at the site. `ended` tells that there was an exemption.
    """

    id: str
    rule: Rule
    state: State
    found: tuple[Doubt, ...] = ()
    critical: bool = False
    ended: bool = False


def governed(site: Site, now: float, zone: ZoneInfo, neighbours: Sequence[Site] | Unseen = ()) -> list[Judged]:
    """Every rule in the table's order; times of the declaration are taken to be of `zone`.

    `neighbours` are other sites that use the same NAS.
    """
    told = doubts(site, zone, now, neighbours=neighbours)
    still = list(not_exempt(site, told, now, zone))
    return [_judged(site, name, told, still, ended=has_ended(site, name, now, zone)) for name in RULES]


def _judged(site: Site, name: str, told: Iterable[Doubt], still: Iterable[Doubt], *, ended: bool) -> Judged:
    found = tuple(doubt for doubt in still if doubt.id == name)
    if found:
        critical = any(_critical(site, doubt.subject) for doubt in found)
        return Judged(name, RULES[name], "broken", found, critical, ended)
    if name in site.rules and not ended:
        return Judged(name, RULES[name], "exempt", tuple(doubt for doubt in told if doubt.id == name))
    return Judged(name, RULES[name], "measured" if RULES[name].measured else "kept", ended=ended)


def _critical(site: Site, subject: str) -> bool:
    """Whether a critical guest is among those that a doubt is about; of mount and storage all are."""
    kind, _, name = subject.partition(" ")
    if kind == "guest":
        concerned = {int(name)}
    else:
        tiers = [tier for of, tier in site.tiers.items() if name in (of, tier.job) or kind in ("mount", "storage")]
        concerned = {int(vmid) for tier in tiers for vmid in tier.guests}
    return any(site.guests[vmid].classification == "critical" for vmid in concerned)
