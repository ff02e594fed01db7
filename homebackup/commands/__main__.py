"""`homebackup`: a verb is a file of this folder that has a function `verb`; its name is the file's."""

import sys
from importlib import import_module
from pkgutil import iter_modules

import typer

from homebackup import commands
from homebackup.commands.ending import USAGE

LIBRARYS_USAGE = 2
"""What typer exits with when it does not understand the command line; no verb of ours does."""

app = typer.Typer(
    name="homebackup",
    help="The backups of a Proxmox VE site: what is declared, what is there, and what Pulumi would do about it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _together() -> None:
    """Keep verbs as verbs, also while there is only one."""


for _module in iter_modules(commands.__path__):
    if _verb := getattr(
        import_module(f"homebackup.commands.{_module.name}") if _module.name != "__main__" else None, "verb", None
    ):
        app.command(_module.name.replace("_", "-"))(_verb)


def main() -> None:
    """Run the command line; a usage error, which the library ends with 2, ends with 64."""
    try:
        app()
    except SystemExit as ended:
        sys.exit(USAGE if ended.code == LIBRARYS_USAGE else ended.code)


if __name__ == "__main__":
    main()
