"""Runs one simple command of a shell: a function, a builtin, or a program of the node."""

import errno
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from lab.node.registry import COMMANDS, Command
from lab.node.shell import expansion
from lab.node.shell.builtins import REGULAR as BUILTINS
from lab.node.shell.builtins import SPECIAL, Builtin
from lab.node.shell.flow import LeaveFunction, ShellError
from lab.node.shell.redirection import RedirectionFailed, Saved, apply
from lab.node.shell.syntax import Lit, Simple, Word

if TYPE_CHECKING:
    from lab.node.shell.interpreter import Shell

MAX_CALLS = 100
INLINE = {"echo", "printf", "test", "[", "true", "false", "kill", "pwd", ":"}
"""Programs that a shell also has inside, so that they work without a PATH."""


async def assign_all(shell: "Shell", node: Simple) -> None:
    """Make the assignments of a command without words."""
    for name, word in node.assigns:
        shell.assign(name, await expansion.text(shell, word))


async def invoke(shell: "Shell", node: Simple, words: list[str]) -> int:
    """Run the command `words` with the node's assignments and redirections; its exit code."""
    name = words[0] if words else ""
    if not words:
        return await _inside(shell, node, lambda: _nothing(shell))
    if name in SPECIAL:
        await assign_all(shell, node)
        return await _inside(shell, node, lambda: SPECIAL[name](shell, words), special=name)
    if name in shell.functions:
        return await _with_variables(shell, node, lambda: _inside(shell, node, lambda: _call(shell, words)))
    if name in REGULAR:
        return await _with_variables(shell, node, lambda: _inside(shell, node, lambda: REGULAR[name](shell, words)))
    return await external(shell, node, words)


async def _nothing(shell: "Shell") -> int:
    return shell.status if shell.substituted else 0


async def _inside(shell: "Shell", node: Simple, action: Callable[[], Awaitable[int]], special: str = "") -> int:
    saved, keep = Saved(shell.process), False
    try:
        await apply(shell, shell.process, node.redirects)
        code = await action()
        keep = special == "exec"
        return code
    except RedirectionFailed as error:
        if special and not shell.bash:
            raise ShellError(str(error)) from error
        await shell.process.err(shell.complaint(str(error)))
        return 1 if shell.bash else 2
    except BrokenPipeError:
        raise
    except OSError as error:
        await shell.process.err(shell.complaint(f"{name_of(node, special)}: {os.strerror(error.errno or errno.EIO)}"))
        return 1
    finally:
        if keep:
            saved.drop()
        else:
            saved.restore()


def name_of(node: Simple, special: str) -> str:
    """What an error calls the command."""
    return special or "write error" if node.words else "redirection"


async def _with_variables(shell: "Shell", node: Simple, action: Callable[[], Awaitable[int]]) -> int:
    kept = {name: (shell.variables.get(name), name in shell.exported) for name, _ in node.assigns}
    await assign_all(shell, node)
    shell.exported |= set(kept)
    try:
        return await action()
    finally:
        for name, (value, exported) in kept.items():
            if value is None:
                shell.variables.pop(name, None)
            else:
                shell.variables[name] = value
            if not exported:
                shell.exported.discard(name)


async def _call(shell: "Shell", words: list[str]) -> int:
    if len(shell.locals) >= MAX_CALLS:
        raise ShellError(f"{words[0]}: maximum function nesting level exceeded ({MAX_CALLS})")
    args, loops = shell.args, shell.loops
    shell.args, shell.loops = words[1:], 0
    shell.locals.append({})
    try:
        return await shell.run(shell.functions[words[0]])
    except LeaveFunction as leave:
        return leave.code
    finally:
        shell.args, shell.loops = args, loops
        shell.leave_function()


async def external(shell: "Shell", node: Simple, words: list[str]) -> int:
    """Run a program of the node (or one that shells have inside) as a child; 127 and 126 as shells say them."""
    env = shell.environment()
    for name, word in node.assigns:
        env[name] = await expansion.text(shell, word)
    inline = _inline(shell, words[0])
    path = ""
    try:
        child = shell.process.fork(words)
    except OSError as error:
        raise ShellError(
            "Cannot fork" if not shell.bash else "fork: retry: Resource temporarily unavailable", 254
        ) from error
    child.env = env
    try:
        await apply(shell, child, node.redirects)
        if inline is None:
            path = shell.process.machine.lookup(words[0], env, shell.process.cwd)
    except RedirectionFailed as error:
        await shell.process.err(shell.complaint(str(error)))
        shell.process.machine.dismiss(child)
        return 1 if shell.bash else 2
    except OSError as error:
        await child.err(shell.complaint(_absent(shell, words[0], error)))
        shell.process.machine.dismiss(child)
        return 126 if error.errno == errno.EACCES else 127
    if inline is not None:
        return await shell.process.machine.launch(child, inline(child, words))
    return await shell.process.machine.execute(child, path)


def _inline(shell: "Shell", name: str) -> Command | None:
    if name not in INLINE:
        return None
    return COMMANDS.get(f"dash-{name}" if not shell.bash and f"dash-{name}" in COMMANDS else name)


def _absent(shell: "Shell", name: str, error: OSError) -> str:
    if error.errno == errno.EACCES:
        return f"{name}: Permission denied"
    if not shell.bash:
        return f"{name}: not found"
    return f"{name}: No such file or directory" if "/" in name else f"{name}: command not found"


async def command(shell: "Shell", words: list[str]) -> int:
    """`command` and `type`: run without functions, or say where a command is."""
    arguments = [w for w in words[1:] if w != "-p"]
    if not arguments:
        return 0
    if words[0] == "command" and arguments[0] not in ("-v", "-V"):
        kept, shell.functions = shell.functions, {n: b for n, b in shell.functions.items() if n != arguments[0]}
        literal: list[Word] = [[Lit(w, True)] for w in arguments]
        try:
            return await invoke(shell, Simple([], literal, [], shell.line), arguments)
        finally:
            shell.functions = kept
    code = 0
    for name in [a for a in arguments if not a.startswith("-")]:
        try:
            known = name in shell.functions or name in SPECIAL or name in REGULAR or name in INLINE
            where = name if known else shell.process.machine.lookup(name, shell.environment(), shell.process.cwd)
            await shell.process.out(f"{where}\n" if arguments[0] == "-v" else f"{name} is {where}\n")
        except OSError:
            code = 1 if shell.bash else 127
            if arguments[0] != "-v":
                await shell.process.err(f"{name}: not found")
    return code


REGULAR: dict[str, Builtin] = {**BUILTINS, "command": command, "type": command}
