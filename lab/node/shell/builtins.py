"""The commands that change the shell itself."""

import asyncio
import errno
import os
import posixpath
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from lab.node.shell.flow import LeaveFunction, LeaveLoop, LeaveShell, ShellError
from lab.node.shell.reading import getopts, read

if TYPE_CHECKING:
    from lab.node.shell.interpreter import Shell

Builtin = Callable[["Shell", list[str]], Awaitable[int]]
LONG = {
    "errexit": "e",
    "nounset": "u",
    "noglob": "f",
    "xtrace": "x",
    "noclobber": "C",
    "allexport": "a",
    "noexec": "n",
    "verbose": "v",
    "pipefail": "pipefail",
    "posix": "posix",
}
SIGNALS = {"HUP": 1, "INT": 2, "QUIT": 3, "KILL": 9, "USR1": 10, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15}


def _number(shell: "Shell", words: list[str], default: int) -> int:
    if len(words) < 2:
        return default
    if not re.fullmatch(r"-?[0-9]+", words[1]):
        raise ShellError(f"{words[0]}: Illegal number: {words[1]}")
    return int(words[1])


async def _colon(shell: "Shell", words: list[str]) -> int:
    return 0


async def _break(shell: "Shell", words: list[str]) -> int:
    if shell.loops:
        raise LeaveLoop(min(_number(shell, words, 1), shell.loops), words[0] == "continue")
    return 0


async def _return(shell: "Shell", words: list[str]) -> int:
    raise LeaveFunction(_number(shell, words, shell.status) & 255)


async def _exit(shell: "Shell", words: list[str]) -> int:
    raise LeaveShell(_number(shell, words, shell.status) & 255)


async def _eval(shell: "Shell", words: list[str]) -> int:
    return await shell.evaluate(" ".join(words[1:])) if len(words) > 1 else 0


async def _exec(shell: "Shell", words: list[str]) -> int:
    if len(words) < 2:
        return 0
    shell.traps.pop("EXIT", None)
    raise LeaveShell(await shell.process.run(words[1:], env=shell.environment()))


async def _dot(shell: "Shell", words: list[str]) -> int:
    if len(words) < 2:
        raise ShellError(".: filename argument required")
    name = words[1]
    try:
        path = name if "/" in name else shell.process.machine.lookup(name, shell.environment(), shell.process.cwd)
        script = (await shell.process.read_file(path)).decode("utf-8", "surrogateescape")
    except OSError as error:
        reason = "not found" if error.errno == errno.ENOENT and "/" not in name else os.strerror(error.errno or 5)
        raise ShellError(f".: {name}: {reason}") from error
    try:
        return await shell.evaluate(script)
    except LeaveFunction as leave:
        return leave.code


async def _set(shell: "Shell", words: list[str]) -> int:
    if len(words) == 1:
        for name in sorted(shell.variables):
            await shell.process.out(f"{name}='{shell.variables[name]}'\n")
    rest = words[1:]
    while rest:
        word = rest.pop(0)
        if word == "--" or not re.match(r"[-+].", word):
            shell.args = rest if word == "--" else [word, *rest]
            break
        for letter in word[1:]:
            name = letter
            if letter == "o":
                if not rest or rest[0] not in LONG:
                    raise ShellError(f"set: Illegal option -o {rest[0] if rest else ''}")
                name = LONG[rest.pop(0)]
            (shell.options.add if word[0] == "-" else shell.options.discard)(name)
    return 0


async def _shift(shell: "Shell", words: list[str]) -> int:
    count = _number(shell, words, 1)
    if count > len(shell.args):
        if shell.bash:
            return 1
        raise ShellError("shift: can't shift that many")
    shell.args = shell.args[count:]
    return 0


async def _export(shell: "Shell", words: list[str]) -> int:
    names = shell.exported if words[0] == "export" else shell.readonly
    arguments = [w for w in words[1:] if w not in ("-p", "--")]
    for word in arguments:
        name, equals, value = word.partition("=")
        if not name.isidentifier():
            raise ShellError(f"{words[0]}: {name}: bad variable name")
        if equals:
            shell.assign(name, value)
        names.add(name)
    if not arguments:
        for name in sorted(names):
            if name in shell.variables:
                await shell.process.out(f"{words[0]} {name}='{shell.variables[name]}'\n")
    return 0


