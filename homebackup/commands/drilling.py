"""One drill: an archive restored to a spare guest, which is started, asked whether it lives, and removed again."""

import time

from homebackup.assess.amounts import size
from homebackup.assess.drilling import MARGIN, memory, properties
from homebackup.assess.picking import Pick
from homebackup.assess.runbook import needs, place
from homebackup.commands import choosing
from homebackup.commands.printing import say
from homebackup.commands.restoring import Restoring, Wish
from homebackup.commands.spare import Spare
from homebackup.model.backups import guest_config
from homebackup.model.backups.drill import Drilled
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.backups.task_log import well
from homebackup.model.host_facts import HostFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.world import running
from homebackup.world.errors import Failed, Refused, Trouble, Unreachable
from homebackup.world.journal import Journal, Record, entries
from homebackup.world.live_site import LiveSite
from homebackup.world.stack import Stack


class Drilling:
    """The drill of the archive that was picked, as the spare VMID `to`."""

    def __init__(self, declared: Stack, live: LiveSite, chosen: Pick, to: int, journal: Journal) -> None:
        assert chosen.archive is not None
        assert declared.site.drill is not None
        self._declared, self._live, self._chosen, self._to = declared, live, chosen, to
        self._archive, self._storage = chosen.archive, declared.site.drill.storage or ""
        self._journal, self._record = journal, record(declared, journal, to)
        given = properties(self._archive.kind, chosen.vmid, chosen.verdict.name)
        wish = Wish(to, storage=self._storage, given=given, margin=MARGIN)
        self._restoring = Restoring(live, declared.site.node, chosen, wish, self._record)
        self._spare = Spare(live, declared.site.node, self._archive.kind, to, self._record)

    async def done(self, facts: SiteFacts) -> Drilled:
        """Do it; raises Trouble where it tells nothing of the archive."""
        rooms = await choosing.space(self._declared, self._live, facts, [self._chosen], self._storage)
        for need in needs(self._chosen, place(self._chosen, facts, self._storage), rooms):
            if isinstance(need.free, Unseen):
                said = f"how much is free on storage {need.storage} is not known: {need.free.said}"
                raise Unreachable(self._spare.subject, said, need.free.remedy)
        self._restoring.check(facts, rooms)
        await self._see_what_it_is()
        clock = time.monotonic()
        try:
            ok, said = await self._proved(facts)
            seconds = round(time.monotonic() - clock, 1)
        finally:
            await self._removed()
        chosen, archive = self._chosen, self._archive
        return Drilled(facts.now, chosen.vmid, self._to, archive.name, seconds, archive.size, ok, said)

    async def _proved(self, facts: SiteFacts) -> tuple[bool, str]:
        """Whether the archive was restored, started and answered, and how or why not."""
        try:
            await self._restoring.do(self._restoring.call(facts))
        except Failed as failed:
            if not self._restoring.begun or "No space left" in failed.said:
                raise
            await self._see_the_nas(failed)
            return False, failed.said
        await self._spare.disarm()
        status = await self._spare.start()
        if not well(status):
            return False, f"it was restored, but does not start: {status}"
        return await self._spare.answer()

    async def _see_what_it_is(self) -> None:
        """Raises Refused where the guest could not be disarmed, or would take memory that others of the node need."""
        config = self._chosen.holds.config if self._chosen.holds else ""
        if any(key.startswith("lxc.") for key in guest_config.properties(config)):
            raise self._spare.raw()
        takes = memory(config)
        node = self._declared.site.node
        status = await self._live.api.call("GET", f"/nodes/{node}/status")
        free = int(status["memory"]["free"])
        if takes * MARGIN > free:
            said = f"it has {size(takes)} of memory, and {size(free)} are free on node {node}"
            raise Refused(self._spare.subject, said, "run this again when other guests are shut down")

    async def _see_the_nas(self, failed: Failed) -> None:
        """Raises Unreachable where the archive could not be read because the NAS went away."""
        host = await running.underneath(self._declared.site, self._live)
        if why := gone(self._declared.site, host):
            remedy = "switch it on and run this again; nothing is known of the archive"
            raise Unreachable(failed.subject, f"{failed.said}, and {why}", remedy)

    async def _removed(self) -> None:
        """Remove the spare guest; what fails is said and leaves what went before as it is."""
        try:
            await self._spare.remove()
        except Trouble as trouble:
            say(f"{self._spare.subject}: it was not removed ({trouble.said}); run homebackup drill --clean", err=True)


def gone(site: Site, host: HostFacts) -> str:
    """Why archives cannot be read at the moment; empty where they can be."""
    if not host.answers.get(site.nas.address, False):
        return f"the NAS {site.nas.address} does not answer"
    if hangs := host.unresponsive(site.mount.target):
        return f"{hangs} at {site.mount.target}"
    return "" if host.at(site.mount.target) else f"nothing is mounted at {site.mount.target}"


def record(declared: Stack, journal: Journal, vmid: int) -> Record:
    """The journal's record of a spare guest."""
    return journal.of(declared.name, f"guest {vmid}", lambda said: say(said, err=True))


async def cleared(declared: Stack, live: LiveSite, facts: SiteFacts, journal: Journal) -> list[str]:
    """Remove what earlier drills left behind; their names. Raises Trouble."""
    site, found = declared.site, []
    assert site.drill is not None
    if isinstance(facts.guests, Unseen):
        raise Unreachable(f"site {site.name}", facts.guests.said, facts.guests.remedy)
    known = entries(journal.file)[0]
    for guest in facts.guests:
        if guest.vmid not in site.drill.vmids or guest.node != site.node:
            continue
        spare = Spare(live, guest.node, guest.kind, guest.vmid, record(declared, journal, guest.vmid))
        if await spare.remove(known):
            found.append(f"{spare.subject} {guest.name}")
    return found
