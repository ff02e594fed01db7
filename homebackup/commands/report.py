"""`homebackup report`: verdicts, the days to come, sizes, forecast and restore lines, as one HTML page or Markdown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from homebackup.assess.account import account
from homebackup.assess.together import blind
from homebackup.commands.ending import run, told
from homebackup.commands.options import HERE, Folder, Stack
from homebackup.commands.printing import say, show
from homebackup.commands.status import CODES, ExitCode, seen
from homebackup.model.steps import Write
from homebackup.views import page
from homebackup.world import local_files
from homebackup.world.pulumi_cli import PulumiCli

Html = Annotated[Path | None, typer.Option("--html", help="Write it as one HTML page, which needs nothing else.")]
Markdown = Annotated[Path | None, typer.Option("--markdown", help="Write it as Markdown.")]


def verb(
    stack: Stack = None, cwd: Folder = HERE, html: Html = None, markdown: Markdown = None, exit_code: ExitCode = False
) -> None:
    """Report how all backups stand, as an HTML page or Markdown; printed as Markdown unless a file is named."""
    files = {path.absolute(): draw for path, draw in ((html, page.html), (markdown, page.markdown)) if path}
    run(_report(PulumiCli(cwd, stack), files, exit_code=exit_code))


async def _report(pulumi: PulumiCli, files: Mapping[Path, page.Drawn], *, exit_code: bool) -> int:
    found = account(*await seen(pulumi))
    if not files:
        show(page.markdown(found))
    for path, draw in files.items():
        content = draw(found).encode()
        before = await local_files.read(path)
        if before != content:
            await local_files.perform(Write(str(path), before, content, here=True), pulumi.folder)
        say(f"{path}: {'as it was' if before == content else 'written' if before is None else 'changed'}")
    return told(CODES[found.worst], asked=exit_code, unseen=blind(found.verdicts))
