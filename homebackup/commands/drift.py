"""`homebackup drift`: what is not as declared, a line for each field, for cron and CI."""

import json
from dataclasses import asdict, dataclass

import typer

from homebackup.commands.ending import DRIFT, UNKNOWN, WELL, run
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.commands.told import told
from homebackup.engine.codec import recorded
from homebackup.engine.lifecycle import show
from homebackup.resources import RESOURCES
from homebackup.world.pulumi_cli import Preview, Previewed, PulumiCli


@dataclass(frozen=True)
class Finding:
    """One field that is not as declared; `field` is empty when the whole resource is missing or not declared."""

    noun: str
    name: str
    field: str
    found: str
    declared: str

    def line(self) -> str:
        """The finding as a sentence."""
        if self.field:
            return f"{self.noun} {self.name}: {self.field} is {self.found}, declared {self.declared}"
        return f"{self.noun} {self.name}: {self.found}, {self.declared}"


def verb(stack: Stack = None, cwd: Folder = HERE, as_json: Json = False) -> None:
    """Say what is not as declared. Exits 0 when nothing is, 7 when something is, 3 when the site cannot be seen."""
    run(_drift(PulumiCli(cwd, stack), as_json))


async def _drift(pulumi: PulumiCli, as_json: bool) -> int:
    preview = await pulumi.preview()
    findings = report(preview)
    unknown = [notice.text for notices in told(preview).values() for notice in notices if notice.kind == "unknown"]
    if as_json:
        typer.echo(json.dumps({"drift": [asdict(f) for f in findings], "unknown": unknown}, indent=2))
    else:
        for line in [f.line() for f in findings] + unknown:
            typer.echo(line)
    return DRIFT if findings else UNKNOWN if unknown else WELL


def report(preview: Preview) -> list[Finding]:
    """Every difference between what was found and what is declared, in the preview's order."""
    return [finding for step in preview.steps for finding in _findings(step)]


def _findings(step: Previewed) -> list[Finding]:
    cls = RESOURCES.get(step.type.rsplit(":", 1)[-1])
    if cls is None or step.op in ("same", "refresh", "read"):
        return []
    name = step.id or str((step.new.get("inputs") or {}).get(cls.key.camel, ""))
    if step.op in ("create", "delete"):
        words = ("is not there", "declared") if step.op == "create" else ("is there", "no longer declared")
        return [Finding(cls.noun, name, "", *words)]
    if step.op in ("create-replacement", "delete-replaced"):
        return []
    old, new = recorded(cls, step.old.get("outputs") or {}), recorded(cls, step.new.get("inputs") or {})
    return [
        Finding(cls.noun, name, f.wire, show(f.spell, old.get(f.name)), show(f.spell, new.get(f.name)))
        for f in cls.fields
        if f.camel in step.differing
    ]
