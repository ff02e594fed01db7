"""`homebackup coverage`: whether every guest of the cluster is backed up, and what lies about that serves nobody."""

from dataclasses import asdict

from homebackup.assess.coverage import Coverage, coverage
from homebackup.commands.ending import CRITICAL, TROUBLE, UNKNOWN, WELL, run, told
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.commands.printing import document, show
from homebackup.commands.status import ExitCode, seen, terminal
from homebackup.views import documents, table
from homebackup.world.pulumi_cli import PulumiCli


def verb(stack: Stack = None, cwd: Folder = HERE, as_json: Json = False, exit_code: ExitCode = False) -> None:
    """Say which guests no enabled job backs up on their node, whose disks are left out, and what is left over."""
    run(_coverage(PulumiCli(cwd, stack), as_json=as_json, exit_code=exit_code))


async def _coverage(pulumi: PulumiCli, *, as_json: bool, exit_code: bool) -> int:
    site, facts = await seen(pulumi)
    found = coverage(site, facts)
    if as_json:
        data = asdict(documents.coverage(site, found))
        document("guests", data.pop("guests"), data.pop("unknown"), **data)
    else:
        show(table.coverage(site, facts, found, **terminal()))
    blind = bool(found.unseen) or any(cover.state == "unknown" for cover in found.guests)
    return told(_code(found), asked=exit_code, unseen=blind)


def _code(found: Coverage) -> int:
    bad = [cover for cover in found.open if cover.state != "unknown"]
    if any(cover.critical for cover in bad):
        return CRITICAL
    return UNKNOWN if found.unseen or len(bad) < len(found.open) else TROUBLE if bad else WELL
