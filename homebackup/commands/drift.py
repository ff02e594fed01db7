"""`homebackup drift`: what is not as declared, a line for each field, for cron and CI."""

from dataclasses import asdict, dataclass
from itertools import chain

from homebackup.commands.ending import DRIFT, UNKNOWN, WELL, run
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.commands.printing import document, say
from homebackup.commands.told import of_kind, previewed, told
from homebackup.model.declare import name_of
from homebackup.model.differences import is_not, shown
from homebackup.model.state import recorded
from homebackup.resources import RESOURCES
from homebackup.world.pulumi_cli import Preview, Previewed, PulumiCli


@dataclass(frozen=True)
class Drift:
    """One field that is not as declared; `field` is empty when the whole resource is missing or not declared."""

    noun: str
    name: str
    field: str
    found: str
    declared: str
    said: str
    """The same in words, without the resource."""

    def line(self) -> str:
        """As a sentence."""
        return f"{self.noun} {self.name}: {self.said}"


def verb(stack: Stack = None, cwd: Folder = HERE, as_json: Json = False) -> None:
    """Say what is not as declared. Exits 0 when nothing is, 7 when something is, 3 when the site cannot be seen."""
    run(_drift(PulumiCli(cwd, stack), as_json))


async def _drift(pulumi: PulumiCli, as_json: bool) -> int:
    preview = await previewed(pulumi)
    drifts = report(preview)
    unknown = of_kind("unknown", chain.from_iterable(told(preview).values()))
    if as_json:
        document("drift", [asdict(f) for f in drifts], unknown)
    else:
        for line in [f.line() for f in drifts] + unknown:
            say(line)
    return DRIFT if drifts else UNKNOWN if unknown else WELL


def report(preview: Preview) -> list[Drift]:
    """Every difference between what was found and what is declared, in the preview's order."""
    return [drift for step in preview.steps for drift in _of(step)]


def _of(step: Previewed) -> list[Drift]:
    cls = RESOURCES.get(step.type.rsplit(":", 1)[-1])
    if cls is None or step.op in ("same", "refresh", "read", "create-replacement", "delete-replaced"):
        return []
    old, new = recorded(cls, step.old.get("outputs") or {}), recorded(cls, step.new.get("inputs") or {})
    name = step.id or name_of(cls, new)
    if step.op == "create":
        return [Drift(cls.noun, name, "", "missing", "there", "declared, but not there")]
    if step.op == "delete":
        return [Drift(cls.noun, name, "", "there", "missing", "there, but no longer declared")]
    both = [(f, shown(f, old.get(f.name)), shown(f, new.get(f.name))) for f in cls.fields if f.camel in step.differing]
    return [Drift(cls.noun, name, f.wire, found, wanted, is_not(f, found, wanted)) for f, found, wanted in both]
