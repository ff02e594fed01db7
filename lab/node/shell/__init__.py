"""A POSIX shell in Python: it can run only the lab's own commands, on the lab's own files."""

from functools import lru_cache

from lab.node.process import Process
from lab.node.shell.interpreter import Shell
from lab.node.shell.parser import Parser
from lab.node.shell.syntax import Node, Sequence, ShellSyntaxError, Simple


async def run_script(
    process: Process,
    script: str,
    *,
    name: str,
    args: list[str],
    bash: bool,
    options: set[str] | None = None,
    inline: bool = False,
) -> int:
    """Run a script in a process, `name` being $0 and `args` $1…, `inline` when it is the text of -c; the exit code."""
    shell = Shell(
        process,
        name,
        list(args),
        bash,
        variables={**process.env, "IFS": " \t\n", "PWD": process.cwd},
        exported={*process.env, "PWD"},
        options=set(options or ()),
        pid=process.pid,
        inline=inline,
    )
    shell.variables.setdefault("OPTIND", "1")
    shell.variables["PPID"] = str(process.parent)
    try:
        program = _parsed(script, bash)
    except ShellSyntaxError as error:
        shell.line = error.line
        program = _before_the_error(script, bash, error)
        await shell.to_the_end(program)
        shell.line = error.line
        await process.err(shell.complaint(str(error)))
        return 2
    return await shell.to_the_end(program)


@lru_cache(maxsize=128)
def _parsed(script: str, bash: bool) -> Node:
    """What the script is made of, which running it does not change; a client sends the same scripts again and again."""
    return Parser(script, bash=bash).program()


def _before_the_error(script: str, bash: bool, error: ShellSyntaxError) -> Node:
    """The lines before a syntax error, which a shell has run by the time it meets it."""
    lines = script.split("\n")[: error.line - 1]
    while lines:
        try:
            return Parser("\n".join(lines), bash=bash).program()
        except ShellSyntaxError:
            lines.pop()
    return Sequence([(Simple([], [], [], 1), False)])