async def _unset(shell: "Shell", words: list[str]) -> int:
    functions = "-f" in words
    for name in (w for w in words[1:] if w not in ("-f", "-v")):
        if functions:
            shell.functions.pop(name, None)
        else:
            shell.unset(name)
    return 0


async def _trap(shell: "Shell", words: list[str]) -> int:
    arguments = [w for w in words[1:] if w != "--"]
    if not arguments:
        for name, action in sorted(shell.traps.items()):
            await shell.process.out(f"trap -- '{action}' {name}\n")
        return 0
    action = arguments[0] if len(arguments) > 1 and not arguments[0].isdigit() else "-"
    for word in arguments[1:] if len(arguments) > 1 and not arguments[0].isdigit() else arguments:
        name = word.removeprefix("SIG")
        name = {"0": "EXIT"}.get(name) or next((n for n, v in SIGNALS.items() if name in (n, str(v))), name)
        if name not in ("EXIT", "ERR") and name not in SIGNALS:
            raise ShellError(f"trap: {word}: bad trap")
        if action == "-":
            shell.traps.pop(name, None)
        else:
            shell.traps[name] = action
    return 0


async def _cd(shell: "Shell", words: list[str]) -> int:
    arguments = [w for w in words[1:] if w not in ("-L", "-P", "--")]
    target = arguments[0] if arguments else shell.get("HOME") or "/root"
    target = shell.get("OLDPWD") or "/" if target == "-" else target
    path = posixpath.normpath(shell.process.path(target)).replace("//", "/") if target else shell.process.cwd
    try:
        await shell.process.reach(path)
        shell.process.root.stat(path)
        if not shell.process.root.isdir(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    except OSError as error:
        reason = f"cd: {target}: {os.strerror(error.errno or 5)}" if shell.bash else f"cd: can't cd to {target}"
        await shell.process.err(shell.complaint(reason))
        return 1 if shell.bash else 2
    shell.variables["OLDPWD"], shell.variables["PWD"], shell.process.cwd = shell.process.cwd, path, path
    if arguments and arguments[0] == "-":
        await shell.process.out(path + "\n")
    return 0


async def _local(shell: "Shell", words: list[str]) -> int:
    for word in words[1:]:
        name, equals, value = word.partition("=")
        shell.make_local(name)
        if equals:
            shell.assign(name, value)
    return 0


async def _wait(shell: "Shell", words: list[str]) -> int:
    code = 0
    wanted = [int(w) for w in words[1:] if w.isdigit()]
    for process in list(shell.process.machine.processes.values()):
        if process.parent == shell.process.pid and process.task and (not wanted or process.pid in wanted):
            shell.finished[process.pid] = await asyncio.shield(process.task)
    for pid in wanted:
        code = shell.finished.get(pid, 127)
    return code


async def _umask(shell: "Shell", words: list[str]) -> int:
    if len(words) < 2:
        await shell.process.out(f"{shell.process.umask:04o}\n")
    elif re.fullmatch("[0-7]{1,4}", words[1]):
        shell.process.umask = int(words[1], 8)
    else:
        raise ShellError(f"umask: Illegal mode: {words[1]}")
    return 0


SPECIAL: dict[str, Builtin] = {
    ":": _colon,
    "break": _break,
    "continue": _break,
    "return": _return,
    "exit": _exit,
    "eval": _eval,
    "exec": _exec,
    ".": _dot,
    "set": _set,
    "shift": _shift,
    "export": _export,
    "readonly": _export,
    "unset": _unset,
    "trap": _trap,
}
REGULAR: dict[str, Builtin] = {
    "cd": _cd,
    "local": _local,
    "read": read,
    "getopts": getopts,
    "wait": _wait,
    "umask": _umask,
    "source": _dot,
    "hash": _colon,
    "alias": _colon,
    "unalias": _colon,
    "ulimit": _colon,
    "shopt": _colon,
}
