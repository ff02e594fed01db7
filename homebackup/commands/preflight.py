"""`homebackup preflight`: what would stop or surprise a `pulumi up`, found before it is run."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from homebackup.commands.ending import TROUBLE, UNKNOWN, WELL, run
from homebackup.commands.options import HERE, Folder, Json
from homebackup.commands.options import Stack as Named
from homebackup.commands.preflight_checks import CHECKS, Finding, Ground, findings
from homebackup.world.live_site import LiveSite
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack

OF_PERMISSIONS = ["root-only options", "permissions"]
"""What `--permissions` looks at."""

Permissions = Annotated[
    bool, typer.Option("--permissions", help="Only whether each call is allowed, and the pveum lines that allow it.")
]


def verb(stack: Named = None, cwd: Folder = HERE, permissions: Permissions = False, as_json: Json = False) -> None:
    """Look for what would fail. Exits 0 when all is well, 1 when something would fail, 3 when it cannot be seen."""
    run(_preflight(PulumiCli(cwd, stack), permissions=permissions, as_json=as_json))


async def _preflight(pulumi: PulumiCli, *, permissions: bool, as_json: bool) -> int:
    stack = await Stack.of(pulumi)
    live = LiveSite(stack.connection)
    try:
        names = OF_PERMISSIONS if permissions else list(CHECKS)
        found = await findings(Ground(stack.site, live, grants=permissions), names)
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
