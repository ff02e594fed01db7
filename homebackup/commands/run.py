"""`homebackup run`: a tier, a guest or everything backed up now, with the settings of the jobs on the node."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from homebackup.assess.manual import Hindrance, Order, in_window, interlock, orders
from homebackup.commands import ending
from homebackup.commands.backing_up import INTERRUPTED, BackingUp, Told, Way, data
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.commands.printing import document, say
from homebackup.world import running
from homebackup.world.errors import Refused, Trouble, Unreachable
from homebackup.world.journal import Journal, place
from homebackup.world.live_site import LiveSite
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack as Declared

WORST_FIRST = (INTERRUPTED, ending.CRITICAL, ending.TROUBLE, ending.UNKNOWN, ending.WELL)

What = Annotated[str | None, typer.Argument(help="A tier, or the VMID or name of a guest.")]
All = Annotated[bool, typer.Option("--all", help="Everything: the tiers one after the other.")]
Detach = Annotated[bool, typer.Option("--detach", help="Come back as soon as the task has begun.")]
Leave = Annotated[bool, typer.Option("--detach-on-interrupt", help="On Ctrl-C leave the task running.")]
Anyway = Annotated[bool, typer.Option("--anyway", help="Also while something else needs the NAS.")]


def verb(
    what: What = None,
    everything: All = False,
    detach: Detach = False,
    leave: Leave = False,
    anyway: Anyway = False,
    stack: Stack = None,
    cwd: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Back up a tier, a guest or everything now, as its job would; Ctrl-C stops the task.

    Exits 0 when all went well, 2 when a critical guest failed, 1 when another did, 3 when NAS or node do not answer.
    """
    if (what is None) != everything:
        raise typer.BadParameter("name a tier or a guest, or use --all")
    if everything and detach:
        raise typer.BadParameter("--all is several tasks one after the other; name a tier to detach from its task")
    way = Way(detach=detach, leave=leave, quiet=as_json)
    ending.run(manual(PulumiCli(cwd, stack), what, way, anyway=anyway))


async def manual(pulumi: PulumiCli, what: str | None, way: Way, *, anyway: bool = False) -> int:
    """Back up what was named, everything for None; the exit code."""
    declared = await Declared.of(pulumi)
    live = LiveSite(declared.connection)
    journal = Journal(place(pulumi.folder), "homebackup run", declared.connection.secrets)
    wanted: tuple[Order, ...] | Hindrance = ()
    told: list[Told] = []
    lost: list[str] = []
    codes = [ending.WELL]
    try:
        there = await running.before(declared.site, live)
        wanted = orders(declared.site, what, there.jobs, root=live.root_options)
        if isinstance(wanted, Hindrance):
            raise trouble(what or "everything", wanted)
        for at, order in enumerate(wanted):
            one = BackingUp(declared, live, order, way, journal)
            try:
                await _clear(declared, live, order, await running.before(declared.site, live) if at else there, anyway)
                told.append(await one.done(there.zone))
                codes.append(told[-1].code)
            except Trouble as failed:
                lost.append(str(failed))
                codes.append(ending.UNKNOWN if isinstance(failed, Unreachable) else ending.TROUBLE)
                say(f"unknown: {failed}" if codes[-1] == ending.UNKNOWN else str(failed), err=True)
            if codes[-1] == INTERRUPTED or lost:
                _not_begun(wanted[at + 1 :])
                break
    except asyncio.CancelledError:
        say(f"interrupted before {'another' if told else 'a'} task was begun", err=True)
        _not_begun(wanted[len(told) :] if told and isinstance(wanted, tuple) else ())
        raise
    finally:
        await live.close()
    if way.quiet:
        document("runs", [data(one) for one in told], lost)
    return next(code for code in WORST_FIRST if code in codes)


async def _clear(declared: Declared, live: LiveSite, order: Order, there: running.Before, anyway: bool) -> None:
    """Raises Trouble when the backup must not begin now; the interlock is looked at last, so that it is newest."""
    subject = f"tier {order.tier}"
    if there.running:
        raise running.busy(there.running[0])
    if not anyway and (closed := in_window(declared.site, there.now, there.zone)):
        raise trouble(subject, closed)
    host = await running.underneath(declared.site, live)
    if hindrance := interlock(declared.site, there.storages, host):
        raise trouble(subject, hindrance)


def trouble(subject: str, hindrance: Hindrance) -> Trouble:
    """A hindrance as the error that ends a verb."""
    kind = Unreachable if hindrance.unknown else Refused
    return kind(subject, hindrance.said, hindrance.remedy)


def _not_begun(left: Sequence[Order]) -> None:
    if left:
        say(f"not begun: {', '.join(order.tier for order in left)}", err=True)
