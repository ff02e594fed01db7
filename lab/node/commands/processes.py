"""Commands that run others or look at processes: env, timeout, xargs, flock, kill, ps, fuser."""

import asyncio
import os
import re

from lab.node.commands.date import UNITS
from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command
from lab.node.shell.builtins import SIGNALS

NAMES = SIGNALS | {"STOP": 19, "CONT": 18}


@command("env")
async def env(proc: Process, argv: list[str]) -> int:
    """Print the environment, or run a command in a changed one: -i, -u NAME, NAME=VALUE."""
    given = Options(argv, "iu:0", "ignore-environment unset=", same="ignore-environment=i unset=u", stop=True, code=125)
    values = {} if "i" in given else dict(proc.env)
    for name in given.all("u"):
        values.pop(name, None)
    words = given.operands
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        values[name] = value
    if not words:
        await proc.out("".join(f"{k}={v}\n" for k, v in values.items()))
        return 0
    return await proc.run(words, env=values)


@command("printenv")
async def printenv(proc: Process, argv: list[str]) -> int:
    """Print variables of the environment."""
    for name in argv[1:] or list(proc.env):
        if name not in proc.env:
            return 1
        await proc.out(f"{proc.env[name]}\n" if argv[1:] else f"{name}={proc.env[name]}\n")
    return 0


@command("nice", "nohup", "setsid", "ionice", "stdbuf", "sudo")
async def wrapper(proc: Process, argv: list[str]) -> int:
    """Run a command; what it is wrapped in makes no difference here."""
    given = Options(argv, "n:c:o:e:i:u:p:w", "adjustment= class= wait user=", stop=True)
    return await proc.run(given.operands) if given.operands else 0


@command("timeout")
async def timeout(proc: Process, argv: list[str]) -> int:
    """Run a command for so long: 124 when it had to be ended, 137 when by KILL; -k AFTER, -s SIGNAL."""
    given = Options(
        argv,
        "k:s:v",
        "kill-after= signal= preserve-status foreground",
        same="kill-after=k signal=s",
        stop=True,
        code=125,
    )
    if len(given.operands) < 2:
        raise BadUsage("missing operand\nTry 'timeout --help' for more information.", 125)
    seconds, words = duration(given.operands[0]), given.operands[1:]
    number = signal_number(given.get("s", "TERM"))
    try:
        path = proc.machine.lookup(words[0], proc.env, proc.cwd)
    except OSError as error:
        reason = os.strerror(error.errno or 2)
        await proc.err(f"timeout: failed to run command '{words[0]}': {reason}")
        return 126 if error.errno == 13 else 127
    child = proc.fork(words)
    task = asyncio.ensure_future(proc.machine.execute(child, path))
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds or None)
        if done:
            return task.result()
        proc.machine.kill(child, number)
        done, _ = await asyncio.wait({task}, timeout=duration(given.get("k")) if "k" in given else None)
        if not done:
            proc.machine.kill(child, 9)
        await task
        return 137 if number == 9 or not done else 124 if "preserve-status" not in given else task.result()
    except asyncio.CancelledError:
        proc.machine.kill(child, proc.signal or 15)
        raise


def duration(text: str) -> float:
    """Seconds of `5`, `1.5s`, `2m`; raises BadUsage."""
    match = re.fullmatch(r"(\d*\.?\d+)([smhd]?)", text)
    if match is None:
        raise BadUsage(f"invalid time interval '{text}'", 125)
    return float(match[1]) * UNITS[match[2]]


def signal_number(text: str) -> int:
    """The number of a signal given by name or number; raises BadUsage."""
    name = text.upper().removeprefix("SIG")
    if not name.isdigit() and name not in NAMES:
        raise BadUsage(f"{text}: invalid signal")
    return int(name) if name.isdigit() else NAMES[name]


@command("xargs")
async def xargs(proc: Process, argv: list[str]) -> int:
    """Run a command on words from standard input: -0, -n COUNT, -I TEXT, -r, -d SEP."""
    given = Options(
        argv,
        "0n:I:rd:P:tL:",
        "null no-run-if-empty max-args= delimiter=",
        same="null=0 no-run-if-empty=r max-args=n delimiter=d",
        stop=True,
    )
    text = (await proc.stdin.read()).decode("utf-8", "surrogateescape")
    if "0" in given:
        items = [w for w in text.split("\0") if w]
    elif "I" in given or given.get("d") == "\\n":
        items = [line.strip() for line in text.split("\n") if line.strip()]
    else:
        items = [m[1] or m[2] or m[3] or "" for m in re.finditer(r"""'([^']*)'|"([^"]*)"|((?:\\.|[^\s'"])+)""", text)]
    words, code = given.operands or ["echo"], 0
    if "I" in given:
        batches = [[w.replace(given.get("I"), item) for w in words] for item in items]
    else:
        size = given.number("n", 5000)
        batches = [[*words, *items[i : i + size]] for i in range(0, len(items), size)] or (
            [] if "r" in given else [words]
        )
    for batch in batches:
        one = await proc.run(batch)
        if one in (126, 127):
            return one
        code = 123 if one else code
    return code


