"""Which archives guests are restored from, found by looking into as few of them as it takes."""

from collections.abc import Sequence

from homebackup.assess.coverage import coverage
from homebackup.assess.guest import verdicts
from homebackup.assess.picking import Pick, look, pick, wanted
from homebackup.assess.runbook import needed, place
from homebackup.assess.verdict import Verdict
from homebackup.assess.verifying import Checked
from homebackup.model.backups.facts import SiteFacts, Space
from homebackup.model.seen import Unseen
from homebackup.world.errors import Missing, Refused, Trouble, Unreachable
from homebackup.world.live_site import LiveSite
from homebackup.world.reading import AT_ONCE, Reader
from homebackup.world.rooms import rooms
from homebackup.world.stack import Stack
from homebackup.world.verified import place as verified_of
from homebackup.world.verified import results

RATE = 1.0
"""Nothing is read to its end here."""


def judged(declared: Stack, facts: SiteFacts) -> list[Verdict]:
    """The verdicts on the site's guests, which is what can be restored."""
    every = verdicts(declared.site, facts, coverage(declared.site, facts))
    return [verdict for verdict in every if verdict.vmid is not None]


def guest(declared: Stack, facts: SiteFacts, named: str) -> Verdict:
    """The one of them that has a VMID or name; raises Missing or Refused."""
    found = [verdict for verdict in judged(declared, facts) if named in (str(verdict.vmid), verdict.name)]
    if not found:
        raise Missing(f"guest {named}", "the site has none of that VMID or name", "see homebackup status")
    if len(found) > 1:
        vmids = ", ".join(str(verdict.vmid) for verdict in found)
        raise Refused(f"guest {named}", f"that is the name of {vmids}", "name one by its VMID")
    return found[0]


async def picked(
    declared: Stack, live: LiveSite, facts: SiteFacts, guests: Sequence[Verdict], named: str = ""
) -> list[Pick]:
    """The choice for each guest, among all archives or of the named one. Raises Unreachable and its kin."""
    site, known = declared.site, results(verified_of(declared.folder))
    reader = Reader(live.host, site.mount.target, site.nas.address, rate=RATE)
    looks: dict[str, Checked] = {}
    while some := wanted(facts, guests, looks, named)[:AT_ONCE]:
        for archive, sample in zip(some, await reader.samples(some), strict=True):
            looks[archive.name] = look(archive, sample, site.guests[archive.vmid].name, known)
    return [pick(facts, verdict, looks, named) for verdict in guests]


async def space(
    declared: Stack, live: LiveSite, facts: SiteFacts, picks: Sequence[Pick], storage: str = ""
) -> dict[str, Space | Unseen]:
    """What the storages have that the picked archives would be restored to."""
    names = {name for one in picks if one.archive for name in needed(one, place(one, facts, storage))}
    return await rooms(live, declared.site.node, names)


def nothing(chosen: Pick, named: str) -> Trouble:
    """Why there is nothing to restore a guest from."""
    subject = f"guest {chosen.verdict.label}"
    if chosen.unseen:
        return Unreachable(subject, chosen.unseen.said, chosen.unseen.remedy)
    if named and not chosen.passed:
        return Missing(
            f"archive {named}", f"{subject} has none of that name", "see homebackup verify for those there are"
        )
    if chosen.passed:
        remedy = f"bring a copy back from elsewhere, or back it up while it still runs: homebackup run {chosen.vmid}"
        if named:
            remedy = "leave out --archive, which takes the newest good one"
        return Refused(subject, "; ".join(chosen.passed), remedy)
    return Missing(subject, chosen.verdict.said, chosen.verdict.remedy)
