"""Programs of verbs: each verb is a call of the API or a function, its words and options come from their schema."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lab.cli import options, usage
from lab.cli.failing import FAILED, CommandFailed, parameters
from lab.cli.options import BadOptions, Line
from lab.cli.results import FORMAT_OPTIONS
from lab.cli.shell import Shell
from lab.pve.errors import BadParameters
from lab.pve.routes import CALLS, load
from lab.pve.schema import Schema

if TYPE_CHECKING:
    from lab.node.process import Process

Action = Callable[[Shell, dict[str, Any]], Awaitable[int]]
Show = Callable[[Shell, Any, dict[str, Any]], Awaitable[None]]
_INDEXED = "[n]"


def schema_of(call: str) -> dict[str, dict[str, Any]]:
    """Every parameter of a call, `METHOD TEMPLATE`; indexed configuration keys are spelled out."""
    load()
    data = CALLS[call]
    found: dict[str, dict[str, Any]] = dict(data["parameters"])
    for key in data.get("other_accepted_config_keys", []):
        names = [key.replace(_INDEXED, str(n)) for n in range(32)] if key.endswith(_INDEXED) else [key]
        found |= {name: {"type": "string", "optional": 1} for name in names}
    return found


@dataclass(frozen=True)
class Verb:
    """One command of a program: a call (`METHOD TEMPLATE`), or a function with parameters of its own."""

    call: str = ""
    action: Action | None = None
    parameters: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    extra: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Options beside the call's parameters."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Parameters that are always sent."""
    show: Show | None = None
    """How the answer is printed; without it nothing is, but the log of a task."""
    formats: bool = False
    """Whether the options for output formats are taken, too."""
    strict: bool = True
    """Whether a task that fails makes the command fail."""


Program = dict[str, Verb]


def accepted(verb: Verb) -> dict[str, dict[str, Any]]:
    """The parameters of a verb, without the node, which is always this one."""
    found = dict(verb.parameters) or schema_of(verb.call)
    return {name: data for name, data in found.items() if name != "node" and name not in verb.fixed} | dict(verb.extra)


async def run(proc: "Process", name: str, program: Program, args: list[str]) -> int:
    """Run one command line of a program; its exit code."""
    shell = Shell(proc)
    words = next((" ".join(args[:n]) for n in (3, 2, 1) if " ".join(args[:n]) in program), "")
    verb = program.get(words)
    if verb is None:
        problem = f"unknown command '{name} {args[0]}'" if args else "no command specified"
        await shell.complain(f"ERROR: {problem}\n{usage.whole(name)}")
        return FAILED
    try:
        return await _perform(shell, name, words, verb, args[len(words.split()) :])
    except BadOptions as problem:
        lines = [*problem.warnings, f"400 {problem.text}", usage.short(name, words)]
        await shell.complain("\n".join(lines))
        return FAILED
    except CommandFailed as problem:
        if problem.text:
            await shell.complain(problem.text + (usage.short(name, words) + "\n" if problem.usage else ""))
        return problem.code


def decoded(shell: Shell, args: list[str]) -> list[str]:
    """The words as the locale reads them."""
    return [options.decoded(word.encode("utf-8", "surrogateescape"), shell.utf8) for word in args]


async def _perform(shell: Shell, name: str, words: str, verb: Verb, args: list[str]) -> int:
    schema = accepted(verb) | (FORMAT_OPTIONS if verb.formats else {})
    required, optional = usage.positions(name, words)
    kinds = {key: options.kind_of(data) for key, data in schema.items() if key not in required + optional}
    line = options.read(decoded(shell, args), kinds)
    values = line.options | _placed(line, required, optional, name, words)
    shape = {key: values.pop(key) for key in list(values) if verb.formats and key in FORMAT_OPTIONS}
    if verb.action:
        return await verb.action(shell, _verified(verb, values | dict(verb.fixed)) | shape)
    method, _, template = verb.call.partition(" ")
    values |= verb.fixed
    path = template.format_map({"node": shell.node} | {key: str(value) for key, value in values.items()})
    sent = {key: value for key, value in values.items() if f"{{{key}}}" not in template}
    data = await shell.call(method, path, sent)
    if shell.task(data):
        return await shell.finish(data, strict=verb.strict)
    if verb.show:
        await verb.show(shell, data, values | shape)
    return 0


def _placed(line: Line, required: list[str], optional: list[str], name: str, words: str) -> dict[str, str]:
    if usage.commands(name)[words].startswith("{"):  # any number of them, none included
        return {required[0]: ",".join(line.words)} if line.words else {}
    given = len(line.words)
    names = required + optional[: max(0, given - len(required))]
    return options.place(line.words, names)


def _verified(verb: Verb, values: dict[str, Any]) -> dict[str, Any]:
    if not verb.parameters:
        return values
    try:
        return Schema(verb.parameters).verify(values)
    except BadParameters as error:
        raise parameters(error.errors or {}) from None