@command("flock")
async def flock(proc: Process, argv: list[str]) -> int:
    """Run a command while a file is locked, or lock a descriptor until the session ends: -n, -w SECONDS, -c."""
    given = Options(
        argv,
        "nw:E:xseuc:o",
        "nonblock timeout= exclusive shared conflict-exit-code= unlock command=",
        same="nonblock=n timeout=w conflict-exit-code=E command=c unlock=u",
        stop=True,
    )
    if not given.operands:
        raise BadUsage("requires a file or descriptor")
    name, words = given.operands[0], given.operands[1:]
    if words[:1] == ["-c"]:
        words = ["sh", "-c", *words[1:2]]
    if "c" in given:
        words = ["sh", "-c", given.get("c")]
    stream = proc.fds.get(int(name)) if name.isdigit() else None
    path = getattr(stream, "path", None) or proc.path(name)
    if not stream:
        (await proc.open(name, "a")).release()
    lock = proc.root.lock(path)
    if "u" in given:
        if lock.locked():
            lock.release()
        return 0
    try:
        if "n" in given and lock.locked():
            return given.number("E", 1)
        await asyncio.wait_for(lock.acquire(), duration(given.get("w")) if "w" in given else None)
    except TimeoutError:
        return given.number("E", 1)
    if not words:
        if stream:
            stream.on_close = lock.release
        return 0
    try:
        return await proc.run(words)
    finally:
        lock.release()


@command("kill")
async def kill(proc: Process, argv: list[str]) -> int:
    """Send a signal: -SIGNAL, -s SIGNAL, -0 only asks."""
    words, number, code = argv[1:], 15, 0
    if words[:1] == ["-l"]:
        await proc.out(" ".join(NAMES) + "\n")
        return 0
    if words[:1] == ["-s"]:
        number, words = signal_number(words[1]), words[2:]
    elif words and re.match(r"-\w", words[0]):
        number, words = signal_number(words[0][1:]), words[1:]
    for word in [w for w in words if w != "--"]:
        target = proc.machine.processes.get(int(word)) if word.lstrip("-").isdigit() else None
        if target is None:
            await proc.err(f"kill: ({word}) - No such process")
            code = 1
        elif number:
            proc.machine.kill(target, number)
    return code


@command("ps")
async def ps(proc: Process, argv: list[str]) -> int:
    """The node's processes: every form of it prints pid and command; -o pid=,args= and -p PID are understood."""
    given = Options(
        [argv[0], *(w if w.startswith("-") else f"-{w}" for w in argv[1:])] if argv[1:2] in (["aux"], ["ax"]) else argv,
        "eAfauxwo:p:C:",
        "no-headers ppid= sort= pid=",
        same="pid=p",
    )
    columns = (given.get("o") or "pid,ppid,args").split(",")
    plain = [c.partition("=")[0] for c in columns]
    rows = [(p.pid, p.parent, " ".join(p.argv).replace("\n", " ")) for p in proc.machine.processes.values()]
    rows = [(1, 0, "/sbin/init"), (812, 1, "pvedaemon"), (820, 1, "pveproxy"), *rows]
    if "p" in given:
        rows = [r for r in rows if str(r[0]) in given.get("p").split(",")]
    if not all(c.endswith("=") for c in columns) and "no-headers" not in given:
        await proc.out(" ".join(c.upper().rjust(7) if c in ("pid", "ppid") else c.upper() for c in plain) + "\n")
    for pid, parent, args in rows:
        values = {
            "pid": str(pid).rjust(7),
            "ppid": str(parent).rjust(7),
            "args": args,
            "cmd": args,
            "command": args,
            "comm": os.path.basename(args.split(" ")[0]),
            "user": "root",
            "stat": "S",
            "uid": "0",
            "etime": "00:01",
        }
        await proc.out(" ".join(values.get(c, "-") for c in plain) + "\n")
    return 0 if rows else 1


@command("pgrep", "pidof")
async def pgrep(proc: Process, argv: list[str]) -> int:
    """Pids of processes by name, or with -f by command line."""
    given = Options(argv, "fxal")
    text = (given.operands or [""])[0]
    found = [
        p
        for p in proc.machine.processes.values()
        if p.pid != proc.pid and re.search(text, " ".join(p.argv) if "f" in given else os.path.basename(p.argv[0]))
    ]
    for process in found:
        await proc.out(f"{process.pid}{' ' + ' '.join(process.argv) if given.any('a', 'l') else ''}\n")
    return 0 if found else 1


@command("fuser", "lsof")
async def fuser(proc: Process, argv: list[str]) -> int:
    """Who uses a mount (-m) or what lies under a path: pids, or with lsof a table."""
    given = Options(argv, "mvkMt+D:n:FpTwbl", "", code=1)
    users: dict[int, tuple[str, str]] = {}
    for name in given.operands:
        mount = proc.root.mounted(proc.path(name)) or proc.root.dead(proc.path(name))
        if mount:
            users |= {pid: (text, name) for pid, text in proc.machine.users(mount).items() if pid != proc.pid}
    if os.path.basename(argv[0]) == "fuser":
        if users:
            await proc.err(f"{given.operands[0]}:".ljust(22))
            await proc.out("".join(f" {pid}" for pid in users) + "\n")
    elif users:
        if "t" not in given:
            await proc.out("COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME\n")
        for pid, (text, name) in users.items():
            await proc.out(
                f"{pid}\n"
                if "t" in given
                else f"{os.path.basename(text.split()[0])} {pid} root cwd DIR 0:45 4096 2 {name}\n"
            )
    return 0 if users else 1
