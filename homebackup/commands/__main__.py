"""`homebackup`: a verb is a file of this folder that has a `verb`, or a `group` of them; its name is the file's."""

import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import typer
from typer.core import TyperGroup

from homebackup import commands
from homebackup.commands.ending import TROUBLE, USAGE, Ended
from homebackup.commands.printing import say
from homebackup.world.errors import sentence

LIBRARYS_USAGE = 2
"""What typer exits with when it does not understand the command line."""


class Verbs(TyperGroup):
    """The verbs of this folder; one is imported when it is called, all only to be listed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all verbs."""
        names = sorted(_name(module.name) for module in iter_modules(commands.__path__))
        return [name for name in names if self.get_command(ctx, name)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The verb of that name, None when there is none."""
        if cmd_name not in (_name(module.name) for module in iter_modules(commands.__path__)):
            return None
        module = import_module(f"homebackup.commands.{cmd_name.replace('-', '_')}")
        if group := getattr(module, "group", None):
            return typer.main.get_group(group)
        verb = getattr(module, "verb", None)
        if verb is None:
            return None
        alone = typer.Typer(add_completion=False)
        alone.command(cmd_name)(verb)
        return typer.main.get_command(alone)


def _name(module: str) -> str:
    return module.replace("_", "-")


app = typer.Typer(
    name="homebackup",
    cls=Verbs,
    help="The backups of a Proxmox VE site: what is declared, what is there, and what Pulumi would do about it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _together() -> None:
    """Keep verbs as verbs, also while there is only one."""


def main(*verb: str) -> None:
    """Run the command line, or one verb of it; a usage error ends with 64, whatever else goes wrong is one sentence."""
    try:
        app([*verb, *sys.argv[1:]], prog_name="homebackup")
    except Ended:
        raise
    except SystemExit as ended:
        sys.exit(USAGE if ended.code == LIBRARYS_USAGE else ended.code)
    except Exception as error:  # noqa: BLE001 -- the boundary to the owner, who reads a sentence whatever it is
        say(sentence(error), err=True)
        sys.exit(TROUBLE)


def backup_status() -> None:
    """`backup.status`: the verb `status` under the name that other programs know."""
    main("status")


def backup_calendar_generate() -> None:
    """`backup.calendar.generate`: likewise the verb `calendar`."""
    main("calendar")


if __name__ == "__main__":
    main()
