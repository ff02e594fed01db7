"""One backup job as a task: the global lock, guest after guest, each archive named at its end, pruned (PVE::VZDump)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lab.pve import guests
from lab.pve.backup_target import Target, retention, target_of
from lab.pve.call import Actor
from lab.pve.errors import Died
from lab.pve.files import VZDUMP
from lab.pve.side import VZDUMP_LOCK
from lab.pve.tasks import Task, TaskError
from lab.pve.vzdump_backup import GuestBackup
from lab.pve.vzdump_defaults import settings
from lab.pve.vzdump_text import command_line
from pverules.retention import Retention

if TYPE_CHECKING:
    from lab.pve.api import Api


LOCKWAIT = 180
"""Minutes that a job waits for another one, unless it says otherwise."""


class Job:
    """One run of vzdump over some guests."""

    def __init__(self, api: "Api", actor: Actor, params: Mapping[str, Any], vmids: Sequence[int]) -> None:
        """`params` as they were sent; `vmids` the guests that they mean."""
        self.api, self.actor, self.vmids = api, actor, sorted(vmids)
        self.line = command_line(params)
        given = {key: value for key, value in params.items() if value is not None}
        configured = settings(api.files.text(VZDUMP))
        self.fallback = retention(configured.pop("prune-backups", None))
        """What vzdump.conf says is kept, where neither the job nor the storage says anything."""
        self.options: dict[str, Any] = {**configured, **given}
        self.target = Target("")
        self.keep = Retention()
        self.task: Task | None = None

    def log(self, text: str, level: str = "INFO") -> None:
        """Add lines to the task's log."""
        if self.task:
            for line in text.rstrip("\n").split("\n"):
                self.task.log(f"{level}: {line}")

    async def run(self, task: Task) -> None:
        """Do the job; raises TaskError where any guest failed, Died where none was begun."""
        self.task = task
        self._set_up()
        lock = self.api.root.lock(VZDUMP_LOCK)
        if lock.locked():
            self.log("trying to get global lock - waiting...")
            await self._wait_for(lock)
            self.log("got global lock")
        else:
            await lock.acquire()
        try:
            await self._guests()
        finally:
            lock.release()

    async def _wait_for(self, lock: asyncio.Lock) -> None:
        """Take the lock; raises Died when it was not free in time."""
        minutes = int(self.options.get("lockwait") or LOCKWAIT)
        try:
            await asyncio.wait_for(lock.acquire(), minutes * 60)
        except TimeoutError:
            raise Died("can't acquire lock '/var/run/vzdump.lock' - got timeout") from None

    def _set_up(self) -> None:
        options, wrong = self.options, []
        if options.get("storage") and options.get("dumpdir"):
            raise Died("cannot use options 'storage' and 'dumpdir' at the same time")
        if options.get("stdout") and len(self.vmids) > 1:
            raise Died("you can only backup a single VM with option --stdout")
        script = options.get("script")
        if script and not self.api.root.isfile(script):
            raise Died(f"Error: The hook script '{script}' does not exist.")
        if options.get("dumpdir"):
            self.target = Target(str(options["dumpdir"]))
            if not self.api.root.isdir(self.target.folder):
                wrong.append(f"dumpdir '{self.target.folder}' does not exist")
        else:
            try:
                self.target = target_of(self.api, str(options.get("storage") or "local"))
            except Died as error:
                wrong.append(error.text.strip())
        kept = retention(options.get("prune-backups"))
        self.keep = next((keep for keep in (kept, self.target.keep, self.fallback) if keep is not None), Retention())
        if options.get("tmpdir") and not self.api.root.isdir(str(options["tmpdir"])):
            wrong.append(f"tmpdir '{options['tmpdir']}' does not exist")
        if wrong:
            raise Died("\n".join(wrong))

    async def _guests(self) -> None:
        self.log(f"starting new backup job: {self.line}")
        wanted = []
        for vmid in self.vmids:
            path = f"/vms/{vmid}"
            if guests.find(self.api, vmid) and not self.api.access.may(self.actor.user, path, ["VM.Backup"]):
                if self.options.get("all"):
                    continue
                self.api.access.need(self.actor.user, path, ["VM.Backup"])
            wanted.append(vmid)
        fine = [await GuestBackup(self, vmid).run() for vmid in wanted]
        if all(fine):
            self.log("Backup job finished successfully")
            return
        self.log("Backup job finished with errors")
        raise TaskError("job errors")
