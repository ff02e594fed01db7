"""pveum and pveversion: users, tokens, roles and rights, and the version, from the command line of the node."""

from typing import TYPE_CHECKING, Any

from lab.cli import results
from lab.cli.shell import Shell
from lab.cli.tables import Column, table
from lab.cli.verbs import Program, Verb, run
from lab.node.registry import command
from lab.pve.routes import CALLS

if TYPE_CHECKING:
    from lab.node.process import Process


def printing(call: str) -> Verb:
    """A verb that prints the answer of a call in the format that is asked for."""
    method, _, template = call.partition(" ")

    async def show(shell: Shell, data: Any, values: dict[str, Any]) -> None:
        look = shell.look(border=not values.get("noborder"), header=not values.get("noheader"))
        columns = results.declared(template, CALLS[call].get("returns") or {}) if method == "GET" else []
        if not values.get("quiet"):
            await shell.say(results.printed(data, values.get("output-format", "text"), columns, look))

    return Verb(call, show=show, formats=True)


async def permissions(shell: Shell, data: Any, values: dict[str, Any]) -> None:
    """What a user may do, a path with all its privileges in one cell."""
    if values.get("output-format", "text") != "text":
        await shell.say(results.printed(data, values["output-format"], [], shell.look()))
        return
    rows = [
        {"path": path, "text": "\n".join(f"{name}{' (*)' if on else ''}" for name, on in sorted(found.items()))}
        for path, found in data.items()
    ]
    if rows:
        await shell.say(table(rows, [Column("path", "ACL path"), Column("text", "Permissions")], shell.look()))
        await shell.say("Permissions marked with '(*)' have the 'propagate' flag set.\n")


TOKEN = "/access/users/{userid}/token/{tokenid}"
PROGRAM: Program = {
    "user list": printing("GET /access/users"),
    "user add": Verb("POST /access/users"),
    "user delete": Verb("DELETE /access/users/{userid}"),
    "user permissions": Verb("GET /access/permissions", show=permissions, formats=True),
    "user token list": printing("GET /access/users/{userid}/token"),
    "user token add": printing(f"POST {TOKEN}"),
    "user token remove": Verb(f"DELETE {TOKEN}", formats=True),
    "acl list": printing("GET /access/acl"),
    "acl modify": Verb("PUT /access/acl"),
    "acl delete": Verb("PUT /access/acl", fixed={"delete": 1}),
    "role list": printing("GET /access/roles"),
    "role add": Verb("POST /access/roles"),
    "role delete": Verb("DELETE /access/roles/{roleid}"),
    "pool list": printing("GET /pools"),
}


@command("pveum")
async def pveum(proc: "Process", argv: list[str]) -> int:
    """Manage users, tokens, roles and rights."""
    return await run(proc, "pveum", {name: verb for name, verb in PROGRAM.items() if verb.call in CALLS}, argv[1:])


@command("pveversion")
async def pveversion(proc: "Process", argv: list[str]) -> int:
    """The version of Proxmox VE; with -v those of its packages that matter to backups."""
    shell = Shell(proc)
    version = shell.api.version
    if "-v" in argv[1:] or "--verbose" in argv[1:]:
        await shell.say(
            f"proxmox-ve: {version.rpartition('.')[0]}.0 (running kernel: 6.8.12-9-pve)\n"
            f"pve-manager: {version} (running version: {version}/2a5fa54a8503f96d)\n"
        )
        return 0
    await shell.say(f"pve-manager/{version}/2a5fa54a8503f96d (running kernel: 6.8.12-9-pve)\n")
    return 0
