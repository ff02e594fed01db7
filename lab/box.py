"""A Proxmox VE node, its host and its NAS in one box, served over https and ssh on the loopback."""

import asyncio
import errno
import os
import re
import shutil
import socket
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from lab.clock import Clock
from lab.control import control_application
from lab.dsm.http import application as management
from lab.dsm.state import Dsm
from lab.faults import Faults
from lab.journal import Journal
from lab.nas import Nas
from lab.node.layout import lay_out
from lab.node.machine import Machine
from lab.node.mounts import Mount
from lab.node.root import Root
from lab.node.sshd import Sshd
from lab.pve.api import Api
from lab.pve.http import application
from lab.pve.scheduler import Scheduler
from lab.pve.tls import Certificate, make_certificate
from lab.seed import seed_nas
from lab.systems import Systems

FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FIXTURES = Path(__file__).with_name("fixtures")
ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """The loopback ports to serve on; 0 takes a free one."""

    api: int = 0
    ssh: int = 0
    control: int = 0


class Box:
    """The whole lab in one event loop."""

    def __init__(
        self,
        state: Path,
        *,
        fixture: str = "home",
        ports: Ports | None = None,
        patience: float = 1.0,
        delay: float = 3.0,
    ) -> None:
        """A lab that keeps all its files in the folder `state`.

        `fixture` is a name in lab/fixtures or the path of a YAML file. Waits for a silent NAS last `patience`
        times what they last in reality; a refused login takes `delay` seconds.
        """
        named = FIXTURES / f"{fixture}.yaml"
        text = (named if named.exists() else Path(fixture)).read_text(encoding="utf-8")
        self.fixture: dict[str, Any] = yaml.load(text, FastLoader)  # noqa: S506  one of the two safe loaders
        self.state, self.ports, self.delay = state, ports or Ports(), delay
        state.mkdir(parents=True, exist_ok=True)
        state.chmod(0o700)
        for name in ("root", "nas", "mounts", "guests"):
            shutil.rmtree(state / name, ignore_errors=True)
        nas: dict[str, Any] = self.fixture.get("nas") or {}
        self.clock = Clock(str(self.fixture.get("zone", "UTC")))
        self.nas = Nas(
            state / "nas",
            address=nas.get("address", "10.0.0.150"),
            exports=list(nas.get("exports") or {}),
            rules=nas.get("rules"),
        )
        self.dsm = Dsm(self.nas, self.clock, nas["dsm"]) if "dsm" in nas else None
        self.shown = make_certificate(state / "dsm", "nas")
        self.faults, self.journal = Faults(), Journal()
        self.root = Root(state, clock=self.clock, nas=self.nas)
        self.machine = Machine(self.root, hostname=self.fixture["node"], faults=self.faults, patience=patience)
        self.machine.box = self
        self._lay_out()
        self.root.trouble = self._disk_fault
        self.api = Api(root=self.root, clock=self.clock, nas=self.nas, fixture=self.fixture)
        self.systems = Systems(self, state / "guests")
        self.scheduler = Scheduler(self.api)
        self.machine.writers = self._writers
        self.certificate = make_certificate(state, self.fixture["node"])
        self.api.fingerprint = self.certificate.fingerprint
        self.sshd = Sshd(self.machine, self.journal, state)
        self._runners: list[web.AppRunner] = []
        self._urls: dict[str, int] = {}

    def _lay_out(self) -> None:
        host: dict[str, Any] = self.fixture.get("host") or {}
        lay_out(self.root, self.fixture["node"], self.machine.commands, dict(host.get("files") or {}))
        seed_nas(self.nas, self.clock, (self.fixture.get("nas") or {}).get("exports") or {})

    def _disk_fault(self, operation: str, path: str) -> None:
        """Do what a rule on `disk` says: fail with the errno its message names, else ENOSPC, or write half.

        One that only switches the NAS lets the operation itself be done.
        """
        rule = self.faults.match("disk", method=operation, path=path)
        if rule and rule.nas:
            self.nas.on = rule.nas == "on"
        if rule and rule.effect == "nas":
            return
        if rule and rule.effect == "half":
            self.root.halve_next_write = True
        elif rule:
            number = getattr(errno, rule.message, errno.ENOSPC)
            raise OSError(number, os.strerror(number), path)

    async def start(self) -> None:
        """Boot the node and serve everything."""
        await self.machine.boot()
        self.scheduler.start()
        await self.sshd.start(ADDRESS, self.ports.ssh)
        api = application(self.api, self.faults, self.journal, delay=self.delay)
        self._urls["api"] = await self._serve(api, self.ports.api, tls=self.certificate)
        if self.dsm:
            self._urls["dsm"] = await self._serve(management(self.dsm, self.journal), 0, tls=self.shown)
        self._urls["control"] = await self._serve(control_application(self), self.ports.control)

    async def _serve(self, app: web.Application, port: int, *, tls: Certificate | None = None) -> int:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._runners.append(runner)
        listener = socket.create_server((ADDRESS, port))
        await web.SockSite(runner, listener, ssl_context=tls.context() if tls else None).start()
        return int(listener.getsockname()[1])

    def ready(self) -> dict[str, Any]:
        """How to reach the lab; secrets included, since they are made up."""
        token = next(iter(self.fixture.get("tokens") or {}), "")
        secret = self.fixture["tokens"][token]["secret"] if token else ""
        port = self._urls["api"]
        return {
            "api": {
                "url": f"https://{ADDRESS}:{port}/api2/json",
                "host": ADDRESS,
                "port": port,
                "user": "root@pam",
                "password": self.api.password,
                "token": f"{token}={secret}" if token else "",
                "fingerprint": self.certificate.fingerprint,
                "ca_file": str(self.certificate.path),
                "tokens": {
                    name: f"{name}={data['secret']}" for name, data in (self.fixture.get("tokens") or {}).items()
                },
            },
            "ssh": {
                "host": ADDRESS,
                "port": self.sshd.port,
                "user": "root",
                "identity_file": str(self.sshd.identity),
                "known_hosts": str(self.sshd.known_hosts),
                "host_key": self.sshd.host_key,
            },
            **({"dsm": self._management(self.dsm)} if self.dsm else {}),
            "control": {"url": f"http://{ADDRESS}:{self._urls['control']}"},
            "node": self.fixture["node"],
            "zone": self.clock.zone.key,
            "state": str(self.state),
            "nas": {
                "address": self.nas.address,
                "folders": {name: str(path) for name, path in self.nas.exports.items()},
            },
        }

    def _management(self, dsm: Dsm) -> dict[str, str]:
        return {
            "url": f"https://{ADDRESS}:{self._urls['dsm']}",
            "account": dsm.account,
            "password": dsm.password,
            "device": next(iter(dsm.devices), ""),
            "fingerprint": self.shown.fingerprint,
        }

    async def reset(self) -> None:
        """Everything back to the fixture: files, mounts, guests, clock, NAS; no faults; the journal is kept."""
        await self._halt(self.api.tasks.clear())
        self.faults.clear()
        self.clock.reset()
        self.root.clear()
        self.systems.clear()
        self.nas.clear()
        if self.dsm:
            self.dsm.reset()
        self._lay_out()
        self.sshd.authorize()
        self.api.reset()
        await self.machine.boot()
        self.scheduler.start()

    async def reboot(self) -> None:
        """Power the node off and on: mounts and processes are gone, fstab is tried once, guests come up."""
        await self._halt(self.api.tasks.cut())
        self.api.running.clear()
        await self.machine.boot()
        for folder in ("/etc/pve/qemu-server", "/etc/pve/lxc"):
            for name in self.root.listdir(folder):
                if "onboot: 1" in self.root.text(f"{folder}/{name}").splitlines():
                    self.api.running[int(name.removesuffix(".conf"))] = self.clock.now()
        self.scheduler.start()

    async def _halt(self, tasks: Awaitable[None]) -> None:
        """Stop everything that runs; `tasks` ends the tasks."""
        await self.scheduler.stop()
        await tasks
        await self.systems.halt()
        await self.machine.halt()

    def _writers(self, mount: Mount) -> dict[int, str]:
        """The vzdump tasks that write below a mount now: process id -> what it is called."""
        found = {}
        for task in self.api.tasks:
            storage = re.search(r"--storage '?([\w.-]+)", " ".join(task.lines[:1]))
            if not (task.running and task.kind == "vzdump" and storage):
                continue
            section = rf"^dir: {re.escape(storage[1])}\n(?:\t.*\n)*?\tpath (\S+)"
            path = re.search(section, self.root.text("/etc/pve/storage.cfg"), re.M)
            if path and f"{path[1]}/".startswith(f"{mount.target}/"):
                found[task.pid] = f"task {task.upid}"
        return found

    async def stop(self) -> None:
        """Serve no more and end every simulated process."""
        await self._halt(self.api.tasks.clear())
        await self.sshd.stop()
        for runner in self._runners:
            await runner.cleanup()
        await asyncio.sleep(0)
