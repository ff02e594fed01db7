"""`homebackup drill`: an archive restored to a spare guest, started, asked whether it lives, and removed again."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from homebackup.assess import drilling
from homebackup.assess.amounts import size
from homebackup.assess.manual import Hindrance, interlock
from homebackup.assess.runbook import needed
from homebackup.assess.runbook import place as placed
from homebackup.commands import choosing, ending
from homebackup.commands.drilling import Drilling, cleared
from homebackup.commands.options import HERE, Folder, Stack
from homebackup.commands.printing import say
from homebackup.commands.run import WORST_FIRST, trouble
from homebackup.commands.spare import ANSWERING
from homebackup.model.backups.drill import Drilled
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.seen import Unseen
from homebackup.world import drilled, journal, running
from homebackup.world.errors import Busy, Missing, Refused, Trouble, Unreachable
from homebackup.world.file_lock import lock
from homebackup.world.gather import gather
from homebackup.world.live_site import LiveSite
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack as Declared

What = Annotated[str | None, typer.Argument(metavar="GUEST", help="A guest by VMID or name.")]
All = Annotated[bool, typer.Option("--all", help="Every guest, one after the other.")]
Next = Annotated[bool, typer.Option("--next", help="The guest whose drill is longest ago, critical ones first.")]
Clean = Annotated[bool, typer.Option("--clean", help="Only remove what earlier drills left behind.")]


def verb(
    guest: What = None,
    everything: All = False,
    turn: Next = False,
    clean: Clean = False,
    stack: Stack = None,
    cwd: Folder = HERE,
) -> None:
    """Restore a guest's newest archive to a spare guest, start it, see that it answers, and remove it again.

    Exits 0 when all went well, 2 when one of a critical guest failed, 1 when another did, 3 when NAS or node are away.
    """
    if [guest is not None, everything, turn, clean].count(True) != 1:
        raise typer.BadParameter("name a guest, or use one of --all, --next and --clean")
    ending.run(Drills(everything=everything, clean=clean).of(PulumiCli(cwd, stack), guest))


class Drills:
    """One run of the verb."""

    def __init__(self, *, everything: bool = False, clean: bool = False) -> None:
        self._all, self._clean = everything, clean

    async def of(self, pulumi: PulumiCli, named: str | None = None) -> int:
        """Drill the guest that is named, every one, or the next one; the exit code."""
        declared = await Declared.of(pulumi)
        if declared.site.drill is None:
            remedy = "write drill: {vmids: 9900-9999} into its configuration, VMIDs that nothing else uses"
            raise Refused(f"site {declared.site.name}", "it reserves no spare guests for drills", remedy)
        self._declared, self._live = declared, LiveSite(declared.connection, declared.folder)
        self._journal = journal.Journal(journal.place(declared.folder), "homebackup drill", declared.connection.secrets)
        self._file = drilled.place(declared.folder)
        try:
            async with _alone(self._file.parent):
                facts = await self._gathered()
                if left := await cleared(declared, self._live, facts, self._journal):
                    say(f"removed, left behind by an earlier drill: {', '.join(left)}")
                    facts = await self._gathered()
                return ending.WELL if self._clean else await self._drills(facts, named)
        except asyncio.CancelledError:
            say("stopped; what the drill had made was removed", err=True)
            raise
        finally:
            await self._live.close()

    async def _drills(self, facts: SiteFacts, named: str | None) -> int:
        await self._clear(facts, f"site {self._declared.site.name}", ANSWERING)
        guests, codes = self._guests(facts, named), []
        for number, vmid in enumerate(guests):
            try:
                codes.append(await self._drill(vmid, await self._gathered() if number else facts))
            except Refused as refused:  # of this guest alone: it keeps no other from its turn
                if named is not None:
                    raise
                say(str(refused), err=True)
                codes += [ending.TROUBLE] if self._all else []
                continue
            except Trouble as failed:
                if not self._all:
                    raise
                codes.append(ending.UNKNOWN if isinstance(failed, Unreachable) else ending.TROUBLE)
                say(f"unknown: {failed}" if codes[-1] == ending.UNKNOWN else str(failed), err=True)
                self._not_begun(guests[number + 1 :])
                break
            if not self._all:
                break
        return next((code for code in WORST_FIRST if code in codes), ending.TROUBLE)

    def _not_begun(self, left: list[int]) -> None:
        if left:
            site = self._declared.site
            say(f"not begun: {', '.join(f'{vmid} {site.guests[vmid].name}' for vmid in left)}", err=True)

    def _guests(self, facts: SiteFacts, named: str | None) -> list[int]:
        """Whom to drill, those in turn until one can be; raises Missing."""
        if named is not None:
            verdict = choosing.guest(self._declared, facts, named)
            assert verdict.vmid is not None
            return [verdict.vmid]
        site = self._declared.site
        judged = [one for one in choosing.judged(self._declared, facts) if one.vmid in site.guests]
        have = [v for v in judged if v.vmid is not None and drilling.newest(site, facts, v.vmid)]
        guests = drilling.in_turn(site, have, drilled.results(self._file))
        if not guests:
            dumps = (dump for dump in facts.dumps.values() if isinstance(dump, Unseen))
            if unseen := next(dumps, None):
                raise Unreachable(f"site {site.name}", unseen.said, unseen.remedy)
            raise Missing(f"site {site.name}", "there is no archive of any guest", "see homebackup status")
        return guests

    async def _drill(self, vmid: int, facts: SiteFacts) -> int:
        """The drill of one guest; the exit code. Raises Trouble where it cannot be done now."""
        site = self._declared.site
        # An archive that failed a drill is tried again: the cause may have been another.
        facts = replace(facts, drilled=())
        verdict = choosing.guest(self._declared, facts, str(vmid))
        newest = drilling.newest(site, facts, vmid)
        named = newest.name if newest else ""
        (chosen,) = await choosing.picked(self._declared, self._live, facts, [verdict], named)
        code = ending.WELL
        if newest and chosen.archive is None and not chosen.unseen:
            said = "".join(chosen.passed).partition(": ")[2]
            code = await self._kept(Drilled(facts.now, vmid, 0, newest.name, 0.0, newest.size, ok=False, said=said))
            (chosen,) = await choosing.picked(self._declared, self._live, facts, [verdict])
        if chosen.archive is None:
            if code != ending.WELL:
                return code
            raise choosing.nothing(chosen, named)
        most = sum(needed(chosen, placed(chosen, facts)).values()) or chosen.archive.size
        to = await self._clear(facts, f"the drill of {verdict.label}", most / drilling.SPEED + ANSWERING)
        subject = f"{verdict.label}: restoring {chosen.archive.name} as {to} for a drill"
        say(f"{subject}; Ctrl-C stops it and removes what it made")
        result = await Drilling(self._declared, self._live, chosen, to, self._journal).done(facts)
        return max(code, await self._kept(result))

    async def _clear(self, facts: SiteFacts, subject: str, seconds: float) -> int:
        """The spare VMID; raises Trouble when a drill of so many seconds must not begin now."""
        site, storages = self._declared.site, facts.storages
        if isinstance(storages, Unseen):
            raise Unreachable(subject, storages.said, storages.remedy)
        host = await running.underneath(site, self._live)
        if hindered := interlock(site, storages, host) or drilling.hindrance(site, facts, seconds):
            raise trouble(subject, hindered)
        to = drilling.spare(site, facts)
        if isinstance(to, Hindrance):
            raise trouble(subject, to)
        return to

    async def _kept(self, result: Drilled) -> int:
        """Keep what a drill came to, and say it; the exit code."""
        await drilled.keep(self._file, result)
        guest = self._declared.site.guests[result.vmid]
        label = f"{result.vmid} {guest.name}"
        if result.ok:
            much = f"{size(result.bytes)} in {result.seconds:.0f} s"
            say(f"{label}: good, {result.archive} was restored as {result.spare} and {result.said}; {much}")
            return ending.WELL
        say(f"{label}: failed, {result.archive} did not pass the drill: {result.said}")
        return ending.CRITICAL if guest.classification == "critical" else ending.TROUBLE

    async def _gathered(self) -> SiteFacts:
        return await gather(self._declared.site, self._live)


@contextlib.asynccontextmanager
async def _alone(folder: Path) -> AsyncIterator[None]:
    """While no other drill of this project runs; raises Busy."""
    file = await asyncio.to_thread(_opened, folder)
    try:
        try:
            await lock(file, 1.0)
        except TimeoutError:
            raise Busy("homebackup drill", "another drill of this project runs", "wait until it has ended") from None
        yield
    finally:
        os.close(file)


def _opened(folder: Path) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(folder / "drill.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
