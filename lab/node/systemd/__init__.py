"""systemd of the simulated node: which units there are, in what state, and starting and stopping them."""

import asyncio
import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.node.mounting import table
from lab.node.systemd.escape import unescape_path
from lab.node.systemd.running import start_mount, start_service, stop_mount
from lab.node.systemd.timers import Timers
from lab.node.systemd.unit import Condition, Unit, mount_unit, seconds

if TYPE_CHECKING:
    from lab.node.machine import Machine

FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system")
TARGETS = (
    "local-fs.target",
    "remote-fs.target",
    "network-online.target",
    "network.target",
    "timers.target",
    "multi-user.target",
    "basic.target",
    "sysinit.target",
)
BUILT_IN = {
    "pveproxy.service": "PVE API Proxy Server",
    "pvedaemon.service": "PVE API Daemon",
    "pvescheduler.service": "Proxmox VE scheduler",
    "ssh.service": "OpenBSD Secure Shell server",
    "pve-cluster.service": "The Proxmox VE cluster filesystem",
    "networking.service": "Network initialization",
}
BEFORE = {"networking.service": "network.target network-online.target"}
"""What a built-in unit is started before."""


class NoUnit(Exception):
    """systemctl's sentence about a unit that cannot be found or started."""

    def __init__(self, said: str, code: int) -> None:
        """What it says, and its exit code."""
        super().__init__(said)
        self.code = code


@dataclass(frozen=True)
class Entry:
    """One line of the journal."""

    at: float
    unit: str
    text: str


