"""`homebackup status`: whether each guest can be restored, from when, and if not, why not."""

import shutil
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from homebackup.assess.coverage import coverage
from homebackup.assess.entry import entries
from homebackup.assess.guest import verdicts
from homebackup.assess.together import blind, together
from homebackup.assess.verdict import Worst
from homebackup.commands.ending import CRITICAL, TROUBLE, UNKNOWN, WELL, run, told
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.commands.printing import say, show, spelled
from homebackup.commands.progress import progress
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.site import Site
from homebackup.views import documents, table
from homebackup.world.batch import Hear
from homebackup.world.gather import gather
from homebackup.world.live_site import LiveSite
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack as Declared

CODES: dict[Worst, int] = {"well": WELL, "attention": TROUBLE, "critical": CRITICAL, "unknown": UNKNOWN}

ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="Exit 1 if something needs attention, 2 if critical. Unknown is always 3.")
]


def verb(stack: Stack = None, cwd: Folder = HERE, as_json: Json = False, exit_code: ExitCode = False) -> None:
    """Say whether each guest can be restored, from when, and if not, why not and what to do."""
    run(_status(PulumiCli(cwd, stack), as_json=as_json, exit_code=exit_code))


async def _status(pulumi: PulumiCli, *, as_json: bool, exit_code: bool) -> int:
    site, facts = await seen(pulumi)
    found = coverage(site, facts)
    judged = verdicts(site, facts, found)
    judged += entries(site, facts, judged)
    if as_json:
        say(printed(documents.status(site, facts, judged, found)))
    else:
        show(table.status(site, facts, judged, found, **terminal()))
    return told(CODES[together(judged, found)], asked=exit_code, unseen=blind(judged))


async def seen(pulumi: PulumiCli, *, quietly: bool = False) -> tuple[Site, SiteFacts]:
    """What a stack declares, and what is there; raises Trouble for a stack that declares no site.

    A terminal is told how far it is, unless `quietly`.
    """
    declared = await Declared.of(pulumi)
    if quietly:
        return declared.site, await looked(declared)
    with progress() as hear:
        return declared.site, await looked(declared, hear)


async def looked(declared: Declared, hear: Hear = lambda answered, asked: None) -> SiteFacts:
    """What is there of a stack's site, seen anew; `hear` is told of every answer."""
    live = LiveSite(declared.connection, declared.folder)
    try:
        return await gather(declared.site, live, hear)
    finally:
        await live.close()


def printed(document: documents.StatusDocument) -> str:
    """The document as it is printed."""
    data = asdict(document)
    return spelled("verdicts", data.pop("verdicts"), data.pop("unknown"), **data)


def terminal() -> dict[str, Any]:
    """The width and colours of the terminal; 80 columns without colours when there is none."""
    colour = sys.stdout.isatty()
    return {"width": shutil.get_terminal_size().columns if colour else table.WIDTH, "colour": colour}
