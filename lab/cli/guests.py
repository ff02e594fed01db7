"""qm, pct and qmrestore: guests from the command line of the node."""

from typing import TYPE_CHECKING, Any

from lab.cli.failing import CommandFailed
from lab.cli.serialising import as_pretty_json
from lab.cli.shell import Shell
from lab.cli.verbs import Program, Verb, run
from lab.node.registry import command
from lab.node.streams import Memory
from lab.pve import guests

if TYPE_CHECKING:
    from lab.node.process import Process


async def machines(shell: Shell, data: Any, values: dict[str, Any]) -> None:
    """The virtual machines, by VMID."""
    await shell.say(f"{'VMID':>10} {'NAME':<20} {'STATUS':<10} {'MEM(MB)':<10} {'BOOTDISK(GB)':>12} {'PID':<10}\n")
    for row in sorted(data, key=lambda row: int(row["vmid"])):
        memory, disk = row["maxmem"] >> 20, row["maxdisk"] / (1 << 30)
        await shell.say(
            f"{row['vmid']:>10} {row['name']:<20} {row['status']:<10} {memory:<10} {disk:>12.2f} "
            f"{row.get('pid', 0):<10}\n"
        )


async def containers(shell: Shell, data: Any, values: dict[str, Any]) -> None:
    """The containers, by VMID."""
    await shell.say(f"{'VMID':<10} {'Status':<10} {'Lock':<12} {'Name':<20}\n")
    for row in sorted(data, key=lambda row: int(row["vmid"])):
        await shell.say(f"{row['vmid']:<10} {row['status']:<10} {row.get('lock', ''):<12} {row['name']:<20}\n")


async def config(shell: Shell, data: Any, values: dict[str, Any]) -> None:
    """A configuration, a property a line."""
    for key in sorted(data):
        if key == "digest":
            continue
        text = str(data[key]).replace("%", "%25").replace("\n", "%0A") if key == "description" else data[key]
        await shell.say(f"{key}: {text}\n")


async def state(shell: Shell, data: Any, values: dict[str, Any]) -> None:
    """Whether a guest runs; with `verbose` all that is known of it."""
    names = sorted(data) if values.get("verbose") else ["status"]
    for name in names:
        await shell.say(f"{name}: {data[name]}\n")


async def structure(shell: Shell, data: Any, values: dict[str, Any]) -> None:
    """An answer of the guest agent."""
    inner = data.get("result", data)
    if inner:
        await shell.say(as_pretty_json(inner) + "\n")


async def execute(shell: Shell, vmid: int, words: list[str]) -> int:
    """Run a command inside of a container, on the streams of `pct`."""
    guest = guests.find(shell.api, vmid, "lxc")
    if guest is None:
        raise CommandFailed(f"Configuration file 'nodes/{shell.node}/lxc/{vmid}.conf' does not exist")
    if not guests.is_running(shell.api, vmid):
        raise CommandFailed(f"container '{vmid}' not running!")
    return await shell.proc.box.systems.run(shell.proc, guest, words)


def both(kind: str) -> Program:
    """The verbs that machines and containers share."""
    one = f"/nodes/{{node}}/{kind}/{{vmid}}"
    verbs = ("start", "stop", "shutdown", "reboot", "resume", "suspend")
    return {verb: Verb(f"POST {one}/status/{verb}") for verb in verbs} | {
        "config": Verb(f"GET {one}/config", show=config),
        "set": Verb(f"PUT {one}/config"),
        "destroy": Verb(f"DELETE {one}"),
        "status": Verb(f"GET {one}/status/current", show=state),
    }


QM: Program = both("qemu") | {
    "list": Verb("GET /nodes/{node}/qemu", show=machines),
    "reset": Verb("POST /nodes/{node}/qemu/{vmid}/status/reset"),
    "create": Verb("POST /nodes/{node}/qemu"),
}
PCT: Program = both("lxc") | {
    "list": Verb("GET /nodes/{node}/lxc", show=containers),
    "restore": Verb("POST /nodes/{node}/lxc", fixed={"restore": 1}),
    "create": Verb("POST /nodes/{node}/lxc"),
}
QMRESTORE: Program = {"": Verb("POST /nodes/{node}/qemu")}
AGENT = {"ping": "POST"}


@command("qm")
async def qm(proc: "Process", argv: list[str]) -> int:
    """Manage virtual machines."""
    args = argv[1:]
    if args[:2] == ["guest", "exec"]:
        return await _executed(proc, args[2:])
    if args[:2] == ["guest", "cmd"] or args[:1] == ["agent"]:
        return await _agent(proc, args[2:] if args[0] == "guest" else args[1:])
    return await run(proc, "qm", QM, args)


async def _agent(proc: "Process", args: list[str]) -> int:
    """`qm guest cmd VMID VERB`: ask the guest agent."""
    shell = Shell(proc)
    try:
        vmid, verb = args
        data = await shell.call(AGENT.get(verb, "GET"), f"/nodes/{shell.node}/qemu/{vmid}/agent/{verb}")
        await structure(shell, data, {})
    except ValueError:
        await shell.complain("400 not enough arguments\nqm guest cmd <vmid> <command>")
        return 255
    except CommandFailed as problem:
        await shell.complain(problem.text)
        return problem.code
    return 0


async def _executed(proc: "Process", args: list[str]) -> int:
    """`qm guest exec VMID [--pass-stdin 1] -- COMMAND`: run a command by the guest agent, and tell of it in JSON."""
    shell, split = Shell(proc), args.index("--") if "--" in args else len(args)
    given, words = args[:split], args[split + 1 :]
    try:
        vmid = int(given[0])
        await shell.call("POST", f"/nodes/{shell.node}/qemu/{vmid}/agent/ping")
        guest = guests.need(shell.api, "qemu", vmid)
    except (IndexError, ValueError):
        await shell.complain("400 not enough arguments\nqm guest exec <vmid> [<extra-args>] [OPTIONS]")
        return 255
    except CommandFailed as problem:
        await shell.complain(problem.text)
        return problem.code
    passed = "--pass-stdin" in given and given[given.index("--pass-stdin") + 1] == "1"
    out, err = Memory(), Memory()
    apart = proc.fork(proc.argv)
    for number, stream in enumerate((proc.stdin.hold() if passed else Memory(), out.hold(), err.hold())):
        apart.replace(number, stream)
    try:
        code = await proc.box.systems.run(apart, guest, words)
    finally:
        proc.machine.dismiss(apart)
    told = {"err-data": err.written, "out-data": out.written}
    said = {key: bytes(data).decode("utf-8", "replace") for key, data in told.items() if data}
    await structure(shell, {"exitcode": code, "exited": 1, **said}, {})
    return 0


@command("pct")
async def pct(proc: "Process", argv: list[str]) -> int:
    """Manage containers."""
    args = argv[1:]
    if args[:1] == ["exec"] and len(args) > 2:
        words = args[3:] if args[2] == "--" else args[2:]
        try:
            return await execute(Shell(proc), int(args[1]), words)
        except (CommandFailed, ValueError) as problem:
            await proc.err(str(problem))
            return getattr(problem, "code", 255)
    return await run(proc, "pct", PCT, args)


@command("qmrestore")
async def qmrestore(proc: "Process", argv: list[str]) -> int:
    """Restore a virtual machine."""
    return await run(proc, "qmrestore", QMRESTORE, argv[1:])
