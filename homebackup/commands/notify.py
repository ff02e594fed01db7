"""`homebackup notify`: tells whom the stack names what changed in the backups, and a dead-man check how they are."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from homebackup.assess.changes import changes, heartbeat, watched
from homebackup.assess.coverage import coverage
from homebackup.assess.entry import distinct, entries
from homebackup.assess.guest import verdicts
from homebackup.commands.ending import TROUBLE, WELL, run
from homebackup.commands.options import HERE, Folder, Stack
from homebackup.commands.printing import say
from homebackup.commands.status import looked
from homebackup.model.last_told import LastTold
from homebackup.model.message import Message
from homebackup.model.seen import Unseen
from homebackup.model.steps import Write
from homebackup.model.timer import UNITS
from homebackup.model.verb_timers import ENVIRONMENT
from homebackup.views import message as view
from homebackup.world import here, local_files, notices, web
from homebackup.world.errors import Missing, Refused, Trouble, sentence
from homebackup.world.last_told import LastToldFile
from homebackup.world.processes import machine
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack as Declared

Digest = Annotated[bool, typer.Option("--digest", help="Tell how all backups stand, also when nothing changed.")]
Test = Annotated[bool, typer.Option("--test", help="Only send a test message to every target, and look at nothing.")]
Units = Annotated[
    Path | None,
    typer.Option(
        "--units",
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="Only write systemd units that tell each hour what changed, and each Monday how all stands.",
    ),
]


def verb(
    stack: Stack = None, cwd: Folder = HERE, digest: Digest = False, test: Test = False, units: Units = None
) -> None:
    """Tell what changed in the backups since the last time. Exits 0, or 1 when somebody could not be told."""
    if (digest, test, units is not None).count(True) > 1:
        raise typer.BadParameter("--digest, --test and --units are three different things; give one of them")
    pulumi = PulumiCli(cwd, stack)
    if units is not None:
        run(_units(pulumi, units))
    run(_test(pulumi) if test else _notify(pulumi, as_digest=digest))


@dataclass
class Telling:
    """Tells the recipients of a stack, and says on standard error whom it could not."""

    stack: Declared
    failed: int = 0

    async def send(self, message: Message) -> bool:
        """Whether anybody got the message."""
        targets = self.stack.recipients.targets
        troubles = await notices.send(targets, message)
        self._say(*troubles)
        return len(troubles) < len(targets)

    async def ping(self, signal: web.Signal, said: str = "") -> None:
        """Tell the dead-man check, if there is one."""
        address = self.stack.recipients.deadman
        trouble = address and await web.ping(address, signal, said)
        self._say(*([trouble] if trouble else []))

    def _say(self, *troubles: Trouble) -> None:
        self.failed += len(troubles)
        for trouble in troubles:
            say(str(trouble), err=True)


async def _notify(pulumi: PulumiCli, *, as_digest: bool) -> int:
    stack = await Declared.of(pulumi)
    if not stack.recipients.secrets:
        raise _nobody("nor a dead-man check")
    telling, file = Telling(stack), LastToldFile(stack.folder, stack.name)
    await telling.ping("start")
    try:
        async with file.alone():
            signal, said = await _look_and_tell(telling, file, as_digest=as_digest)
    except Exception as error:
        await telling.ping("fail", sentence(error))
        raise
    if signal:
        await telling.ping(signal, said)
    return TROUBLE if telling.failed else WELL


async def _look_and_tell(telling: Telling, file: LastToldFile, *, as_digest: bool) -> tuple[web.Signal | None, str]:
    """Tell what there is to tell, keep that it was told, and return what the dead-man check is to hear."""
    stack = telling.stack
    facts = await looked(stack)
    cover = coverage(stack.site, facts)
    judged = verdicts(stack.site, facts, cover)
    judged = watched(distinct(judged + entries(stack.site, facts, judged)), cover)
    found = changes(await _last(file), judged, facts.now, whole=not isinstance(facts.guests, Unseen))
    message = (view.digest if as_digest else view.changed)(stack.site.name, found, judged, facts.now)
    say(f"{message.title}\n\n{message.body}" if message else "Nothing changed since the last look.")
    signal, said = heartbeat(judged)
    if stack.recipients.targets:
        if message and not await telling.send(message):
            return "fail", f"nobody could be told: {message.title}"
        await file.keep(found.known)
    return signal, said


async def _last(file: LastToldFile) -> LastTold:
    """What was told last; where nobody knows, it is said and all is told anew, which is better than silence."""
    try:
        return await file.read()
    except Refused as refused:
        say(str(refused), err=True)
        return LastTold()


async def _test(pulumi: PulumiCli) -> int:
    stack = await Declared.of(pulumi)
    if not stack.recipients.targets:
        raise _nobody("to send a test to")
    telling = Telling(stack)
    await telling.send(view.trial(stack.site.name, machine()))
    count = len(stack.recipients.targets)
    say(f"{count - telling.failed} of {count} targets took the message; see whether it arrived.")
    return TROUBLE if telling.failed else WELL


def _nobody(more: str) -> Missing:
    return Missing(
        "configuration homebackup:notify",
        f"it names nobody {more}",
        "run pulumi config set --secret homebackup:notify, which asks for it: an address as apprise spells it, such as "
        "ntfys://TOPIC",
    )


async def _units(pulumi: PulumiCli, folder: Path) -> int:
    name, system = await pulumi.name(), replace(here.known(pulumi.folder), root=True)
    made = [system.timer(name, "notify", "hourly"), system.timer(name, "digest", "Mon 08:30")]
    for unit, text in (pair for timer in made for pair in timer.units.items()):
        file = str((folder / unit).absolute())
        await local_files.perform(Write(file, await local_files.read(Path(file)), text.encode(), here=True), HERE)
        say(file)
    say(
        f"Copy them into {UNITS} of a machine that is always on, put PULUMI_CONFIG_PASSPHRASE_FILE=FILE into its "
        f"{ENVIRONMENT}, which root alone may read, and run:\n"
        f"  systemctl daemon-reload\n  systemctl enable --now {' '.join(timer.name for timer in made)}"
    )
    return WELL
