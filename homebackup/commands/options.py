"""The options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

Stack = Annotated[str | None, typer.Option("--stack", "-s", help="Stack to look at; the selected one unless named.")]
Folder = Annotated[Path, typer.Option("--cwd", "-C", exists=True, file_okay=False, help="The Pulumi project's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
HERE = Path()
"""The folder a verb starts in."""
