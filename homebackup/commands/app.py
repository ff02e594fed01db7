"""`homebackup app`: what makes backups of its own inside a guest: one made now, the newest looked at."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from homebackup.commands.ending import run
from homebackup.commands.options import HERE, Folder, Stack
from homebackup.world.errors import Missing, Refused
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack as Declared

Name = Annotated[str, typer.Argument(help="The app, as the site's apps name it.")]
group = typer.Typer(add_completion=False, no_args_is_help=True, help="Backups that a guest makes of itself.")


@group.command("run")
def begin(name: Name, stack: Stack = None, cwd: Folder = HERE) -> None:
    """Let an app make a backup now, and wait for its end."""
    from homebackup.commands import dumping

    run(_of(PulumiCli(cwd, stack), name, dumping.make, dumps=True))


@group.command()
def verify(name: Name, stack: Stack = None, cwd: Folder = HERE) -> None:
    """Look at an app's newest backup: its size beside those before, and to its end what can be read without a key.

    Exits 2 when it is not good and the app is critical, and 1 when another's is not.
    """
    from homebackup.commands import dumping

    run(_of(PulumiCli(cwd, stack), name, dumping.check, dumps=True))


@group.command()
def assess(name: Name, stack: Stack = None, cwd: Folder = HERE) -> None:
    """Say whether an app needs backups beside vzdump: whether another instance holds its data, what each way loses.

    The answer goes into the document that has the site's governance, too. Exits 3 when an instance cannot be asked.
    """
    from homebackup.commands import assessing

    run(_of(PulumiCli(cwd, stack), name, assessing.answer))


async def _of(
    pulumi: PulumiCli, name: str, do: Callable[[Declared, str], Awaitable[int]], *, dumps: bool = False
) -> int:
    """Do it with an app of the site; raises Missing, and Refused where that takes a dump and it has none."""
    declared = await Declared.of(pulumi)
    if name not in declared.site.apps:
        known = ", ".join(sorted(declared.site.apps)) or "none"
        raise Missing(f"app {name}", "the site has none of that name", f"it has {known}")
    if dumps and not declared.site.apps[name].dump:
        remedy = "write dump: under it, or see how it makes its own"
        raise Refused(f"app {name}", "the site declares no dump of it", remedy)
    return await do(declared, name)
