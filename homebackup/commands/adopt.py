"""`homebackup adopt`: takes what exists into the stack's state, by the file that `pulumi import` reads."""

import json
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from homebackup.assess.adoption import import_file
from homebackup.assess.audit import Class, Item
from homebackup.commands.ending import TROUBLE, UNKNOWN, WELL, run
from homebackup.commands.looking import Looked, look
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.commands.printing import document, say
from homebackup.model.steps import Write
from homebackup.world import local_files
from homebackup.world.journal import Journal, place
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import project

PLACE = Path(".homebackup") / "import.json"
"""Where the file is written unless told, in the project's folder."""
OPTIONS = ("--protect=false", "--generate-code=false")
"""The program has the code already, and decides itself what is protected."""

File = Annotated[Path, typer.Option("--file", help="Where to write the file, from the project's folder.")]
Run = Annotated[bool, typer.Option("--run", help="Also run pulumi import with it; nothing on the site is changed.")]
Different = Annotated[
    bool, typer.Option("--different", help="Also what is not as declared, as it is; pulumi up then changes it.")
]


def verb(
    run_it: Run = False,
    different: Different = False,
    file: File = PLACE,
    stack: Stack = None,
    cwd: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Write the file with which pulumi import takes over what exists and is as declared, and run it if told to."""
    run(_adopt(PulumiCli(cwd, stack), file, run_it=run_it, different=different, as_json=as_json))


async def _adopt(pulumi: PulumiCli, file: Path, *, run_it: bool, different: bool, as_json: bool) -> int:
    looked = await look(pulumi)
    declared, found = looked.declared, looked.audit
    states: tuple[Class, ...] = ("equal", "different") if different else ("equal",)
    items = [item for item in found.of(*states) if item.adoptable]
    unknown = [str(part) for part in found.unseen]
    content = import_file(items, declared.name, project(declared.folder), looked.found.state)
    command = ["import", "--file", str(file), *OPTIONS]
    taken = []
    if items:
        await _write(declared.folder, file, content)
        if run_it:
            await _run(pulumi, looked, [*command, "--yes", "--skip-preview", "--non-interactive"])
            state = await pulumi.deployed()
            taken = [item for item in items if item.wanted and state.has(item.wanted.token, item.wanted.name)]
    if as_json:
        document("import", content, unknown, adoptable=_names(items), taken=_names(taken))
    else:
        _say(items, taken, file if items else None, shlex.join(["pulumi", *command, "--stack", declared.name]), run_it)
        left = [item for item in found.of("different") if item not in items and item.wanted]
        if left:
            say(f"Left, because it is different: {', '.join(_names(left))}; homebackup audit says how.")
        for text in unknown:
            say(f"not seen: {text}", err=True)
    if run_it and len(taken) < len(items):
        return TROUBLE
    return UNKNOWN if unknown else WELL


async def _write(folder: Path, file: Path, content: dict[str, Any]) -> None:
    before = await local_files.read(folder / file)
    after = (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
    if before != after:
        await local_files.perform(Write(str(file), before, after, here=True), folder)


async def _run(pulumi: PulumiCli, looked: Looked, command: list[str]) -> None:
    journal = Journal(place(looked.declared.folder), "homebackup adopt", looked.declared.connection.secrets)
    record = journal.of(looked.declared.name, f"stack {looked.declared.name}", say)
    async with record.act(shlex.join(["pulumi", *command])):
        await pulumi.run(*command)


def _names(items: list[Item]) -> list[str]:
    return [f"{item.noun} {item.name}" for item in items]


def _say(items: list[Item], taken: list[Item], file: Path | None, command: str, ran: bool) -> None:
    if file is None:
        say("There is nothing to adopt; homebackup audit says what there is.")
        return
    for name in _names(items):
        say(name)
    if ran:
        say(f"{len(taken)} of {len(items)} are in the stack's state now; nothing on the site was changed.")
    else:
        say(f"{file} has them: homebackup adopt --run takes them over, or {command}")
