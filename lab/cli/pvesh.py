"""pvesh: any call of the API from the command line of the node."""

import re
from typing import TYPE_CHECKING, Any

from lab.cli import options, results, usage
from lab.cli.failing import FAILED, CommandFailed, parameters
from lab.cli.options import BadOptions
from lab.cli.results import FORMAT_OPTIONS
from lab.cli.shell import Shell, fine
from lab.cli.verbs import decoded, schema_of
from lab.cli.vzdump import to_stdout
from lab.node.registry import command
from lab.pve.errors import BadParameters, Unavailable
from lab.pve.routes import CALLS, TREE, Branch, Route, find, load
from lab.pve.schema import Schema

if TYPE_CHECKING:
    from lab.node.process import Process

METHODS = {"get": "GET", "create": "POST", "set": "PUT", "delete": "DELETE"}
CAPABILITIES = {"GET": "r", "PUT": "w", "POST": "c", "DELETE": "d"}
API_PATH = """  <api_path> <string>
\t     API path.

  --noproxy  <boolean>
\t     Disable automatic proxying.


"""
NOPROXY = {"noproxy": {"type": "boolean", "optional": 1}}


@command("pvesh")
async def pvesh(proc: "Process", argv: list[str]) -> int:
    """Call the API."""
    shell, args = Shell(proc), decoded(Shell(proc), argv[1:])
    verb = args[0] if args else ""
    if verb not in (*METHODS, "ls", "usage", "help"):
        problem = f"unknown command 'pvesh {verb}'" if args else "no command specified"
        await shell.complain(f"ERROR: {problem}\n{usage.whole('pvesh')}")
        return FAILED
    line = usage.short("pvesh", verb)
    try:
        if verb == "help":
            return await helped(shell, args[1] if len(args) > 1 else "")
        if len(args) < 2:
            raise BadOptions("not enough arguments")
        if verb == "ls":
            return await listed(shell, args[1])
        if verb == "usage":
            return await used(shell, args[1])
        route, given = _route(verb, args[1])
        line = _usage(verb, route, given)
        return await called(shell, route, given, args[1], args[2:])
    except BadOptions as problem:
        await shell.complain("\n".join([*problem.warnings, f"400 {problem.text}", line]))
        return FAILED
    except CommandFailed as problem:
        await shell.complain(problem.text + (f"{line}\n" if problem.usage else ""))
        return problem.code


async def helped(shell: Shell, verb: str) -> int:
    """What one command does, or all of them."""
    if verb not in METHODS:
        await shell.complain(usage.whole("pvesh"))
        return 0
    await shell.say(f"USAGE: {usage.short('pvesh', verb)}\n\n  Call API {METHODS[verb]} on <api_path>.\n\n" + API_PATH)
    return 0


def _route(verb: str, path: str) -> tuple[Route, dict[str, str]]:
    try:
        if re.search(r"\s", path):
            raise Unavailable("")
        return find(METHODS[verb], path)
    except Unavailable:
        raise CommandFailed(f"No '{verb}' handler defined for '{path}'") from None


def _usage(verb: str, route: Route, given: dict[str, str]) -> str:
    """The short usage: parameters that must be there, by name."""
    call = CALLS[f"{route.method} {route.template}"]
    needed = [
        f"--{name} <{data.get('type', 'string')}>"
        for name, data in sorted(call["parameters"].items())
        if not data.get("optional") and name not in given
    ]
    return " ".join(["pvesh", verb, "<api_path>", *needed, "[OPTIONS]", "[FORMAT_OPTIONS]"])


async def called(shell: Shell, route: Route, given: dict[str, str], path: str, args: list[str]) -> int:
    """Make the call and print what comes back; a task is waited for and its log printed."""
    schema = {name: data for name, data in schema_of(f"{route.method} {route.template}").items() if name not in given}
    kinds = {name: options.kind_of(data) for name, data in (schema | FORMAT_OPTIONS | NOPROXY).items()}
    line = options.read(args, kinds)
    if line.words:
        raise BadOptions("too many arguments")
    try:
        shape = Schema(FORMAT_OPTIONS).verify({k: v for k, v in line.options.items() if k in FORMAT_OPTIONS})
    except BadParameters as error:
        raise parameters(error.errors or {}) from None
    values = {name: value for name, value in line.options.items() if name not in FORMAT_OPTIONS}
    data = await shell.call(route.method, "/" + path.strip("/"), values)
    task = shell.task(data)
    if task and values.get("stdout"):
        status = await to_stdout(shell, task)
        await shell.complain(_shown(shell, route, data, shape))
    else:
        status = await shell.follow(task) if task else "OK"
        if not shape.get("quiet"):
            await shell.say(_shown(shell, route, data, shape))
    if not fine(status):
        await shell.complain(status)  # and yet the command succeeds, as the call did
    return 0


def _shown(shell: Shell, route: Route, data: Any, shape: dict[str, Any]) -> str:
    look = shell.look(
        border=not shape.get("noborder"), header=not shape.get("noheader"), human=bool(shape.get("human-readable", 1))
    )
    returns = CALLS[f"{route.method} {route.template}"].get("returns") or {}
    columns = results.declared(route.template, returns)
    return results.printed(data, shape.get("output-format", "text"), columns, look)


def _branch(path: str) -> tuple[Branch | None, str]:
    """The node of the tree of paths, None where there is no such path, and the path as it is written."""
    load()
    branch: Branch | None = TREE
    parts = [part for part in path.split("/") if part]
    for part in parts:
        branch = branch and (branch.children.get(part) or branch.wildcard)
    return branch, "/" + "/".join(parts)


async def listed(shell: Shell, path: str) -> int:
    """What lies below a path: what it can do, and its name."""
    branch, name = _branch(path)
    if branch is None or not (branch.children or branch.wildcard):
        raise CommandFailed(f"resource '{path}' does not define child links")
    below = dict(branch.children)
    if branch.wildcard:
        rows = await shell.call("GET", name)
        below |= {_key(row, branch.wildcard.name): branch.wildcard for row in rows}
    for child in sorted(below):
        inner = below[child]
        can = "".join(letter if method in inner.routes else "-" for method, letter in CAPABILITIES.items())
        await shell.say(f"{'D' if inner.children or inner.wildcard else '-'}{can}        {child}\n")
    return 0


def _key(row: dict[str, Any], name: str) -> str:
    """What a row of an index is called in a path."""
    return str(next((row[key] for key in (name, "subdir", "name", "id") if key in row), ""))


async def used(shell: Shell, path: str) -> int:
    """The calls that a path answers, with the parameters they must have."""
    branch, name = _branch(path)
    if branch is None:
        raise CommandFailed(f"no such resource '{path}'")
    given = dict.fromkeys(re.findall(r"\{(\w+)\}", " ".join(r.template for r in branch.routes.values())), "")
    for verb, method in METHODS.items():
        if route := branch.routes.get(method):
            words = [f"USAGE: pvesh {verb} {name}"]
            call = CALLS[f"{route.method} {route.template}"]
            words += [
                f"--{key} <{data.get('type', 'string')}>"
                for key, data in sorted(call["parameters"].items())
                if not data.get("optional") and key not in given
            ]
            optional = any(data.get("optional") for data in call["parameters"].values())
            await shell.say(" ".join(words) + (" [OPTIONS]\n" if optional else " \n"))
    return 0
