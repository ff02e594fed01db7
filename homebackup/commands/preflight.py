"""`homebackup preflight`: what would stop or surprise a `pulumi up`, found before it is run."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer

from homebackup.commands.ending import TROUBLE, UNKNOWN, WELL, run
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.commands.preflight_checks import CHECKS, Finding, Ground, findings
from homebackup.model.site import InvalidSite, Site, read_site
from homebackup.world.errors import Refused
from homebackup.world.live_site import LiveSite
from homebackup.world.pulumi_cli import PulumiCli

OF_PERMISSIONS = ["root-only options", "permissions"]
"""What `--permissions` looks at."""

Permissions = Annotated[
    bool, typer.Option("--permissions", help="Only whether each call is allowed, and the pveum lines that allow it.")
]


def verb(stack: Stack = None, cwd: Folder = HERE, permissions: Permissions = False, as_json: Json = False) -> None:
    """Look for what would fail. Exits 0 when all is well, 1 when something would fail, 3 when it cannot be seen."""
    run(_preflight(PulumiCli(cwd, stack), permissions=permissions, as_json=as_json))


async def _preflight(pulumi: PulumiCli, *, permissions: bool, as_json: bool) -> int:
    connection, declared = await asyncio.gather(pulumi.connection(), pulumi.site())
    live = LiveSite(connection)
    try:
        names = OF_PERMISSIONS if permissions else list(CHECKS)
        found = await findings(Ground(_site(declared), live, grants=permissions), names)
    finally:
        await live.close()
    if as_json:
        said = [{"check": name, **asdict(finding)} for name, several in found.items() for finding in several]
        typer.echo(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        for several in found.values():
            for finding in several:
                typer.echo("\n".join(text(finding)))
    levels = {finding.level for several in found.values() for finding in several}
    return TROUBLE if "trouble" in levels else UNKNOWN if "unknown" in levels else WELL


def text(finding: Finding) -> list[str]:
    """A finding as lines for a terminal; what is well and what is a note has no sign of alarm."""
    head = "" if finding.level in ("well", "note") else f"{finding.level}: "
    end = f"; {finding.remedy}" if finding.remedy else ":" if finding.commands else ""
    return [f"{head}{finding.said}{end}", *(f"  {command}" for command in finding.commands)]


def _site(declared: object) -> Site:
    try:
        return read_site(declared, root="home-backup:site")
    except InvalidSite as invalid:
        said = "; ".join(f"{path}: {reason}" for path, reason in invalid.problems.items())
        raise Refused("configuration home-backup:site", said, "correct it in the stack's configuration") from None
