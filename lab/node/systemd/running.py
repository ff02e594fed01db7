"""Starts and stops mounts and services for systemd."""

import asyncio
import re
from typing import TYPE_CHECKING

from lab.node.mounting import mount
from lab.node.nfs import umount
from lab.node.process import Process, Session
from lab.node.streams import Device, Memory
from lab.node.systemd.escape import escape_path, unescape_path
from lab.node.systemd.unit import Unit

if TYPE_CHECKING:
    from lab.node.systemd import Systemd

WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')+""")
QUOTED = re.compile(r"""(\\x[0-9a-f]{2}|\\.)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'""")
ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|(.))")
SPECIAL = {"n": "\n", "t": "\t", "s": " "}


async def start_mount(systemd: "Systemd", unit: Unit) -> bool:
    """Mount what the unit (as loaded) says; a server that stays silent ends it at the unit's timeout."""
    machine, state = systemd.machine, systemd.condition(unit.name)
    what, where = unit.get("Mount", "What"), unit.get("Mount", "Where")
    fstype, options = unit.get("Mount", "Type", "auto"), unit.get("Mount", "Options")
    state.active, state.sub = "activating", "mounting"
    if not machine.root.exists(where):
        machine.root.mkdir(where, True)  # systemd makes a missing mount point
    attempt = mount(machine, what, where, fstype, [o for o in options.split(",") if o])
    try:
        outcome = await asyncio.wait_for(attempt, systemd.timeout(unit, "Mount") * machine.patience)
    except TimeoutError:
        systemd.log(unit.name, f"{unit.name}: Mounting timed out. Terminating.")
        state.active, state.sub, state.result = "failed", "failed", "timeout"
    else:
        if outcome.code == 0:
            state.active, state.sub, state.result, state.since = "active", "mounted", "success", machine.clock.now()
            systemd.log(unit.name, f"Mounted {unit.name} - {where}.")
            return True
        systemd.log(unit.name, outcome.said)
        systemd.log(unit.name, f"{unit.name}: Mount process exited, code=exited, status={outcome.code}/n/a")
        state.active, state.sub, state.result = "failed", "failed", "exit-code"
    systemd.log(unit.name, f"{unit.name}: Failed with result '{state.result}'.")
    systemd.log(unit.name, f"Failed to mount {unit.name} - {where}.")
    return False


async def stop_mount(systemd: "Systemd", name: str) -> bool:
    """Unmount a mount unit; False when it is busy, and then it stays active."""
    outcome = await umount(systemd.machine, unescape_path(name.removesuffix(".mount")))
    state = systemd.condition(name)
    if outcome.code:
        systemd.log(name, outcome.said)
        systemd.log(name, f"{name}: Failed unmounting.")
        return False
    state.active, state.sub, state.result = "inactive", "dead", "success"
    systemd.log(name, f"Unmounted {name}.")
    return True


def words(command: str) -> list[str]:
    """The arguments of an ExecStart line: quotes and C escapes taken away, `$$` and `%%` made single."""
    out = []
    for word in WORD.findall(command):
        text = QUOTED.sub(lambda m: _unescaped(next(g for g in m.groups() if g is not None)), word)
        out.append(text.replace("$$", "$").replace("%%", "%"))
    return out


def _unescaped(text: str) -> str:
    return ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else SPECIAL.get(m[2], m[2]), text)


async def start_service(systemd: "Systemd", unit: Unit) -> bool:
    """Run a service: its conditions, what it requires, its commands; a oneshot is waited for."""
    state, machine = systemd.condition(unit.name), systemd.machine
    if state.active in ("active", "activating"):
        return True
    if not await _ready(systemd, unit):
        return state.result == "success"
    oneshot = unit.get("Service", "Type", "simple") == "oneshot"
    state.active, state.sub, state.since = (
        ("activating", "start", machine.clock.now()) if oneshot else ("active", "running", machine.clock.now())
    )
    task = asyncio.create_task(_commands(systemd, unit))
    machine.keep(task)
    return await task if oneshot else True


async def _ready(systemd: "Systemd", unit: Unit) -> bool:
    """Whether conditions, assertions and required mounts hold; what does not is in the state's result."""
    state, root = systemd.condition(unit.name), systemd.machine.root
    checks = {"PathIsMountPoint": root.is_mountpoint, "PathExists": root.exists, "PathIsDirectory": root.isdir}
    for key, check in checks.items():
        for kind in ("Condition", "Assert"):
            for value in unit.all("Unit", kind + key):
                if check(value.lstrip("!")) != value.startswith("!"):
                    continue
                state.active, state.sub = ("failed", "failed") if kind == "Assert" else ("inactive", "dead")
                state.result = "assert" if kind == "Assert" else "success"
                systemd.log(unit.name, f"{unit.name} was skipped because of an unmet check ({kind}{key}={value}).")
                return False
    for path in " ".join(unit.all("Unit", "RequiresMountsFor")).split():
        name = escape_path(path) + ".mount"
        if systemd.unit(name) and not await systemd.start(name):
            systemd.log(unit.name, f"Dependency failed for {unit.name}.")
            state.active, state.sub, state.result = "inactive", "dead", "dependency"
            return False
    return True


async def _commands(systemd: "Systemd", unit: Unit) -> bool:
    state, code = systemd.condition(unit.name), 0
    systemd.log(unit.name, f"Starting {unit.name}...")
    for key in ("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost"):
        for line in unit.all("Service", key):
            ignore = line.startswith("-")
            code = await _run(systemd, unit, words(line.lstrip("-@+!:")))
            code = 0 if ignore else code
            if code:
                break
        if code:
            break
    skipped = bool(code) and key == "ExecCondition"
    state.exit, state.result = code, "success" if code == 0 or skipped else "timeout" if code == 143 else "exit-code"
    stays = unit.get("Service", "RemainAfterExit") in ("yes", "true", "1") and code == 0
    state.active, state.sub = (
        ("active", "exited") if stays else ("inactive", "dead") if state.result == "success" else ("failed", "failed")
    )
    if state.result == "success":
        systemd.log(unit.name, f"{unit.name}: Deactivated successfully.")
    else:
        systemd.log(unit.name, f"{unit.name}: Main process exited, code=exited, status={code}/n/a")
        systemd.log(unit.name, f"{unit.name}: Failed with result '{state.result}'.")
    return state.result == "success"


async def _run(systemd: "Systemd", unit: Unit, argv: list[str]) -> int:
    machine, output = systemd.machine, Memory()
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8"}
    for line in unit.all("Service", "Environment"):
        env |= dict(w.partition("=")[::2] for w in words(line))
    process = machine.admit(
        Process(
            machine,
            argv or ["true"],
            env=env,
            cwd="/",
            session=Session(),
            fds={0: Device("null"), 1: output, 2: output.hold()},
        )
    )
    try:
        path = machine.lookup(process.argv[0], env, "/")
    except OSError as error:
        machine.dismiss(process)
        systemd.log(unit.name, f"{unit.name}: Failed to locate executable {process.argv[0]}: {systemd.reason(error)}")
        return 203
    task = asyncio.ensure_future(machine.execute(process, path))
    default = 10.0**9 if unit.get("Service", "Type", "simple") == "oneshot" else 90.0
    done, _ = await asyncio.wait({task}, timeout=systemd.timeout(unit, "Service", default) * machine.patience)
    if not done:
        machine.kill(process, 15)
    code = await task
    for text in output.written.decode("utf-8", "replace").splitlines():
        systemd.log(unit.name, text)
    return code
