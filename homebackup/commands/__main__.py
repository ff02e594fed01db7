"""`homebackup`: a verb is a file of this folder that has a function `verb`; its name is the file's."""

import sys
from importlib import import_module
from pkgutil import iter_modules

import click
import typer

from homebackup import commands
from homebackup.commands.ending import USAGE

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
    """Run the command line; a usage error ends with 64."""
    try:
        app(standalone_mode=False)
    except click.UsageError as error:
        error.show()
        sys.exit(USAGE)
    except click.Abort:
        sys.exit(130)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)


if __name__ == "__main__":
    main()
