"""`homebackup restore`: the runbook of all guests, or one guest made from its newest good archive."""

import asyncio
import time
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from homebackup.assess.amounts import span
from homebackup.assess.rebuilding import KINDS
from homebackup.assess.restoring import fit
from homebackup.commands import choosing, ending
from homebackup.commands.options import HERE, Folder, Stack
from homebackup.commands.printing import say, show
from homebackup.commands.restoring import Restoring, Wish
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.steps import Write
from homebackup.views import runbook
from homebackup.world import local_files, on_nas
from homebackup.world.errors import Refused
from homebackup.world.gather import gather
from homebackup.world.journal import Journal, Record, entries, place
from homebackup.world.live_site import LiveSite
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack as Declared
from pverules.local_time import wall_at

PLAN = "plan"
"""What is typed instead of a guest."""
NAME = "RESTORE.md"
"""The runbook's file, in the project and beside the archives."""

What = Annotated[str, typer.Argument(metavar="GUEST|plan", help="A guest by VMID or name, or plan for the runbook.")]
To = Annotated[int | None, typer.Option("--to", min=100, max=999_999_999, help="VMID that it is restored as.")]
Over = Annotated[str, typer.Option("--over", metavar="NAME", help="Name of the guest with that VMID, which is lost.")]
Online = Annotated[bool, typer.Option("--online", help="Leave its network cables plugged in.")]
Storage = Annotated[str, typer.Option("--storage", help="Storage for its disks; their own unless named.")]
Named = Annotated[str, typer.Option("--archive", help="That archive of it instead of the newest good one.")]
Overcommit = Annotated[bool, typer.Option("--overcommit", help="Also where its disks would not fit when full.")]
NoWrite = Annotated[bool, typer.Option("--no-write", help="With plan: print the runbook and write it nowhere.")]


def verb(
    what: What,
    to: To = None,
    over: Over = "",
    online: Online = False,
    storage: Storage = "",
    archive: Named = "",
    overcommit: Overcommit = False,
    no_write: NoWrite = False,
    stack: Stack = None,
    cwd: Folder = HERE,
) -> None:
    """Restore a guest from its newest good archive; with plan, print and write down how to restore all of them.

    The guest is not started, has new network addresses unless it comes back as itself, and its cables are pulled.
    """
    pulumi = PulumiCli(cwd, stack)
    if what == PLAN:
        ending.run(plan(pulumi, write=not no_write))
    if to is None:
        raise typer.BadParameter("--to VMID says as which guest it is restored")
    ending.run(restore(pulumi, what, Wish(to, over, online, storage, overcommit), archive))


async def plan(pulumi: PulumiCli, *, write: bool = True) -> int:
    """Print the runbook, and write it into the project and beside the archives; the exit code."""
    declared = await Declared.of(pulumi)
    live = LiveSite(declared.connection)
    try:
        facts = await gather(declared.site, live)
        picks = await choosing.picked(declared, live, facts, choosing.judged(declared, facts))
        text = runbook.markdown(declared.site, facts, picks, await choosing.space(declared, live, facts, picks))
        show(text)
        if hidden := next((one.unseen for one in picks if one.unseen), None):
            say(f"unknown: {hidden}; nothing was written, so that the last runbook stays", err=True)
            return ending.UNKNOWN
        if write and any(one.archive for one in picks):
            await _write(declared, live, text.encode())
    finally:
        await live.close()
    return ending.WELL if all(one.archive for one in picks) else ending.TROUBLE


def _see_storage(named: str, kind: str, facts: SiteFacts) -> None:
    """Raises Refused for a named storage that takes no disks of this kind of guest, as far as they can be seen."""
    label, _, content = KINDS[kind]
    there = fit(facts, content)
    if named and there and named not in there:
        said = f"there is none of that name that takes the disks of a {label} ({content})"
        raise Refused(f"storage {named}", said, f"name one of {', '.join(there)} with --storage")


async def _write(declared: Declared, live: LiveSite, text: bytes) -> None:
    """Both copies; that on the NAS comes last, since only it can be out of reach."""
    here = declared.folder / NAME
    before = await local_files.read(here)
    if before is not None and before.partition(b"\n")[0] != runbook.MARK.encode():
        raise Refused(str(here), "a file that is none of ours has this name", "move it away and run this again")
    if before != text:
        async with _record(declared, "runbook").step(step := Write(NAME, before, text, here=True)):
            await local_files.perform(step, declared.folder)
    there = f"{declared.site.mount.target}/{NAME}"
    async with _record(declared, "runbook").act(f"write {there}"):
        changed = await on_nas.keep(live.host, declared.site, NAME, text, runbook.MARK)
    for file, fresh in ((str(here), before != text), (f"{there} on the NAS", changed)):
        say(f"{file}: {'written' if fresh else 'as it was'}", err=True)


def _record(declared: Declared, resource: str) -> Record:
    journal = Journal(place(declared.folder), "homebackup restore", declared.connection.secrets)
    return journal.of(declared.name, resource, lambda said: say(said, err=True))


async def restore(pulumi: PulumiCli, what: str, wish: Wish, named: str = "") -> int:
    """Restore one guest; the exit code."""
    declared = await Declared.of(pulumi)
    live, began = LiveSite(declared.connection), time.monotonic()
    try:
        facts = await gather(declared.site, live)
        verdict = choosing.guest(declared, facts, what)
        (chosen,) = await choosing.picked(declared, live, facts, [verdict], named)
        archive = chosen.archive
        if archive is None:
            raise choosing.nothing(chosen, named)
        for passed in chosen.passed:
            say(passed)
        _see_storage(wish.storage, archive.kind, facts)
        one = Restoring(live, declared.site.node, chosen, wish, _record(declared, f"guest {wish.to}"))
        facts = await one.clear_left(facts, entries(place(declared.folder))[0])
        one.check(facts, await choosing.space(declared, live, facts, [chosen], wish.storage))
        made = f"{wall_at(archive.time, ZoneInfo(facts.zone)):%a %d %b %Y %H:%M}"
        say(f"{one.subject}: restoring {verdict.label} from {archive.name}, made {made}; Ctrl-C stops it")
        try:
            await one.do(one.call(facts))
        except asyncio.CancelledError:
            say(f"{one.subject}: stopped; the archive is as it was, and a repeat starts anew", err=True)
            raise
        say(f"{one.subject}: restored in {span(time.monotonic() - began)} and not started; {one.next_step}")
    finally:
        await live.close()
    return ending.WELL
