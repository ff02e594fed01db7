"""One backup job as a task: the global lock, guest after guest, each archive named at its end, pruned (PVE::VZDump)."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lab.node import trees
from lab.pve import guests
from lab.pve.backup_target import Target, retention, target_of
from lab.pve.call import Actor
from lab.pve.compression import EXTENSIONS
from lab.pve.errors import ApiError, Died
from lab.pve.files import VZDUMP
from lab.pve.side import VZDUMP_LOCK
from lab.pve.tasks import Task, TaskError
from lab.pve.vzdump_guest import PLUGINS, ModeFailure, Plugin
from lab.pve.vzdump_text import command_line, duration_text, notes, size_text
from pverules.archive_name import ArchiveName
from pverules.retention import Retention

if TYPE_CHECKING:
    from lab.pve.api import Api

POSIX = ("ext3", "ext4", "nfs", "nfs4", "reiserfs", "xfs")
"""File systems that hold what tar needs, so that the temporary directory may lie beside the archive."""
_SETTING = re.compile(r"\s*([a-z][a-z-]*)\s*:\s*(.*?)\s*")


def defaults(api: "Api") -> dict[str, str]:
    """What /etc/vzdump.conf says."""
    lines = api.files.text(VZDUMP).split("\n")
    found = [m.groups() for line in lines if not line.lstrip().startswith("#") and (m := _SETTING.fullmatch(line))]
    return {key: value.strip("\"'") for key, value in found if value}


class Job:
    """One run of vzdump over some guests."""

    def __init__(self, api: "Api", actor: Actor, params: Mapping[str, Any], vmids: Sequence[int]) -> None:
        """`params` as they were sent; `vmids` the guests that they mean."""
        self.api, self.actor, self.vmids = api, actor, sorted(vmids)
        self.line = command_line(params)
        given = {key: value for key, value in params.items() if value is not None}
        self.options: dict[str, Any] = {**defaults(api), **given}
        self.target = Target("")
        self.keep = Retention()
        self.task: Task | None = None

    def log(self, text: str, level: str = "INFO") -> None:
        """Add lines to the task's log, unless the job is to be quiet."""
        if self.task and not int(self.options.get("quiet") or 0):
            for line in text.rstrip("\n").split("\n"):
                self.task.log(f"{level}: {line}")

    async def run(self, task: Task) -> None:
        """Do the job; raises TaskError where any guest failed, Died where none was begun."""
        self.task = task
        self._set_up()
        lock = self.api.root.lock(VZDUMP_LOCK)
        if lock.locked():
            self.log("trying to get global lock - waiting...")
            async with lock:
                self.log("got global lock")
                await self._guests()
            return
        async with lock:
            await self._guests()

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
            if not options.get("stdout") and not self.api.root.isdir(self.target.folder):
                wrong.append(f"dumpdir '{self.target.folder}' does not exist")
        else:
            try:
                self.target = target_of(self.api, str(options.get("storage") or "local"))
            except Died as error:
                wrong.append(error.text.strip())
        kept = retention(options.get("prune-backups"))
        self.keep = kept if kept is not None else self.target.keep or Retention()
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


