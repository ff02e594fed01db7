"""What a preflight comes to: every finding of a look, what several of them met being said once."""

from collections.abc import Iterator

from homebackup.assess.account import account
from homebackup.assess.agenda import agenda
from homebackup.assess.doubting import doubted
from homebackup.assess.nas import of_management, of_off_site
from homebackup.assess.preflight_host import of_host
from homebackup.assess.preflight_nas import of_nas
from homebackup.assess.preflight_rights import of_rights
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.finding import Finding
from homebackup.model.preflight import ITEMS, Preflight
from homebackup.model.seen import Unseen
from homebackup.model.site import Site


def findings(site: Site, seen: Preflight) -> list[Finding]:
    """Everything that was found, in the order of the items."""
    found = [*of_host(site, seen), *of_nas(site, seen), *of_rights(site, seen), *_lints(site, seen)]
    found += _management(site, seen)
    found.sort(key=lambda one: list(ITEMS).index(one.id))
    unseen = [part for part in vars(seen).values() if isinstance(part, Finding)]
    first = {one.said: one for one in reversed(found) if one in unseen}
    return [one for one in found if one not in unseen or first[one.said] == one]


def _management(site: Site, seen: Preflight) -> Iterator[Finding]:
    """What the NAS tells of itself, where its management is kept."""
    told, facts = seen.management, seen.facts
    if isinstance(told, Finding):
        yield told
    elif told:
        yield from of_management(site, told)
    if isinstance(facts, SiteFacts) and facts.off_site:
        yield from of_off_site(site, facts, agenda(site, facts, facts.now).line.around)


def _lints(site: Site, seen: Preflight) -> Iterator[Finding]:
    """Whether what is declared will do what its owner wants of it, as far as one can tell."""
    facts = seen.facts
    if not isinstance(facts, SiteFacts) or isinstance(seen.host, Finding):
        return  # of a host that does not answer one sentence is enough
    found = [
        Finding(
            "lints",
            "trouble" if doubt.level == "error" else "warning",
            doubt.subject,
            f"{doubt.said} ({doubt.id})",
            doubt.remedy,
        )
        for doubt in doubted(account(site, facts), every_guest=seen.way.is_root)
    ]
    blind = [part for part in (facts.jobs, facts.guests, facts.tasks) if isinstance(part, Unseen)]
    found += [Finding("lints", "unknown", "lints", why.said, why.remedy) for why in dict.fromkeys(blind)]
    found += [
        Finding(
            "lints", "note", f"storage {name}", f"{why.said}, so whether archives will fit is not known", why.remedy
        )
        for name, why in facts.dumps.items()
        if isinstance(why, Unseen)
    ]
    yield from found or [Finding("lints", "well", "lints", "nothing in the declaration is doubtful")]
