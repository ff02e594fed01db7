"""What systemctl shows of units: properties, status, timers."""

from typing import TYPE_CHECKING

from lab.node.systemd.escape import unescape_path
from lab.node.systemd.unit import Unit

if TYPE_CHECKING:
    from lab.node.systemd import Systemd

SPANS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def span(value: float) -> str:
    """Seconds as systemd prints them: `1min 30s`."""
    if value >= 10**8:
        return "infinity"
    parts, left = [], int(value)
    for size, name in SPANS:
        if left >= size:
            parts.append(f"{left // size}{name}")
            left %= size
    return " ".join(parts) or "0"


def stamp(systemd: "Systemd", epoch: float) -> str:
    """A moment as systemd prints it; empty for none."""
    return systemd.machine.clock.local(epoch).strftime("%a %Y-%m-%d %H:%M:%S %Z") if epoch else ""


def properties(systemd: "Systemd", name: str) -> dict[str, str]:
    """The properties of a unit, known or not."""
    unit, state = systemd.unit(name), systemd.condition(name)
    found = {
        "Id": name,
        "Names": name,
        "LoadState": "loaded" if unit else "not-found",
        "ActiveState": state.active,
        "SubState": state.sub,
        "Result": state.result,
        "UnitFileState": systemd.enabled(name),
        "NeedDaemonReload": "yes" if unit and systemd.needs_reload(unit) else "no",
        "DropInPaths": "",
        "FragmentPath": unit.fragment if unit else "",
        "SourcePath": unit.source if unit else "",
        "ActiveEnterTimestamp": stamp(systemd, state.since if state.active == "active" else 0),
        "Description": (unit.get("Unit", "Description") if unit else "") or name,
    }
    if unit and unit.kind == "mount":
        found |= _mount(systemd, unit)
    elif unit and unit.kind == "service":
        code = state.exit if state.exit < 128 else state.exit - 128
        found |= {
            "Type": unit.get("Service", "Type", "simple"),
            "ExecMainStatus": str(code),
            "MainPID": "0",
            "ExecMainCode": "1" if state.since else "0",
            "TimeoutStartUSec": span(systemd.timeout(unit, "Service")),
        }
    elif unit and unit.kind == "timer":
        following = systemd.timers.next(unit)
        found |= {
            "Unit": systemd.timers.target(unit),
            "LastTriggerUSec": stamp(systemd, state.triggered),
            "NextElapseUSecRealtime": stamp(systemd, following or 0),
            "Triggers": systemd.timers.target(unit),
        }
    for key in ("Requires", "After", "Before", "Wants", "RequiredBy"):
        found.setdefault(key, " ".join(unit.all("Unit", key)) if unit else "")
    return found


def _mount(systemd: "Systemd", unit: Unit) -> dict[str, str]:
    live = systemd.machine.root.mounted(unescape_path(unit.name.removesuffix(".mount")))
    network = unit.get("Mount", "Type") in ("nfs", "nfs4")
    entry = unit.entry
    target = "remote-fs.target" if network else "local-fs.target"
    nofail = bool(entry and entry.has("nofail"))
    after = ["network.target", "remote-fs-pre.target", "network-online.target"] if network else ["local-fs-pre.target"]
    return {
        "Where": unit.get("Mount", "Where"),
        "What": live.source if live else unit.get("Mount", "What"),
        "Options": ",".join(live.options) if live else unit.get("Mount", "Options"),
        "Type": live.fstype if live else unit.get("Mount", "Type"),
        "TimeoutUSec": span(systemd.timeout(unit, "Mount")),
        "After": " ".join(dict.fromkeys([*unit.all("Unit", "After"), *after])),
        "Requires": " ".join(unit.all("Unit", "Requires")),
        "RequiredBy": "" if nofail or not entry else target,
        "WantedBy": target if nofail else "",
        "Before": " ".join(unit.all("Unit", "Before")),
    }


def status(systemd: "Systemd", name: str) -> tuple[str, int]:
    """The text of `systemctl status` and its exit code: 0 active, 3 not, 4 unknown."""
    known = properties(systemd, name)
    if known["LoadState"] == "not-found":
        return f"Unit {name} could not be found.\n", 4
    where = known["SourcePath"] or known["FragmentPath"]
    result = f" (Result: {known['Result']})" if known["Result"] != "success" else f" ({known['SubState']})"
    lines = [
        f"{'●' if known['ActiveState'] == 'active' else '○' if known['ActiveState'] == 'inactive' else '×'} {name}"
        f" - {known['Description']}",
        f"     Loaded: loaded ({where}; {known['UnitFileState']})",
        f"     Active: {known['ActiveState']}{result}",
        "",
    ]
    lines += [
        f"{systemd.machine.clock.local(entry.at):%b %d %H:%M:%S} {systemd.machine.hostname} systemd[1]: {entry.text}"
        for entry in [e for e in systemd.journal if e.unit == name][-10:]
    ]
    return "\n".join(lines) + "\n", 0 if known["ActiveState"] == "active" else 3


def listed_timers(systemd: "Systemd") -> str:
    """The table of `systemctl list-timers`."""
    rows = []
    for name in systemd.timers.active:
        unit = systemd.unit(name)
        if unit:
            following, last = systemd.timers.next(unit), systemd.condition(name).triggered
            rows.append(
                f"{stamp(systemd, following or 0) or '-'}  {stamp(systemd, last) or '-'}  {name}  "
                f"{systemd.timers.target(unit)}"
            )
    return "\n".join(["NEXT  LAST  UNIT  ACTIVATES", *rows, "", f"{len(rows)} timers listed."]) + "\n"
