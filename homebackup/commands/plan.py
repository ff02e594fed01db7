"""`homebackup plan`: all that `pulumi up` would do on the host and to the API, in its order, deletions included."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from homebackup.commands.ending import TROUBLE, UNKNOWN, WELL, run
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.commands.printing import document, say
from homebackup.commands.told import told
from homebackup.engine.lifecycle import Lifecycle
from homebackup.model import notices
from homebackup.model.hidden import SECRET, Hidden
from homebackup.model.notices import Notice
from homebackup.model.state import recorded
from homebackup.resources import RESOURCES
from homebackup.world.live_site import LiveSite
from homebackup.world.pulumi_cli import Preview, Previewed, PulumiCli
from homebackup.world.stack import reached

UNTOUCHED = frozenset({"same", "refresh", "read"})
"""Operations of Pulumi that do nothing to a resource."""
GOING = frozenset({"delete", "delete-replaced"})
"""Operations that remove one, which Pulumi previews without asking the provider."""


@dataclass(frozen=True)
class Planned:
    """What Pulumi is going to do with a resource, and what there is to say about it."""

    step: Previewed
    notices: Sequence[Notice]

    @property
    def lines(self) -> list[str]:
        """The steps on the host and in the API."""
        return [line for notice in self.notices if notice.kind == "will do" for line in notice.lines]


def verb(stack: Stack = None, cwd: Folder = HERE, as_json: Json = False) -> None:
    """Print each command and API call that `pulumi up` would make.

    Exits 3 when a part of the site cannot be seen, and 1 when `pulumi up` would stop at something that is in use.
    """
    run(_plan(PulumiCli(cwd, stack), as_json))


async def _plan(pulumi: PulumiCli, as_json: bool) -> int:
    preview, config = await asyncio.gather(pulumi.preview(), pulumi.config())
    site = LiveSite(reached(config, pulumi.folder), pulumi.folder)
    try:
        planned = [Planned(step, await _notices(site, preview, step)) for step in preview.steps if _ours(step)]
    finally:
        await site.close()
    said = {notice.text: notice.kind for each in planned for notice in each.notices if notice.kind != "will do"}
    unknown, in_use = ([text for text, kind in said.items() if kind == wanted] for wanted in ("unknown", "in use"))
    touched = [each for each in planned if each.step.op not in UNTOUCHED]
    if as_json:
        steps = [{"urn": each.step.urn, "op": each.step.op, "steps": each.lines} for each in touched]
        document("plan", steps, unknown, inUse=in_use)
    else:
        for line in _lines(touched) + unknown + in_use:
            say(line)
        if not said and not any(each.lines for each in touched):
            say("pulumi up would change nothing on the host or in Proxmox VE.")
    return TROUBLE if in_use else UNKNOWN if unknown else WELL


def _ours(step: Previewed) -> bool:
    return step.type.rsplit(":", 1)[-1] in RESOURCES and step.op != "replace"


async def _notices(site: LiveSite, preview: Preview, step: Previewed) -> list[Notice]:
    """What our provider said of the step, or would say of a deletion."""
    if step.op not in GOING:
        return told(preview).get(step.urn, [])
    cls = RESOURCES[step.type.rsplit(":", 1)[-1]]
    kept = step.old.get("outputs") or {}
    hidden = Hidden.of(cls.fields, {f.name for f in cls.fields if kept.get(f.camel) == SECRET})
    plan = await Lifecycle(site, cls, step.id, say, hidden=hidden).deletion(recorded(cls, kept))
    return [notices.will_do(plan.lines())] + ([notices.blocked(plan.blocked)] if plan.blocked else [])


def _lines(planned: Sequence[Planned]) -> list[str]:
    """Each operation with its steps below it."""
    return [
        line
        for each in planned
        for line in (
            f"{each.step.op} {each.step.type.rsplit(':', 1)[-1]} {each.step.urn.rsplit('::', 1)[-1]}",
            *(f"  {step}" for step in each.lines),
        )
    ]
