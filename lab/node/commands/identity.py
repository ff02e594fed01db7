"""Who and where one is: id, hostname, uname, pwd, which, nproc, logger."""

from lab.node.credentials import UID
from lab.node.options import Options
from lab.node.process import Process
from lab.node.registry import command

KERNEL = {
    "s": "Linux",
    "r": "6.8.12-10-pve",
    "v": "#1 SMP PREEMPT_DYNAMIC PMX 6.8.12-10",
    "m": "x86_64",
    "o": "GNU/Linux",
}


@command("id")
async def id_(proc: Process, argv: list[str]) -> int:
    """Who one is: -u, -g, -un, -gn."""
    given = Options(argv, "ugnG", "user group name", same="user=u group=g name=n")
    if uid := UID.get():
        await proc.out(f"{uid}\n" if given.any("u", "g", "G") else f"uid={uid} gid={uid} groups={uid}\n")
    elif given.any("u", "g", "G"):
        await proc.out("root\n" if "n" in given else "0\n")
    else:
        await proc.out("uid=0(root) gid=0(root) groups=0(root)\n")
    return 0


@command("whoami", "logname")
async def whoami(proc: Process, argv: list[str]) -> int:
    """Always root."""
    await proc.out("root\n")
    return 0


@command("hostname")
async def hostname(proc: Process, argv: list[str]) -> int:
    """The node's name: -f, -s, -I for its address."""
    given = Options(argv, "fsIid", "fqdn short all-ip-addresses", same="fqdn=f all-ip-addresses=I")
    name = proc.machine.hostname
    await proc.out("10.0.0.50 \n" if "I" in given else f"{name}.home.example\n" if "f" in given else f"{name}\n")
    return 0


@command("uname")
async def uname(proc: Process, argv: list[str]) -> int:
    """The kernel: -s -n -r -v -m -o -a."""
    given = Options(argv, "snrvmoap", "all kernel-release", same="all=a kernel-release=r")
    values = {"s": KERNEL["s"], "n": proc.machine.hostname, **{k: KERNEL[k] for k in "rvmo"}}
    chosen = [v for k, v in values.items() if "a" in given or k in given] or [values["s"]]
    await proc.out(" ".join(chosen) + "\n")
    return 0


@command("arch")
async def arch(proc: Process, argv: list[str]) -> int:
    """The machine's architecture."""
    await proc.out(KERNEL["m"] + "\n")
    return 0


@command("pwd")
async def pwd(proc: Process, argv: list[str]) -> int:
    """The working directory."""
    await proc.out(proc.cwd + "\n")
    return 0


@command("which")
async def which(proc: Process, argv: list[str]) -> int:
    """Where commands are found in PATH."""
    code = 0
    for name in argv[1:]:
        try:
            await proc.out(proc.machine.lookup(name, proc.env, proc.cwd) + "\n")
        except OSError:
            code = 1
    return code


@command("nproc")
async def nproc(proc: Process, argv: list[str]) -> int:
    """How many processors the node has."""
    await proc.out("16\n")
    return 0


@command("logger")
async def logger(proc: Process, argv: list[str]) -> int:
    """Write to the journal: -t TAG."""
    given = Options(argv, "t:p:is", "tag= priority=", same="tag=t")
    text = " ".join(given.operands) or (await proc.stdin.read()).decode("utf-8", "replace").rstrip("\n")
    proc.machine.systemd.log(given.get("t", "root"), text)
    return 0