class GuestBackup:
    """The backup of one guest within a job."""

    def __init__(self, job: Job, vmid: int) -> None:
        self.job, self.api, self.vmid = job, job.api, vmid
        self.lines: list[str] = []
        """The guest's own log, which is left beside the archive."""
        self.compression = EXTENSIONS[str(job.options.get("compress", ""))]
        self.mode = str(job.options.get("mode", "snapshot"))
        self.began = int(self.api.clock.now())
        self.parts: ArchiveName | None = None
        self.name = self.temporary = self.unfinished = ""

    def info(self, text: str) -> None:
        """Say a line in the job's log and in the guest's own."""
        self._say(text, "INFO")

    def _say(self, text: str, level: str) -> None:
        self.job.log(text, level)
        stamp = self.api.clock.local().strftime("%Y-%m-%d %H:%M:%S")
        self.lines += [f"{stamp} {level}: {line}" for line in text.rstrip("\n").split("\n")]

    async def run(self) -> bool:
        """Whether the backup was made; what went wrong is in the log."""
        plugin: Plugin | None = None
        error = ""
        try:
            guest = guests.find(self.api, self.vmid)
            if guest is None:
                raise Died(f"unable to find VM '{self.vmid}'")
            plugin = PLUGINS[guest.kind](self, guest)
            self._name(plugin)
            self._check_limit(plugin)
            self._make_temporary(plugin)
            await self._save(plugin)
        except ApiError as problem:
            error = problem.text.strip()
        except OSError as problem:
            error = f"{problem.filename or self.job.target.folder}: {problem.strerror}"
        finally:
            self._clean()
        now = self.api.clock.local()
        if error:
            self._say(f"Backup of VM {self.vmid} failed - {error}", "ERROR")
            self.info(f"Failed at {now:%Y-%m-%d %H:%M:%S}")
        else:
            self.info(f"Finished Backup of VM {self.vmid} ({duration_text(self.api.clock.now() - self.began)})")
            self.info(f"Backup finished at {now:%Y-%m-%d %H:%M:%S}")
        self._leave_log()
        return not error

    def _name(self, plugin: Plugin) -> None:
        extension = plugin.extension.lstrip(".") + self.compression
        self.parts = ArchiveName.at(plugin.guest.kind, self.vmid, self.began, self.api.clock.zone, extension)
        self.name = str(self.parts)
        stem, _, _ = self.job.target.path(self.name).rpartition(".")
        self.unfinished = f"{stem}.dat"
        options = self.job.options
        own = f"vzdumptmp{self.job.task.pid if self.job.task else 1}_{self.vmid}"
        if options.get("tmpdir"):
            self.temporary = f"{str(options['tmpdir']).rstrip('/')}/{own}/"
            return
        kind = self.api.root.mount_of(self.job.target.folder).fstype
        if plugin.guest.kind == "qemu" or kind in POSIX:
            self.temporary = self.job.target.path(self.parts.temporary)
        else:
            self.temporary = f"/var/tmp/{own}"  # noqa: S108

    def _check_limit(self, plugin: Plugin) -> None:
        """Raise Died where a limit on archives of the guest is reached that no prune will lift."""
        job, target = self.job, self.job.target
        limit = sum(job.keep.counts.values())
        keeps = limit and not int(job.options.get("remove", 1))
        if not target.storage or not (keeps or job.options.get("protected")):
            return
        names = target.archives(self.api, self.vmid, plugin.guest.kind)
        protected = sum(target.protected(self.api, name) for name in names)
        if job.options.get("protected"):
            where, most = f"/storage/{target.storage}", target.max_protected
            if most is None:
                most = -1 if self.api.access.may(job.actor.user, where, ["Datastore.Allocate"]) else 5
            if -1 < most <= protected:
                raise Died(f"The number of protected backups per guest is limited to {most} on storage "
                           f"'{target.storage}'")
        elif len(names) - protected >= limit:
            raise Died(f"There is a max backup limit of {limit} enforced by the target storage or the vzdump "
                       "parameters. Either increase the limit or delete old backups.")

    def _make_temporary(self, plugin: Plugin) -> None:
        folder = self.temporary.rstrip("/")
        if folder.startswith("/var/tmp/") and not self.job.options.get("tmpdir"):  # noqa: S108
            kind = self.api.root.mount_of(self.job.target.folder).fstype
            self.info(f"filesystem type on dumpdir is '{kind}' -using {folder} for temporary files")
        try:
            if self.api.root.exists(folder):
                trees.remove(self.api.root, folder)
            self.api.root.mkdir(folder)
        except OSError:
            where = "at /usr/share/perl5/PVE/VZDump.pm line 1054."
            raise Died(f"unable to create temporary directory '{self.temporary}' {where}") from None

    async def _save(self, plugin: Plugin) -> None:
        self.info(f"Starting Backup of VM {self.vmid} ({plugin.guest.kind})")
        self.info(f"Backup started at {self.api.clock.local(self.began):%Y-%m-%d %H:%M:%S}")
        running = plugin.running
        self.info(f"status = {'running' if running else 'stopped'}")
        self.mode = self.mode if running else "stop"
        prepared = False
        if self.mode == "snapshot":
            try:
                plugin.prepare(self.mode)
                prepared = True
            except ModeFailure as failure:
                self.info(failure.text)
                self.info("trying 'suspend' mode instead")
                self.mode = "suspend"
        self.info(f"backup mode: {self.mode}")
        if self.job.options.get("bwlimit"):
            self.info(f"bandwidth limit: {self.job.options['bwlimit']} KiB/s")
        self.info(f"ionice priority: {self.job.options.get('ionice', 7)}")
        if not prepared:
            plugin.prepare(self.mode)
        await plugin.hold(self.mode)
        try:
            await self._write(plugin)
        finally:
            if running:
                await plugin.release(self.mode)

    async def _write(self, plugin: Plugin) -> None:
        root, path = self.api.root, self.job.target.path(self.name)
        if self.job.options.get("stdout"):
            self.info("sending archive to stdout")
            upid = self.job.task.upid if self.job.task else ""
            self.api.state.setdefault("archives", {})[upid] = await plugin.archive()
            return
        self.info(f"creating vzdump archive '{path}'")
        root.write(self.unfinished, b"")
        data = await plugin.archive()
        root.write(self.unfinished, data)
        root.rename(self.unfinished, path)
        self.info(f"archive file size: {size_text(len(data))}")
        if self.job.target.storage:
            self._mark(plugin, path)
        if self.job.keep.counts and int(self.job.options.get("remove", 1)):
            self._prune(plugin)

    def _mark(self, plugin: Plugin, path: str) -> None:
        template = self.job.options.get("notes-template")
        if template:
            self.info("adding notes to backup")
            values = {"guestname": plugin.guest.name, "node": self.api.node, "vmid": str(self.vmid)}
            values["cluster"] = "standalone node - no cluster"
            self.api.root.write(f"{path}.notes", notes(str(template), values).encode())
        if int(self.job.options.get("protected") or 0):
            self.info("marking backup as protected")
            self.api.root.write(f"{path}.protected", b"")

    def _prune(self, plugin: Plugin) -> None:
        target, keep = self.job.target, self.job.keep
        kept = ", ".join(f"{key}={count}" for key, count in sorted(keep.options.items()))
        self.info(f"prune older backups with retention: {kept}")
        doomed = target.doomed(self.api, self.vmid, plugin.guest.kind, keep)
        for name in doomed:
            self.info(f"removing backup '{target.volid(name)}'" if target.storage
                      else f"delete old backup '{target.path(name)}'")
            target.remove(self.api, name)
        self.info(f"pruned {len(doomed)} backup(s){' not covered by keep-retention policy' if doomed else ''}")

    def _clean(self) -> None:
        """Remove what was under way, as far as the target still answers."""
        try:
            for path in (self.unfinished, self.temporary.rstrip("/")):
                if path and self.api.root.exists(path):
                    trees.remove(self.api.root, path)
        except OSError as error:
            self._say(f"cleanup: {posixpath.basename(str(error.filename))}: {error.strerror}", "WARN")

    def _leave_log(self) -> None:
        if not self.parts or not self.temporary or self.job.options.get("stdout"):
            return
        try:
            text = "".join(f"{line}\n" for line in self.lines)
            self.api.root.write(self.job.target.path(self.parts.log), text.encode())
        except OSError:
            return  # a target that took no archive takes no log
