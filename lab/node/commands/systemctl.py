"""systemctl, systemd-escape, journalctl: systemd from the command line."""

import re

from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command
from lab.node.systemd import NoUnit
from lab.node.systemd.escape import escape, escape_path, unescape, unescape_path
from lab.node.systemd.shown import listed_timers, properties, status

SUFFIXES = (".service", ".mount", ".timer", ".target", ".socket", ".path", ".automount", ".slice", ".swap")
KERNEL = "kernel"
"""The unit under which the journal has what the kernel said."""
FAILED = """Job for {0} failed.
See "systemctl status "{1}"" and "journalctl -xeu "{1}"" for details."""


def unit_name(text: str) -> str:
    """The unit that an argument means: a path is a mount, a bare name a service."""
    if text.startswith("/"):
        return escape_path(text) + ".mount"
    return text if text.endswith(SUFFIXES) else text + ".service"


@command("systemctl")
async def systemctl(proc: Process, argv: list[str]) -> int:
    """The verbs a remote script needs; others are said to be unknown."""
    given = Options(
        argv,
        "p:qlnat:f",
        "now no-pager property= quiet full all no-legend value type= plain no-block no-reload "
        "force lines= output= failed state= runtime system version",
        same="property=p quiet=q full=l all=a type=t",
    )
    if "version" in given:
        await proc.out("systemd 252 (252.36-1~deb12u1)\n+PAM +AUDIT +SELINUX +APPARMOR +IMA\n")
        return 0
    verb, names = (given.operands or ["list-units"])[0], [unit_name(n) for n in given.operands[1:]]
    action = VERBS.get(verb)
    if action is None:
        raise BadUsage(f"Unknown command verb {verb}.")
    return await action(proc, given, verb, names)


async def _daemon_reload(proc: Process, given: Options, verb: str, names: list[str]) -> int:
    proc.machine.systemd.reload()
    return 0


async def _change(proc: Process, given: Options, verb: str, names: list[str]) -> int:
    systemd, code = proc.machine.systemd, 0
    if not names:
        raise BadUsage("Too few arguments.")
    for name in names:
        unit = systemd.unit(name)
        if unit and systemd.needs_reload(unit) and verb != "stop":
            await proc.err(
                f"Warning: The unit file, source configuration file or drop-ins of {name} changed on disk. "
                "Run 'systemctl daemon-reload' to reload units."
            )
        if verb in ("try-restart", "reload") and systemd.condition(name).active != "active":
            continue
        try:
            good = await _do(proc, verb, name)
        except NoUnit as error:
            await proc.err(str(error).format(verb.removeprefix("try-")))
            code = error.code
            continue
        if not good:
            escaped = name.replace("\\", "\\\\")
            await proc.err(FAILED.format(name, escaped))
            code = 1
    return code


async def _do(proc: Process, verb: str, name: str) -> bool:
    systemd = proc.machine.systemd
    if verb == "reload":
        unit = systemd.unit(name)
        if unit is None:
            raise NoUnit(f"Failed to {{}} {name}: Unit {name} not found.", 5)
        live = proc.root.mounted(unit.get("Mount", "Where")) if unit.kind == "mount" else None
        wanted = {
            o for o in unit.get("Mount", "Options").split(",") if o and o != "defaults" and not o.startswith("x-")
        }
        return live is None or wanted <= set(live.options)  # NFS refuses to change anything in a remount
    if verb in ("stop", "restart", "try-restart"):
        if verb != "stop":
            systemd.required(name)
        if not await systemd.stop(name):
            return False
    return verb == "stop" or await systemd.start(name)


async def _enable(proc: Process, given: Options, verb: str, names: list[str]) -> int:
    systemd, root = proc.machine.systemd, proc.root
    for name in names:
        if systemd.unit(name) is None:
            await proc.err(f"Failed to {verb} unit: Unit file {name} does not exist.")
            return 1
        unit = systemd.units[name] = systemd.load(name) or systemd.units[name]
        if unit.source == "/etc/fstab":
            await proc.err(f"Failed to {verb} unit: Unit {unit.fragment} is transient or generated.")
            return 1
        for link in systemd.wanted_links(unit):
            present = root.exists(link, follow=False)
            if verb == "enable" and not present:
                root.mkdir(link.rpartition("/")[0], True)
                root.symlink(unit.fragment, link)
                await proc.err(f"Created symlink {link} → {unit.fragment}.")
            elif verb == "disable" and present:
                root.unlink(link)
                await proc.err(f'Removed "{link}".')
    systemd.reload()
    return await _change(proc, given, "start" if verb == "enable" else "stop", names) if "now" in given else 0


async def _is_active(proc: Process, given: Options, verb: str, names: list[str]) -> int:
    good = 0
    for name in names:
        state = proc.machine.systemd.condition(name).active
        wanted = "failed" if verb == "is-failed" else "active"
        good += state == wanted
        if "q" not in given:
            await proc.out(state + "\n")
    return 0 if good else 1 if verb == "is-failed" else 3


