"""`homebackup audit`: everything that exists of backups, whose it is, and what to do with it."""

from dataclasses import asdict
from typing import Annotated

import typer

from homebackup.assess.audit import Audit
from homebackup.commands.ending import CRITICAL, TROUBLE, UNKNOWN, WELL, run, told
from homebackup.commands.looking import look
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.commands.printing import document, show
from homebackup.commands.retiring import restore, retire
from homebackup.commands.status import ExitCode, terminal
from homebackup.views import audit as view
from homebackup.views import documents
from homebackup.world.errors import Refused
from homebackup.world.pulumi_cli import PulumiCli

Retire = Annotated[
    str | None, typer.Option("--retire", metavar="JOB", help="Remove a job that backs nobody up, and keep a receipt.")
]
Restore = Annotated[
    str | None,
    typer.Option("--restore-receipt", metavar="ID", help="Bring back the job that a receipt keeps, as it was."),
]


def verb(
    retire: Retire = None,
    restore_receipt: Restore = None,
    stack: Stack = None,
    cwd: Folder = HERE,
    as_json: Json = False,
    exit_code: ExitCode = False,
) -> None:
    """Say of each job, storage, fstab line and inventory entry whose it is, why, and what to do.

    Each is managed (in the stack's state), equal to what is declared, different, broken, or foreign.
    """
    run(_audit(PulumiCli(cwd, stack), retire, restore_receipt, as_json=as_json, exit_code=exit_code))


async def _audit(
    pulumi: PulumiCli, job: str | None = None, receipt: str | None = None, *, as_json: bool, exit_code: bool
) -> int:
    if job is not None and receipt is not None:
        raise Refused("homebackup audit", "it either retires a job or brings one back", "name one of the two")
    if job is not None:
        return await retire(pulumi, job)
    if receipt is not None:
        return await restore(pulumi, receipt)
    looked = await look(pulumi)
    name, found = looked.declared.site.name, looked.audit
    if as_json:
        path = view.path(found, looked.declared.name)
        data = asdict(documents.audit(looked.declared.site, found, path))
        document("audit", data.pop("audit"), data.pop("unknown"), **data)
    else:
        show(view.text(name, looked.declared.name, found, **terminal()))
    return told(_code(found), asked=exit_code, unseen=bool(found.unseen))


def _code(found: Audit) -> int:
    if any(item.critical for item in found.items):
        return CRITICAL
    bad = found.of("broken", "different", "missing") or any(item.differences for item in found.items)
    return UNKNOWN if found.unseen else TROUBLE if bad else WELL
