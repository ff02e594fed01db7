"""`homebackup receipts`: what was done from this folder, one receipt a run, as Markdown."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from homebackup.commands.ending import WELL, run
from homebackup.commands.options import HERE, Folder, Json
from homebackup.commands.printing import document, say
from homebackup.model.receipts import Receipt, markdown, receipts
from homebackup.world.journal import entries, place
from homebackup.world.processes import lives, machine
from homebackup.world.pulumi_cli import project_file

Last = Annotated[int | None, typer.Option("--last", "-n", min=1, help="Only so many runs, the newest.")]
Of = Annotated[str | None, typer.Option("--stack", "-s", help="Only what was done to this stack.")]


def verb(last: Last = None, stack: Of = None, cwd: Folder = HERE, as_json: Json = False) -> None:
    """Say of each run what was planned, done, failed, taken back and cut off, from the journal. Changes nothing."""

    async def work() -> int:
        file = place(project_file(cwd).parent)
        read, torn = entries(file)
        cut = f"journal {file}: {torn} line(s) are no entry, cut short most likely; the rest is whole"
        lost = [cut] if torn else []
        chosen = [receipt for receipt in receipts(read) if stack in (None, receipt.stack)][-(last or 0) :]
        if as_json:
            document("receipts", [asdict(r) | {"running": _running(r)} for r in chosen], lost)
        elif not chosen:
            say(f"Nothing was done yet, as far as the journal {file} tells.")
        else:
            say("\n".join(markdown(r, None, running=_running(r)) for r in chosen), end="")
        for text in () if as_json else lost:
            say(text, err=True)
        return WELL

    run(work())


def _running(receipt: Receipt) -> bool:
    """Whether a run that left something without an end still goes on, which only its own machine can tell."""
    return (
        receipt.having("") > 0
        and receipt.machine == machine()
        and lives(receipt.process, datetime.fromisoformat(receipt.began))
    )
