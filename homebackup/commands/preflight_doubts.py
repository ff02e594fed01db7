"""What `homebackup preflight` doubts of a declaration, once it has looked at the site."""

from homebackup.assess.account import account
from homebackup.assess.doubting import doubted
from homebackup.model.finding import Finding
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.world.gather import gather
from homebackup.world.live_site import LiveSite


async def doubts(site: Site, live: LiveSite) -> list[Finding]:
    """Each doubt with its lint's id, and what could not be had for want of a look; a NAS may be mounted only later."""
    facts = await gather(site, live)
    found = [
        Finding(
            "trouble" if doubt.level == "error" else "warning",
            doubt.subject,
            f"{doubt.said} ({doubt.id})",
            doubt.remedy,
        )
        for doubt in doubted(account(site, facts), every_guest=live.connection.is_root)
    ]
    blind = [part for part in (facts.jobs, facts.guests, facts.tasks) if isinstance(part, Unseen)]
    found += [Finding("unknown", "lints", why.said, why.remedy) for why in dict.fromkeys(blind)]
    found += [
        Finding("note", f"storage {name}", f"{why.said}, so whether archives will fit is not known", why.remedy)
        for name, why in facts.dumps.items()
        if isinstance(why, Unseen)
    ]
    return found or [Finding("well", "lints", "nothing in the declaration is doubtful")]
