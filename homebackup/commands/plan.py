"""`homebackup plan`: all that `pulumi up` would do on the host and to the API, in its order, deletions included."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from homebackup.commands.ending import TROUBLE, UNKNOWN, WELL, run
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.commands.printing import document, say
from homebackup.commands.told import of_kind, previewed, told
from homebackup.engine.guard import Guard
from homebackup.engine.lifecycle import Lifecycle
from homebackup.engine.said import Said
from homebackup.model import notices
from homebackup.model.hidden import SECRET, Hidden
from homebackup.model.notices import Kind, Notice
from homebackup.model.state import recorded
from homebackup.resources import RESOURCES
from homebackup.world.live_site import LiveSite
from homebackup.world.pulumi_cli import Preview, Previewed, PulumiCli
from homebackup.world.stack import reached

UNTOUCHED = frozenset({"same", "refresh", "read"})
"""Operations of Pulumi that do nothing to a resource."""
STOPPING: tuple[Kind, ...] = ("unknown", "in use", "refused")
"""What is said of why a step may not be done, in the order in which it is printed."""
GOING = frozenset({"delete"})
"""Operations that remove one, which Pulumi previews without asking the provider."""
REPLACING = frozenset({"create-replacement", "delete-replaced"})
"""Parts of a replacement; the operation `replace` tells of both."""


@dataclass(frozen=True)
class Planned:
    """What Pulumi is going to do with a resource, and what there is to say about it."""

    step: Previewed
    notices: Sequence[Notice]

    @property
    def lines(self) -> list[str]:
        """The steps on the host and in the API."""
        return self._of("will do")

    @property
    def losses(self) -> list[str]:
        """What they take away."""
        return self._of("losses")

    @property
    def doubts(self) -> list[str]:
        """What will not do what it is meant to."""
        return self._of("doubts")

    def _of(self, kind: Kind) -> list[str]:
        return [line for notice in self.notices if notice.kind == kind for line in notice.lines]


def verb(stack: Stack = None, cwd: Folder = HERE, as_json: Json = False) -> None:
    """Print each command and API call that `pulumi up` would make, and what it takes away: archives, guests' cover.

    Exits 3 when a part of the site cannot be seen, and 1 when `pulumi up` would stop at something that is in use, or at
    a loss that nobody acknowledged.
    """
    run(_plan(PulumiCli(cwd, stack), as_json))


async def _plan(pulumi: PulumiCli, as_json: bool) -> int:
    preview, config = await asyncio.gather(previewed(pulumi), pulumi.config())
    site = LiveSite(reached(config, pulumi.folder), pulumi.folder)
    try:
        guard, said = Guard(site, _said(preview)), told(preview)
        planned = [
            Planned(step, await _going(site, guard, step) if step.op in GOING else said.get(step.urn, []))
            for step in preview.steps
            if _ours(step)
        ]
    finally:
        await site.close()
    every = [notice for each in planned for notice in each.notices]
    unknown, in_use, refused = (of_kind(kind, every) for kind in STOPPING)
    stopping = unknown + in_use + refused
    touched = [each for each in planned if each.step.op not in UNTOUCHED]
    if as_json:
        steps = [
            {
                "urn": each.step.urn,
                "op": each.step.op,
                "steps": each.lines,
                "losses": each.losses,
                "doubts": each.doubts,
            }
            for each in touched
        ]
        document("plan", steps, unknown, inUse=in_use, refused=refused)
    else:
        for line in _lines(touched) + stopping:
            say(line)
        if not stopping and not any(each.lines for each in touched):
            say("pulumi up would change nothing on the host or in Proxmox VE.")
    return TROUBLE if in_use or refused else UNKNOWN if unknown else WELL


def _ours(step: Previewed) -> bool:
    return step.type.rsplit(":", 1)[-1] in RESOURCES and step.op not in REPLACING


def _said(preview: Preview) -> Said:
    """What the program declares."""
    said = Said()
    for step in preview.steps:
        if _ours(step) and step.op not in GOING and (inputs := step.new.get("inputs")):
            cls = RESOURCES[step.type.rsplit(":", 1)[-1]]
            said.hear(cls, recorded(cls, inputs))
    return said


async def _going(site: LiveSite, guard: Guard, step: Previewed) -> list[Notice]:
    """What our provider would say of a deletion."""
    cls = RESOURCES[step.type.rsplit(":", 1)[-1]]
    kept = step.old.get("outputs") or {}
    hidden = Hidden.of(cls.fields, {f.name for f in cls.fields if kept.get(f.camel) == SECRET})
    lifecycle = Lifecycle(site, cls, step.id, say, hidden=hidden, weigh=guard.weighed)
    return list(notices.of(await lifecycle.deletion(recorded(cls, kept))))


def _lines(planned: Sequence[Planned]) -> list[str]:
    """Each operation with its steps below it."""
    return [
        line
        for each in planned
        for line in (
            f"{each.step.op} {each.step.type.rsplit(':', 1)[-1]} {each.step.urn.rsplit('::', 1)[-1]}",
            *(f"  {step}" for step in each.lines),
            *(f"  takes away: {line}" if line[0] != " " else f"  {line}" for line in each.losses),
            *(f"  doubtful: {line}" for line in each.doubts),
        )
    ]
