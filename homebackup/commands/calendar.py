"""`homebackup calendar`: when backups run in the days to come, what does not go together, and all of it as files."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from homebackup.assess.agenda import agenda
from homebackup.commands.ending import TROUBLE, UNKNOWN, WELL, run
from homebackup.commands.options import HERE, Folder, Stack
from homebackup.commands.printing import say, show
from homebackup.commands.status import ExitCode, seen, terminal
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.model.steps import Write
from homebackup.views import calendar_yaml, ics, svg
from homebackup.views import terminal as picture
from homebackup.world import local_files
from homebackup.world.errors import Refused
from homebackup.world.neighbours import neighbours
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack as DeclaredStack

NAME = "backup.calendar.yaml"
"""The file's name; it lies beside the site's inventory, or in the project's folder where there is none."""

Days = Annotated[int, typer.Option("--days", min=1, max=366, help="Days to look ahead, today the first.")]
File = Annotated[Path | None, typer.Option("--file", help=f"Write the jobs here instead of into {NAME}.")]
Ics = Annotated[Path | None, typer.Option("--ics", help="Write the days as an iCalendar file, too.")]
Svg = Annotated[Path | None, typer.Option("--svg", help="Write the days as an SVG picture, too.")]
Declared = Annotated[bool, typer.Option("--declared", help="Ask nobody; show the jobs as declared, in UTC.")]


def verb(
    stack: Stack = None,
    cwd: Folder = HERE,
    days: Days = 7,
    file: File = None,
    ics: Ics = None,
    svg: Svg = None,
    declared: Declared = False,
    exit_code: ExitCode = False,
) -> None:
    """Show when backups run and what does not go together, and write backup.calendar.yaml."""
    paths = {"yaml": file, "ics": ics, "svg": svg}
    named = {kind: path.absolute() for kind, path in paths.items() if path}
    run(_calendar(PulumiCli(cwd, stack), days, named, declared=declared, exit_code=exit_code))


async def _calendar(pulumi: PulumiCli, days: int, named: Mapping[str, Path], *, declared: bool, exit_code: bool) -> int:
    """Show the days, and write the files that are `named` by their kind."""
    facts: SiteFacts | None = None
    others: Sequence[Site] | Unseen = ()
    if declared:
        site = (await DeclaredStack.of(pulumi)).site
        others = neighbours(site, pulumi.folder)
    else:
        site, facts = await seen(pulumi)
    found = agenda(site, facts, facts.now if facts else time.time(), days, others)
    show(picture.text(found.line, found.conflicts, site.name, found.notes, **terminal()))
    around = facts.neighbours if facts else others
    if isinstance(around, Unseen):
        say(f"unknown: {around}", err=True)
    lack = facts.jobs if facts and isinstance(facts.jobs, Unseen) else None
    if lack:
        say(f"unknown: the jobs of {site.node} could not be seen, so {NAME} stays as it is: {lack}", err=True)
    else:
        text = calendar_yaml.text(site, found.standings, facts.zone if facts else None)
        await _write(named.get("yaml", _beside(site)), text.encode(), pulumi.folder)
    if path := named.get("ics"):
        await _write(path, ics.text(found.line, found.conflicts, site.name), pulumi.folder)
    if path := named.get("svg"):
        await _write(path, svg.text(found.line, found.conflicts, site.name).encode(), pulumi.folder)
    return UNKNOWN if lack else TROUBLE if exit_code and found.troubled else WELL


def _beside(site: Site) -> Path:
    """Where the calendar is, from the project's folder."""
    return (Path(site.inventory.file).parent if site.inventory else HERE) / NAME


async def _write(path: Path, content: bytes, folder: Path) -> None:
    """Write a file unless it is as it should be; raises Refused for a calendar that somebody else wrote."""
    before = await local_files.read(folder / path)
    if before == content:
        say(f"{path}: as it was")
        return
    if (
        before
        and content.startswith(calendar_yaml.MARK.encode())
        and not before.startswith(calendar_yaml.MARK.encode())
    ):
        raise Refused(str(path), "homebackup did not write it", "name another file with --file, or remove it")
    await local_files.perform(Write(str(path), before, content, here=True), folder)
    say(f"{path}: {'written' if before is None else 'changed'}")
