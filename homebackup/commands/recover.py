"""`homebackup recover`: clears what Pulumi leaves when it is killed, once it is certain that it is gone."""

from typing import Annotated

import typer

from homebackup.commands.ending import WELL, run
from homebackup.commands.options import HERE, Folder, Stack
from homebackup.commands.printing import say
from homebackup.world.errors import Busy, Trouble
from homebackup.world.journal import Journal, Record, place
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack_lock import Lock, locks, pending

Force = Annotated[
    bool,
    typer.Option("--force", help="Also where this machine cannot tell whether the other process is gone: you know."),
]


def verb(stack: Stack = None, cwd: Folder = HERE, force: Force = False) -> None:
    """Clear the lock and the half-done operations that a killed Pulumi left, so that `pulumi up` goes on."""
    run(_recover(PulumiCli(cwd, stack), force=force))


async def _recover(pulumi: PulumiCli, *, force: bool) -> int:
    name = await pulumi.name()
    subject = f"stack {name}"
    found, begun = await locks(pulumi), await pending(pulumi)
    for lock in found or ():
        say(f"{subject}: locked by {lock.said}: {_state(lock)}")
    for operation in begun:
        say(f"{subject}: {operation.resource} was cut off while {operation.doing}")
    if found == [] and not begun:
        say(f"{subject}: nothing to recover.")
        return WELL
    _certain(subject, found, force=force)

    record = Journal(place(pulumi.folder), "homebackup recover").of(name, subject, say)
    if found or found is None:
        await _pulumi(pulumi, record, "cancel", "--yes")
        say(f"{subject}: the lock is cleared.")
    begun = await pending(pulumi)
    if begun:
        try:
            await _pulumi(
                pulumi, record, "refresh", "--yes", "--skip-preview", "--non-interactive", "--clear-pending-creates"
            )
        except Trouble as trouble:
            trouble.remedy += ", with homebackup recover once more"
            raise
        say(f"{subject}: the state is that of the site again.")
    say("Run pulumi up: it takes over what was made already and makes the rest.")
    return WELL


def _certain(subject: str, found: list[Lock] | None, *, force: bool) -> None:
    """Raises Busy unless every process that holds a lock is gone, or the owner says so where it cannot be seen."""
    for lock in found or ():
        if lock.held:
            raise Busy(
                subject,
                f"{lock.said} still runs",
                f"wait until it has ended, or end it with kill {lock.process}, and run this again",
            )
    if not force and (unseen := next((lock for lock in found or () if not lock.here), None)):
        raise Busy(
            subject,
            f"whether {unseen.said} still runs cannot be seen from this machine",
            "look there; when it is gone, run homebackup recover --force",
        )
    if not force and found is None:
        raise Busy(
            subject,
            "its state is not kept in a folder, so whether another Pulumi still runs cannot be seen",
            "look where it was started; when it is gone, run homebackup recover --force",
        )


def _state(lock: Lock) -> str:
    if not lock.here:
        return "whether it still runs cannot be seen from here"
    return "it still runs" if lock.held else "it is gone"


async def _pulumi(pulumi: PulumiCli, record: Record, *command: str) -> None:
    async with record.act(f"pulumi {' '.join(command)}"):
        await pulumi.run(*command)
