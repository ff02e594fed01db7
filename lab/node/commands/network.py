"""showmount, rpcinfo, ping: asking the NAS whether it is there."""

import asyncio

from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command

PROGRAMS = {"nfs": ("100003", "4"), "100003": ("100003", "4"), "mountd": ("100005", "3"), "portmapper": ("100000", "4")}


async def _reachable(proc: Process, host: str, seconds: float) -> bool:
    machine = proc.machine
    if host == machine.nas.address and machine.nas.on:
        return True
    await asyncio.sleep(seconds * machine.patience)
    return False


@command("showmount")
async def showmount(proc: Process, argv: list[str]) -> int:
    """The exports of a server: -e, --no-headers."""
    given = Options(argv, "eda", "exports no-headers directories all", same="exports=e")
    host = (given.operands or ["localhost"])[0]
    if not await _reachable(proc, host, 10.0):
        await proc.err("clnt_create: RPC: Unable to receive")
        return 1
    if "no-headers" not in given:
        await proc.out(f"Export list for {host}:\n")
    width = max((len(name) for name in proc.machine.nas.exports), default=0)
    for name in proc.machine.nas.exports:
        if clients := proc.machine.nas.clients(name):
            await proc.out(f"{name.ljust(width)} {','.join(clients)}\n")
    return 0


@command("rpcinfo")
async def rpcinfo(proc: Process, argv: list[str]) -> int:
    """Whether a program answers: -p HOST, -T tcp HOST PROGRAM [VERSION], -t HOST PROGRAM."""
    given = Options(argv, "pT:tu", "")
    operands = given.operands
    if not operands:
        raise BadUsage("usage: rpcinfo -T netid host prognum [versnum]")
    if not await _reachable(proc, operands[0], 3.1):
        await proc.err(
            f"rpcinfo: can't contact rpcbind: RPC: Remote system error - No route to host ({operands[0]})"
            if "p" in given
            else "rpcinfo: RPC: Remote system error - No route to host"
        )
        return 1
    if "p" in given:
        await proc.out(
            "   program vers proto   port  service\n    100000    4   tcp    111  portmapper\n"
            "    100005    3   tcp    892  mountd\n"
            "    100003    3   tcp   2049  nfs\n    100003    4   tcp   2049  nfs\n"
        )
        return 0
    program, version = PROGRAMS.get((operands[1:2] or ["nfs"])[0], ("", ""))
    if not program:
        await proc.err(f"rpcinfo: {operands[1]} is unknown service")
        return 1
    await proc.out(f"program {program} version {(operands[2:3] or [version])[0]} ready and waiting\n")
    return 0


@command("ping")
async def ping(proc: Process, argv: list[str]) -> int:
    """Whether a host answers: -c COUNT, -W SECONDS."""
    given = Options(argv, "c:W:w:qn46i:")
    host = (given.operands or [""])[0]
    own = host in ("localhost", "127.0.0.1", "10.0.0.50", proc.machine.hostname)
    good = own or await _reachable(proc, host, float(given.get("W") or given.get("w") or 3))
    await proc.out(
        f"PING {host} 56(84) bytes of data.\n\n--- {host} ping statistics ---\n"
        f"1 packets transmitted, {int(good)} received, {0 if good else 100}% packet loss, time 0ms\n"
    )
    return 0 if good else 1
