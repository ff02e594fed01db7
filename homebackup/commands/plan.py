"""`homebackup plan`: all that `pulumi up` would do on the host and to the API, in its order, deletions included."""

import asyncio
import json

import typer

from homebackup.commands.ending import UNKNOWN, WELL, run
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.engine.codec import recorded
from homebackup.engine.lifecycle import Lifecycle
from homebackup.resources import RESOURCES
from homebackup.world.live_site import LiveSite
from homebackup.world.pulumi_cli import Previewed, PulumiCli
from homebackup.world.stack import reached


def verb(stack: Stack = None, cwd: Folder = HERE, as_json: Json = False) -> None:
    """Print each command and API call that `pulumi up` would make. Exits 3 when a part of the site cannot be seen."""
    run(_plan(PulumiCli(cwd, stack), as_json))


async def _plan(pulumi: PulumiCli, as_json: bool) -> int:
    preview, config = await asyncio.gather(pulumi.preview(), pulumi.config())
    site = LiveSite(reached(config, pulumi.folder))
    unknown = [text for texts in preview.texts.values() for text in texts if text.startswith("unknown: ")]
    planned: list[tuple[Previewed, list[str]]] = []
    for step in preview.steps:
        if step.type.rsplit(":", 1)[-1] not in RESOURCES or step.op in ("same", "refresh", "read"):
            continue
        if step.op in ("delete", "delete-replaced"):
            planned.append((step, await _deletion(site, step)))
        elif step.op != "replace":
            planned.append((step, [line for text in preview.texts.get(step.urn, ()) for line in text.splitlines()[1:]]))
    await site.close()
    if as_json:
        typer.echo(
            json.dumps(
                [{"urn": s.urn, "op": s.op, "steps": [line.strip() for line in lines]} for s, lines in planned],
                indent=2,
            )
        )
    elif not any(lines for _, lines in planned) and not unknown:
        typer.echo("pulumi up would change nothing on the host or in Proxmox VE.")
    else:
        for step, lines in planned:
            typer.echo(f"{step.op} {step.type.rsplit(':', 1)[-1]} {step.urn.rsplit('::', 1)[-1]}")
            for line in lines:
                typer.echo(line)
    for text in unknown:
        typer.echo(text, err=as_json)
    return UNKNOWN if unknown else WELL


async def _deletion(site: LiveSite, step: Previewed) -> list[str]:
    cls = RESOURCES[step.type.rsplit(":", 1)[-1]]
    plan = await Lifecycle(site, cls, step.id, typer.echo).deletion(recorded(cls, step.old.get("outputs") or {}))
    return [f"  {line}" for line in plan.lines()]
