"""The backup of one guest within a job: its archive written under another name, marked, and older ones pruned."""

import posixpath
from typing import TYPE_CHECKING

from lab.node import trees
from lab.pve import guests
from lab.pve.compression import EXTENSIONS
from lab.pve.errors import ApiError, Died
from lab.pve.pace import pace_of
from lab.pve.vzdump_guest import PLUGINS, ModeFailure, Plugin
from lab.pve.vzdump_text import duration_text, notes, size_text
from pverules.archive_name import ArchiveName

if TYPE_CHECKING:
    from lab.pve.vzdump_job import Job

POSIX = ("ext3", "ext4", "nfs", "nfs4", "reiserfs", "xfs")
"""File systems that hold what tar needs, so that the temporary directory may lie beside the archive."""


class GuestBackup:
    """The backup of one guest within a job."""

    def __init__(self, job: "Job", vmid: int) -> None:
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
            await self._name(plugin)
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

    async def _name(self, plugin: Plugin) -> None:
        extension = plugin.extension.lstrip(".") + self.compression
        while True:  # a node is too slow for two archives of a guest in one second; the lab waits for the next
            self.began = int(self.api.clock.now())
            self.parts = ArchiveName.at(plugin.guest.kind, self.vmid, self.began, self.api.clock.zone, extension)
            self.name = str(self.parts)
            if not self.api.root.exists(self.job.target.path(self.parts.log)):
                break
            await pace_of(self.api).wait(self.began + 1 - self.api.clock.now())
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
                raise Died(
                    f"The number of protected backups per guest is limited to {most} on storage '{target.storage}'"
                )
        elif len(names) - protected >= limit:
            raise Died(
                f"There is a max backup limit of {limit} enforced by the target storage or the vzdump "
                "parameters. Either increase the limit or delete old backups."
            )

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
        try:
            root.write(self.unfinished, data)
        except OSError as error:
            raise plugin.broken(error) from None
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
            self.info(
                f"removing backup '{target.volid(name)}'"
                if target.storage
                else f"delete old backup '{target.path(name)}'"
            )
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
