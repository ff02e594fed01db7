"""`homebackup preflight`: what would stop or surprise a `pulumi up`, found before it is run."""

from dataclasses import asdict
from typing import Annotated

import typer

from homebackup.commands.ending import TROUBLE, UNKNOWN, WELL, run
from homebackup.commands.options import HERE, Folder, Json
from homebackup.commands.options import Stack as Named
from homebackup.commands.preflight_checks import CHECKS, Ground, findings
from homebackup.commands.printing import document, say
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
    every = [(name, finding) for name, several in found.items() for finding in several]
    unseen = [finding for _, finding in every if finding.level == "unknown"]
    if as_json:
        said = [{"check": name, **asdict(finding)} for name, finding in every]
        document("findings", said, [f"{finding.subject}: {finding.said}" for finding in unseen])
    else:
        for _, finding in every:
            say("\n".join(finding.lines))
    return TROUBLE if any(finding.level == "trouble" for _, finding in every) else UNKNOWN if unseen else WELL