class Systemd:
    """The service manager of a machine."""

    def __init__(self, machine: "Machine") -> None:
        """Knows nothing until `boot`."""
        self.machine = machine
        self.units: dict[str, Unit] = {}
        self.conditions: dict[str, Condition] = {}
        self.journal: list[Entry] = []
        self.timers = Timers(self)
        self.failed_boot: list[str] = []

    # -- definitions ------------------------------------------------------------------------------------------

    def load(self, name: str) -> Unit | None:
        """The unit as its files are now: a unit file with its drop-ins, or a mount of fstab."""
        root = self.machine.root
        for folder in FOLDERS:
            path = f"{folder}/{name}"
            if root.isfile(path):
                parts = [root.text(path)]
                extra = f"/etc/systemd/system/{name}.d"
                drops = (
                    [f"{extra}/{n}" for n in root.listdir(extra) if n.endswith(".conf")] if root.isdir(extra) else []
                )
                parts += [root.text(p) for p in drops]
                unit = Unit(name, "\n".join(parts), path)
                unit.stamp = tuple((p, root.read(p), root.stat(p).st_mtime) for p in [path, *drops])
                return unit
        for entry in table(self.machine):
            if entry.target.startswith("/") and entry.fstype != "swap":
                unit = mount_unit(entry)
                if unit.name == name:
                    unit.stamp = self._fstab_stamp()
                    return unit
        if name in BUILT_IN:
            text = f"[Unit]\nDescription={BUILT_IN[name]}\nBefore={BEFORE.get(name, '')}\n"
            return Unit(name, text, f"/usr/lib/systemd/system/{name}")
        return Unit(name, "[Unit]\n", f"/usr/lib/systemd/system/{name}") if name in TARGETS else None

    def _fstab_stamp(self) -> tuple[object, ...]:
        root = self.machine.root
        if not root.exists("/etc/fstab"):
            return ()
        return root.read("/etc/fstab"), root.stat("/etc/fstab").st_mtime, root.stat("/etc/fstab").st_ino

    def reload(self) -> None:
        """daemon-reload: read every definition anew; what runs goes on."""
        root, names = self.machine.root, set(TARGETS) | set(BUILT_IN)
        for folder in FOLDERS:
            if root.isdir(folder):
                names |= {n for n in root.listdir(folder) if root.isfile(f"{folder}/{n}")}
        names |= {mount_unit(e).name for e in table(self.machine) if e.target.startswith("/") and e.fstype != "swap"}
        self.units = {name: unit for name in names if (unit := self.load(name))}

    def unit(self, name: str) -> Unit | None:
        """The unit as it was loaded, or as it is now; a mount without definition comes from the kernel."""
        if name not in self.units and (found := self.load(name)):
            self.units[name] = found
        if name not in self.units and name.endswith(".mount"):
            mount = self.machine.root.mounted(unescape_path(name.removesuffix(".mount")))
            if mount:
                text = f"[Mount]\nWhat={mount.source}\nWhere={mount.target}\nType={mount.fstype}\n"
                return Unit(name, text, "", "/proc/self/mountinfo")
        return self.units.get(name)

    def needs_reload(self, unit: Unit) -> bool:
        """Whether its files have changed since it was loaded."""
        if unit.source == "/etc/fstab":
            return unit.stamp != self._fstab_stamp()
        now = self.load(unit.name) if unit.stamp else None
        return bool(unit.stamp) and (now is None or now.stamp != unit.stamp)

    # -- states -----------------------------------------------------------------------------------------------

    def condition(self, name: str) -> Condition:
        """The state of a unit; that of a mount follows the mount table."""
        state = self.conditions.setdefault(name, Condition())
        if name.endswith(".mount"):
            mounted = self.machine.root.is_mountpoint(unescape_path(name.removesuffix(".mount")))
            if mounted and state.active not in ("active", "deactivating"):
                state.active, state.sub, state.result, state.since = (
                    "active",
                    "mounted",
                    "success",
                    self.machine.clock.now(),
                )
            elif not mounted and state.active == "active":
                state.active, state.sub = "inactive", "dead"
        elif (name in TARGETS and name not in self.failed_boot) or name in BUILT_IN:
            state.active, state.sub = "active", "running" if name in BUILT_IN else "active"
        return state

    def log(self, unit: str, text: str) -> None:
        """Write to the journal."""
        self.journal.append(Entry(self.machine.clock.now(), unit, text))

    def required(self, name: str) -> Unit:
        """A unit that must be there to be started."""
        unit = self.unit(name)
        if unit is None or unit.source == "/proc/self/mountinfo":
            raise NoUnit(f"Failed to {{}} {name}: Unit {name} not found.", 5)
        return unit

    async def start(self, name: str) -> bool:
        """Start a unit; whether it is active (or, being oneshot, has done its work). Raises NoUnit."""
        unit = self.required(name)
        state = self.condition(name)
        if unit.kind == "mount":
            return state.active == "active" or await start_mount(self, unit)
        if name == "remote-fs.target":
            return await self.remote_filesystems()
        if unit.kind == "service" and name not in BUILT_IN:
            return await start_service(self, unit)
        if unit.kind == "timer":
            self.timers.start(unit)
        state.active, state.sub, state.since = (
            "active",
            "waiting" if unit.kind == "timer" else "active",
            self.machine.clock.now(),
        )
        return True

    async def stop(self, name: str) -> bool:
        """Stop a unit; False when it stays, as a busy mount does. Raises NoUnit."""
        if self.unit(name) is None:
            raise NoUnit(f"Failed to {{}} {name}: Unit {name} not loaded.", 5)
        state = self.condition(name)
        if name.endswith(".mount"):
            return state.active != "active" or await stop_mount(self, name)
        self.timers.stop(name)
        state.active, state.sub, state.result = "inactive", "dead", "success"
        return True

    async def remote_filesystems(self) -> bool:
        """Mount every network filesystem of fstab that is to be mounted at boot."""
        units = [u for u in self.units.values() if u.kind == "mount" and u.entry and not u.entry.has("noauto")]
        wanted = [u for u in units if u.entry and (u.entry.fstype in ("nfs", "nfs4") or u.entry.has("_netdev"))]
        good = await asyncio.gather(*(self.start(u.name) for u in wanted))
        needed = all(ok or (u.entry and u.entry.has("nofail")) for ok, u in zip(good, wanted, strict=True))
        self.failed_boot = [] if needed else ["remote-fs.target"]
        if not needed:
            self.conditions["remote-fs.target"] = Condition(result="dependency")
            self.log("remote-fs.target", "Dependency failed for remote-fs.target - Remote File Systems.")
        return needed

    # -- enabling, boot ---------------------------------------------------------------------------------------

    def wanted_links(self, unit: Unit) -> list[str]:
        """Symlinks that enabling the unit makes."""
        names = [(n, "wants") for value in unit.all("Install", "WantedBy") for n in value.split()]
        names += [(n, "requires") for value in unit.all("Install", "RequiredBy") for n in value.split()]
        return [f"/etc/systemd/system/{name}.{how}/{unit.name}" for name, how in names]

    def enabled(self, name: str) -> str:
        """`enabled`, `disabled`, `static`, `generated`, or empty when there is no such unit."""
        unit = self.unit(name)
        if unit is None:
            return ""
        if unit.source == "/etc/fstab":
            return "generated"
        if name in BUILT_IN:
            return "enabled"
        links = self.wanted_links(unit)
        if not links:
            return "static"
        return "enabled" if any(self.machine.root.exists(p, follow=False) for p in links) else "disabled"

    async def boot(self) -> None:
        """Start what a boot starts: enabled units and timers now, the filesystems of fstab as long as they take."""
        self.units, self.conditions, self.failed_boot = {}, {}, []
        self.timers.clear()
        self.reload()
        mounts = asyncio.create_task(self._mounts_at_boot())
        self.machine.keep(mounts)
        if self.machine.nas.on:
            await mounts
        for name, unit in sorted(self.units.items()):
            if unit.kind in ("timer", "service") and name not in BUILT_IN and self.enabled(name) == "enabled":
                if unit.kind == "timer":
                    await self.start(name)
                else:
                    self.machine.keep(asyncio.create_task(self._start_quietly(name)))
        self.timers.run()

    async def _mounts_at_boot(self) -> None:
        await self.remote_filesystems()

    async def _start_quietly(self, name: str) -> None:
        try:
            await self.start(name)
        except NoUnit as error:
            self.log(name, str(error))

    def timeout(self, unit: Unit, section: str, default: float = 90.0) -> float:
        """Seconds that starting or stopping the unit may take."""
        text = unit.get(section, "TimeoutStartSec") or unit.get(section, "TimeoutSec")
        if text in ("infinity", "0"):
            return 10.0**9
        return seconds(text) or default

    def reason(self, error: OSError) -> str:
        """The kernel's words for an error."""
        return os.strerror(error.errno or errno.EIO)
