"""`homebackup app`: what makes backups of its own inside a guest: one made now, the newest looked at."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from homebackup.commands.ending import run
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.world.errors import Missing, Refused
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack as Declared

Name = Annotated[str, typer.Argument(help="The app, as the site's apps name it.")]
File = Annotated[Path | None, typer.Option("--file", help="A backup of Home Assistant here, not its newest one.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Print the keys themselves.")]
Do = Callable[[Declared, str], Awaitable[int]]
group = typer.Typer(add_completion=False, no_args_is_help=True, help="Backups that a guest makes of itself.")


@group.command("run")
def begin(name: Name, stack: Stack = None, cwd: Folder = HERE) -> None:
    """Let an app make a backup now, or a task of Hyper Backup take the NAS's off the site, and wait for its end.

    Exits 2 when that goes wrong and the app is critical, and 1 when another's does.
    """
    from homebackup.commands import dumping, home_assistant, taking_off_site

    run(_of(PulumiCli(cwd, stack), name, dumping.make, home_assistant.make, taking_off_site.make))


@group.command()
def verify(name: Name, file: File = None, stack: Stack = None, cwd: Folder = HERE) -> None:
    """Look at an app's newest backup: whether it is whole, of the usual size, and opens with a key that is kept.

    Exits 2 when it is not good and the app is critical, and 1 when another's is not.
    """
    from homebackup.commands import dumping, home_assistant

    pulumi = PulumiCli(cwd, stack)
    own = partial(home_assistant.check, pulumi=pulumi, file=file)
    run(_of(pulumi, name, None if file else dumping.check, own))


@group.command()
def keys(
    name: Name = "home-assistant",
    reveal: Reveal = False,
    stack: Stack = None,
    cwd: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Say which of the keys that were kept opens which backup of Home Assistant.

    Exits 2 when one opens with none of them and the app is critical, and 1 when another's does not.
    """
    from homebackup.commands import home_assistant

    pulumi = PulumiCli(cwd, stack)
    run(_of(pulumi, name, None, partial(home_assistant.keys, pulumi=pulumi, reveal=reveal, as_json=as_json)))


@group.command()
def assess(name: Name, stack: Stack = None, cwd: Folder = HERE) -> None:
    """Say whether an app needs backups beside vzdump: whether another instance holds its data, what each way loses.

    The answer goes into the document that has the site's governance, too. Exits 3 when an instance cannot be asked.
    """
    from homebackup.commands import assessing

    run(_of(PulumiCli(cwd, stack), name, assessing.answer))


async def _of(pulumi: PulumiCli, name: str, dumps: Do | None, own: Do | None = None, away: Do | None = None) -> int:
    """Do it with an app of the site, in Home Assistant's `own` way where that is what it is.

    What takes the NAS's backups `away` is done with a task of Hyper Backup.

    Raises Missing, and Refused where the app is none with which that can be done; what has no `own` way takes any app.
    """
    site = (declared := await Declared.of(pulumi)).site
    tasks = site.nas.dsm.hyper_backup if away and site.nas.dsm else {}
    if away and name in tasks:
        return await away(declared, name)
    if name not in site.apps:
        known = ", ".join(sorted({**site.apps, **tasks})) or "none"
        raise Missing(f"app {name}", "the site has none of that name", f"it has {known}")
    if own and site.home_assistant and site.home_assistant.app == name:
        return await own(declared, name)
    remedy = "for Home Assistant, write home-assistant: and set homebackup:homeAssistantUrl, see docs/home-assistant.md"
    if dumps is None:
        raise Refused(f"app {name}", "it is not the Home Assistant of this site", remedy)
    if own and not site.apps[name].dump:
        raise Refused(f"app {name}", "the site declares no dump of it", f"write dump: under it; {remedy}")
    return await dumps(declared, name)
