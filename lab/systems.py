"""The systems inside of the lab's guests: a small Debian each, made when somebody first runs a command there."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from lab.node.layout import lay_out
from lab.node.machine import PATH, Machine
from lab.node.process import Process
from lab.node.root import Root
from lab.pve.guests import Guest

if TYPE_CHECKING:
    from lab.box import Box

HOSTS = frozenset({"pct", "qm", "qmrestore", "pvesh", "pvesm", "pveum", "vzdump", "vma"})
"""Programs that only a node has."""


class Systems:
    """Each guest's own files, processes and units; its files stay when it is stopped, its processes end."""

    def __init__(self, box: "Box", folder: Path) -> None:
        self._box, self._folder = box, folder
        self._booted: dict[int, tuple[float, Machine]] = {}

    async def run(self, proc: Process, guest: Guest, words: list[str]) -> int:
        """Run a command inside of a running guest, on the streams of a process of the node."""
        machine = await self._machine(guest)
        child = Process(
            machine,
            words,
            cwd="/root",
            fds={number: proc.fd(number).hold() for number in (0, 1, 2)},
            session=proc.session,
            env={"PATH": PATH, "HOME": "/root", "USER": "root", "LANG": "C.UTF-8"},
        )
        try:
            path = machine.lookup(words[0], child.env, child.cwd)
        except OSError as error:
            child.close()
            return await proc.fail(words[0], error, 127)
        return await machine.execute(machine.admit(child), path)

    async def halt(self) -> None:
        """Power all of them off."""
        for _, machine in self._booted.values():
            await machine.halt()
        self._booted.clear()

    def clear(self) -> None:
        """Remove all their files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _machine(self, guest: Guest) -> Machine:
        started = self._box.api.running[guest.vmid]
        booted = self._booted.get(guest.vmid)
        if booted and booted[0] == started:
            return booted[1]
        if booted:
            machine = booted[1]
            await machine.halt()
        else:
            machine = self._installed(guest)
        self._booted[guest.vmid] = (started, machine)
        await machine.boot()
        return machine

    def _installed(self, guest: Guest) -> Machine:
        folder = self._folder / str(guest.vmid)
        fresh = not folder.exists()
        root = Root(folder, clock=self._box.clock, nas=self._box.nas)
        machine = Machine(root, hostname=guest.name)
        machine.powered = lambda: guest.vmid in self._box.api.running
        if fresh:
            lay_out(root, guest.name, [name for name in machine.commands if name not in HOSTS], {})
        return machine
