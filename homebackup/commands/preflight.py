"""`homebackup preflight`: what would stop or surprise a `pulumi up`, found before it is run."""

from dataclasses import asdict
from typing import Annotated

import typer

from homebackup.assess.preflight import findings
from homebackup.commands.ending import TROUBLE, UNKNOWN, WELL, run
from homebackup.commands.options import HERE, Folder, Json
from homebackup.commands.options import Stack as Named
from homebackup.commands.printing import document, say
from homebackup.model.finding import Level
from homebackup.views import documents
from homebackup.world.live_site import LiveSite
from homebackup.world.preflight import look, look_at_rights
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack

Permissions = Annotated[
    bool, typer.Option("--permissions", help="Only whether each call is allowed, and the pveum lines that allow it.")
]


def verb(stack: Named = None, cwd: Folder = HERE, permissions: Permissions = False, as_json: Json = False) -> None:
    """Look for what would fail, with a test mount that is taken away again.

    Exits 0 when all is well, 1 when something would fail, 3 when something cannot be seen.
    """
    run(_preflight(PulumiCli(cwd, stack), permissions=permissions, as_json=as_json))


async def _preflight(pulumi: PulumiCli, *, permissions: bool, as_json: bool) -> int:
    stack = await Stack.of(pulumi)
    live = LiveSite(stack.connection)
    try:
        seen = await (look_at_rights if permissions else look)(stack.site, live)
    finally:
        await live.close()
    found = findings(stack.site, seen)
    if as_json:
        data = asdict(documents.preflight(stack.site, found))
        document("findings", data.pop("findings"), data.pop("unknown"), **data)
    else:
        for finding in found:
            say("\n".join(finding.lines))
        say(f"\n{_summary([finding.level for finding in found])}")
    levels = {finding.level for finding in found}
    return TROUBLE if "trouble" in levels else UNKNOWN if "unknown" in levels else WELL


def _summary(levels: list[Level]) -> str:
    """How many findings ask for something, for who reads the last line first."""
    words: dict[Level, str] = {"trouble": "in trouble", "unknown": "unknown", "warning": "to be warned of"}
    counted = [f"{levels.count(level)} {word}" for level, word in words.items() if level in levels]
    return f"{len(levels)} things looked at: {', '.join(counted) or 'all is well'}"
