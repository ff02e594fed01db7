"""`homebackup rules`: the rules that a site's backups go by, which are kept, and which it is exempt from."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from zoneinfo import ZoneInfo

from homebackup.assess.governance import Judged, governed
from homebackup.commands.ending import CRITICAL, TROUBLE, UNKNOWN, WELL, run, told
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.commands.printing import document, show
from homebackup.commands.status import ExitCode, terminal
from homebackup.model.seen import Unseen
from homebackup.views import documents
from homebackup.views import rules as view
from homebackup.world.neighbours import neighbours
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack as Declared


def verb(stack: Stack = None, cwd: Folder = HERE, as_json: Json = False, exit_code: ExitCode = False) -> None:
    """List the rules of the backups, what of the declaration breaks one, and the exemptions with reason and date.

    Nobody is asked: times are taken to be UTC, and what takes a look at the site is told by preflight.
    """
    run(_rules(PulumiCli(cwd, stack), as_json=as_json, exit_code=exit_code))


async def _rules(pulumi: PulumiCli, *, as_json: bool, exit_code: bool) -> int:
    declared = await Declared.of(pulumi)
    site, others = declared.site, neighbours(declared.site, declared.folder)
    judged = governed(site, time.time(), ZoneInfo("UTC"), others)
    unseen = [others] if isinstance(others, Unseen) else []
    if as_json:
        data = asdict(documents.rules(site, judged, unseen))
        document("rules", data.pop("rules"), data.pop("unknown"), **data)
    else:
        show(view.text(site, judged, unseen, **terminal()))
    return told(_code(judged, unseen), asked=exit_code, unseen=bool(unseen))


def _code(judged: Sequence[Judged], unseen: Sequence[Unseen]) -> int:
    broken = [one for one in judged if one.state == "broken"]
    if any(one.critical for one in broken):
        return CRITICAL
    return UNKNOWN if unseen else TROUBLE if broken else WELL