async def _is_enabled(proc: Process, given: Options, verb: str, names: list[str]) -> int:
    good = 0
    for name in names:
        state = proc.machine.systemd.enabled(name)
        if not state:
            await proc.err(f"Failed to get unit file state for {name}: No such file or directory")
            continue
        good += state in ("enabled", "static", "generated")
        if "q" not in given:
            await proc.out(state + "\n")
    return 0 if good else 1


async def _show(proc: Process, given: Options, verb: str, names: list[str]) -> int:
    wanted = [p for value in given.all("p") for p in value.split(",")]
    blocks = []
    for name in names:
        known = properties(proc.machine.systemd, name)
        chosen = {k: v for k, v in known.items() if not wanted or k in wanted}
        blocks.append("".join(f"{v}\n" if "value" in given else f"{k}={v}\n" for k, v in chosen.items()))
    await proc.out("\n".join(blocks))
    return 0


async def _cat(proc: Process, given: Options, verb: str, names: list[str]) -> int:
    for name in names:
        unit = proc.machine.systemd.unit(name)
        if unit is None:
            await proc.err(f"No files found for {name}.")
            return 1
        if proc.machine.systemd.needs_reload(unit):
            await proc.err(f"Warning: {name} changed on disk, the version systemd has loaded is outdated.")
        await proc.out(f"# {unit.fragment or unit.source}\n{unit.text}")
    return 0


async def _list_timers(proc: Process, given: Options, verb: str, names: list[str]) -> int:
    await proc.out(listed_timers(proc.machine.systemd))
    return 0


async def _status(proc: Process, given: Options, verb: str, names: list[str]) -> int:
    code = 0
    for name in names:
        text, one = status(proc.machine.systemd, name)
        await (proc.out(text) if one != 4 else proc.err(text))
        code = max(code, one)
    return code


async def _reset_failed(proc: Process, given: Options, verb: str, names: list[str]) -> int:
    for name, state in proc.machine.systemd.conditions.items():
        if state.active == "failed" and (not names or name in names):
            state.active, state.sub, state.result = "inactive", "dead", "success"
    return 0


async def _list_units(proc: Process, given: Options, verb: str, names: list[str]) -> int:
    systemd = proc.machine.systemd
    for name in sorted(systemd.units):
        state = systemd.condition(name)
        if ("failed" in given and state.active != "failed") or (
            given.get("t") and not name.endswith("." + given.get("t"))
        ):
            continue
        if state.active != "inactive" or "a" in given:
            await proc.out(f"{name} loaded {state.active} {state.sub}\n")
    return 0


async def _running(proc: Process, given: Options, verb: str, names: list[str]) -> int:
    failed = (
        any(c.active == "failed" for c in proc.machine.systemd.conditions.values()) or proc.machine.systemd.failed_boot
    )
    await proc.out("degraded\n" if failed else "running\n")
    return 1 if failed else 0


VERBS = {
    "daemon-reload": _daemon_reload,
    "start": _change,
    "stop": _change,
    "restart": _change,
    "try-restart": _change,
    "reload": _change,
    "enable": _enable,
    "disable": _enable,
    "is-active": _is_active,
    "is-failed": _is_active,
    "is-enabled": _is_enabled,
    "show": _show,
    "cat": _cat,
    "list-timers": _list_timers,
    "status": _status,
    "reset-failed": _reset_failed,
    "list-units": _list_units,
    "is-system-running": _running,
}


@command("systemd-escape")
async def systemd_escape(proc: Process, argv: list[str]) -> int:
    """Escape or (-u) unescape texts or (-p) paths, with --suffix."""
    given = Options(argv, "pu", "path unescape suffix= template=", same="path=p unescape=u")
    out = []
    for text in given.operands:
        if "u" in given:
            bare = text.rpartition(".")[0] if text.endswith(SUFFIXES) else text
            out.append(unescape_path(bare) if "p" in given else unescape(bare))
        else:
            done = escape_path(text) if "p" in given else escape(text)
            out.append(f"{done}.{given.get('suffix')}" if "suffix" in given else done)
    await proc.out(" ".join(out) + "\n")
    return 0


@command("journalctl")
async def journalctl(proc: Process, argv: list[str]) -> int:
    """What units and the kernel (-k) said: -u UNIT, -g PATTERN, -n COUNT, -o cat|short-iso, -q."""
    given = Options(
        argv,
        "u:n:o:g:bxeqkf",
        "unit= lines= output= grep= dmesg no-pager since= until= boot quiet catalog priority=",
        same="unit=u lines=n output=o grep=g dmesg=k quiet=q",
    )
    units = {KERNEL} if "k" in given else {unit_name(u) for u in given.all("u")}
    said = [e for e in proc.machine.systemd.journal if not units or e.unit in units]
    found = [e for e in said if re.search(given.get("g"), e.text)]
    for entry in found[-given.number("n", len(found)) :] if found else []:
        when = proc.clock.local(entry.at)
        stamp = when.isoformat(timespec="seconds") if given.get("o") == "short-iso" else when.strftime("%b %d %H:%M:%S")
        by = "kernel" if entry.unit == KERNEL else "systemd[1]"
        head = "" if given.get("o") == "cat" else f"{stamp} {proc.machine.hostname} {by}: "
        await proc.out(f"{head}{entry.text}\n")
    if not found and "q" not in given:
        await proc.out("-- No entries --\n")
    return 0
