"""What a backup does with a guest: its state changed and restored, its files packed (PVE::VZDump::LXC, QemuServer)."""

import errno
import os
import posixpath
import uuid
from typing import TYPE_CHECKING

from lab.pve import archives, disks, guests
from lab.pve.errors import Died
from lab.pve.guest_config import Volume, written
from lab.pve.guests import Guest
from lab.pve.pace import pace_of, seconds_for
from lab.pve.vzdump_text import tar_total, transfer_total, with_unit

if TYPE_CHECKING:
    from lab.pve.vzdump_backup import GuestBackup

MAPPED_UID = 100000
"""The host's user that root of an unprivileged container is."""
_TAR = (
    "tar cpf - --totals --one-file-system -p --sparse --numeric-owner --acls --xattrs '--xattrs-include=user.*' "
    "'--xattrs-include=security.capability' '--warning=no-file-ignored' '--warning=no-xattr-write' --one-file-system "
    "'--warning=no-file-ignored'"
)
_EXCLUDES = "--anchored '--exclude=./tmp/?*' '--exclude=./var/tmp/?*' '--exclude=./var/run/?*.pid'"


class Plugin:
    """One kind of guest; `backup` is what is under way."""

    extension = ""

    def __init__(self, backup: "GuestBackup", guest: Guest) -> None:
        self.backup, self.guest, self.api = backup, guest, backup.api

    @property
    def running(self) -> bool:
        """Whether the guest runs."""
        return guests.is_running(self.api, self.guest.vmid)

    @property
    def included(self) -> list[Volume]:
        """The volumes that go into the archive."""
        return [v for v in self.guest.volumes if self._wanted(v)]

    def _wanted(self, volume: Volume) -> bool:
        raise NotImplementedError

    def prepare(self, mode: str) -> None:
        """Say what goes into the archive; raises ModeFailure where the mode cannot be had."""
        raise NotImplementedError

    async def hold(self, mode: str) -> None:
        """Bring the guest into the state in which it is saved."""
        raise NotImplementedError

    async def release(self, mode: str) -> None:
        """Let the guest run on as before."""

    async def archive(self) -> bytes:
        """The bytes of the archive, for a target that may turn out not to take them."""
        raise NotImplementedError

    def broken(self, error: OSError) -> Died:
        """What the backup ends with when the target takes no more; what the programs print is said before."""
        raise NotImplementedError

    def _packer_failed(self, error: OSError) -> None:
        reason = os.strerror(error.errno or errno.EIO)
        said = {
            ".zst": f"zstd: error 70 : Write error : cannot write block : {reason} ",
            ".gz": f"gzip: stdout: {reason}",
            ".lzo": f"lzop: {reason}: <stdout>",
        }
        if self.backup.compression:
            self.backup.info(said[self.backup.compression])


class ModeFailure(Died):
    """A snapshot cannot be made; the next mode is tried."""


class Machine(Plugin):
    """A virtual machine, saved while it runs."""

    extension = ".vma"

    def _wanted(self, volume: Volume) -> bool:
        return not volume.is_cdrom and volume.volid != "none" and volume.options.get("backup", "1") not in ("0", "no")

    def prepare(self, mode: str) -> None:
        """List the drives."""
        self.backup.info(f"VM Name: {self.guest.name}")
        for volume in self.guest.volumes:
            if volume.is_cdrom or volume.volid == "none":
                continue
            if not self._wanted(volume):
                self.backup.info(f"exclude disk '{volume.key}' '{volume.volid}' (backup=no)")
                continue
            self.backup.info(f"include disk '{volume.key}' '{volume.volid}' {volume.options.get('size', '')}".rstrip())
        for volume in self.included:
            if not self.api.root.exists(disks.path_of(self.api, volume.volid)):
                raise Died(f"volume '{volume.volid}' does not exist")

    async def hold(self, mode: str) -> None:
        """Stop the machine for the short time that starting it again under the backup takes; snapshots need nothing."""
        if mode == "stop" and self.running:
            self.backup.info("stopping virtual guest")
        elif mode == "suspend":
            self.backup.info("suspending guest")

    async def archive(self) -> bytes:
        """A VMA of the drives; the configuration says which drive was which."""
        say, drives = self.backup.info, [disks.drive(self.api, volume) for volume in self.included]
        if not drives:
            say("backup contains no disks")
        if not self.running:
            say("starting kvm to execute backup task")
        agent = self.running and self.guest.config.get("agent", "0").removeprefix("enabled=").startswith("1")
        if agent and self.backup.mode == "snapshot":
            say("issuing guest-agent 'fs-freeze' command")
            say("issuing guest-agent 'fs-thaw' command")
        if drives:
            say(f"started backup task '{uuid.uuid4()}'")
        if self.running:
            say("resuming VM again")
        total = sum(d.size for d in drives)
        data = sum(len(d.content) for d in drives)
        begun = self.api.clock.now()
        await pace_of(self.api).spend(seconds_for(total))
        seconds = self.api.clock.now() - begun
        size = with_unit(total)
        say(
            f"100% ({size} of {size}) in {max(1, int(seconds))}s, read: {with_unit(total / max(1, seconds))}/s, "
            f"write: {with_unit(data / max(1, seconds))}/s"
        )
        if total:
            say(f"backup is sparse: {with_unit(total - data)} ({(total - data) * 100 // total}%) total zero data")
        say(transfer_total(total, seconds))
        if not self.running:
            say("stopping kvm after backup task")
        config = dict(self.guest.config)
        marks = "".join(f"#qmdump#map:{v.key}:drive-{v.key}:{v.volid.partition(':')[0]}:raw:\n" for v in self.included)
        return archives.pack_vm(self.backup.name, written(config) + marks, drives, begun)

    def broken(self, error: OSError) -> Died:
        """QEMU notices that nobody reads any more, or that it cannot write itself."""
        self._packer_failed(error)
        number = errno.EPIPE if self.backup.compression else error.errno or errno.EIO
        return Died(f"vma_queue_write: write error - {os.strerror(number)}")


class Container(Plugin):
    """A container, saved by tar."""

    extension = ".tar"

    def _wanted(self, volume: Volume) -> bool:
        if volume.key == "rootfs":
            return True
        return ":" in volume.volid and volume.options.get("backup", "0") in ("1", "yes")

    def prepare(self, mode: str) -> None:
        """List the mount points; a snapshot is refused, as directories have none."""
        self.backup.info(f"CT Name: {self.guest.name}")
        for volume in self.guest.volumes:
            where = f"{volume.key} ('{volume.options.get('mp', '/')}')"
            if self._wanted(volume):
                self.backup.info(f"including mount point {where} in backup")
                continue
            kind, reason = ("volume", "disabled") if ":" in volume.volid else ("bind", "not a volume")
            self.backup.info(f"excluding {kind} mount point {where} from backup ({reason})")
        if mode == "snapshot":
            raise ModeFailure("mode failure - some volumes do not support snapshots")

    async def hold(self, mode: str) -> None:
        """Stop the container, or copy its files while it runs, and once more while it stands still."""
        if not self.running:
            return
        say, folder = self.backup.info, self.backup.temporary
        if mode == "stop":
            say("stopping virtual guest")
            return
        if self.api.root.mount_of(folder).nfs:
            say(
                "temporary directory is on NFS, disabling xattr and acl support, consider configuring a local tmpdir "
                "via /etc/vzdump.conf"
            )
        size = sum(len(e.content) for volume in self.included for e in disks.tree(self.api, volume) if e.kind == "file")
        source = f"/proc/{guests.pid(self.api, self.guest.vmid)}/root/"
        say(f"starting first sync {source} to {folder}")
        begun = self.api.clock.now()
        await pace_of(self.api).spend(seconds_for(size))
        say(f"first sync finished - transferred {with_bytes(size)} in {int(self.api.clock.now() - begun)}s")
        say("suspending guest")
        say(f"starting final sync {source} to {folder}")
        say(f"final sync finished - transferred {with_bytes(0)} in 0s")
        say("resuming guest")
        say("guest is online again after <1 seconds")

    async def release(self, mode: str) -> None:
        """Start the container again after a stop."""
        if mode == "stop":
            self.backup.info("guest is online again after <1 seconds")

    async def archive(self) -> bytes:
        """A tar of the files, written as the container's own root: it must be able to enter the temporary directory."""
        self._enter()
        files = []
        for volume in self.included:
            inside = volume.options.get("mp", "/").strip("/")
            files += [
                archives.Entry(posixpath.join(inside, e.path), e.content, e.mode, e.mtime, e.kind)
                for e in disks.tree(self.api, volume)
            ]
        begun = self.api.clock.now()
        size = sum(volume.size for volume in self.included) // 4
        await pace_of(self.api).spend(seconds_for(size))
        data, total = archives.pack_ct(self.backup.name, written(self.guest.config), files, begun)
        self.backup.info(tar_total("written", total, self.api.clock.now() - begun))
        return data

    def broken(self, error: OSError) -> Died:
        """The command of the backup fails with the exit code of the one that could not write."""
        self._packer_failed(error)
        if not self.backup.compression:
            self.backup.info(f"tar: -: Cannot write: {os.strerror(error.errno or errno.EIO)}")
            self.backup.info("tar: Error is not recoverable: exiting now")
        code = {"": 2, ".zst": 70}.get(self.backup.compression, 1)
        return Died(f"command 'set -o pipefail && {self._command(self.backup.temporary)}' failed: exit code {code}")

    def _enter(self) -> None:
        """Raise Died, with what tar says, unless the mapped user may go where the configuration lies."""
        folder = self.backup.temporary
        if not self.guest.unprivileged or self._may_enter(folder):
            return
        self.backup.info(f"tar: {folder}: Cannot open: Permission denied")
        self.backup.info("tar: Error is not recoverable: exiting now")
        raise Died(f"command 'set -o pipefail && {self._command(folder)}' failed: exit code 2")

    def _may_enter(self, folder: str) -> bool:
        """Whether every directory down to `folder` may be searched by others, as the mapped user is nobody's owner."""
        at = "/"
        for part in ["", *folder.strip("/").split("/")]:
            at = posixpath.join(at, part)
            found = self.api.root.stat(at)
            mine = found.st_uid == MAPPED_UID and found.st_mode & 0o100
            if not mine and not found.st_mode & 0o001:
                return False
        return True

    def _command(self, folder: str) -> str:
        """The command that a node runs, as its error shows it."""
        options = self.backup.job.options
        pipe = {".zst": f"| zstd '--threads={options.get('zstd', 1)}'", ".gz": "| gzip", ".lzo": "| lzop"}
        mapped = f"lxc-usernsexec -m u:0:{MAPPED_UID}:65536 -m g:0:{MAPPED_UID}:65536 --"
        words = [
            mapped if self.guest.unprivileged else "",
            _TAR,
            f"'--directory={folder}'",
            "./etc/vzdump/pct.conf ./etc/vzdump/pct.fw '--directory=/mnt/vzsnap0' --no-anchored '--exclude=lost+found'",
            _EXCLUDES if int(options.get("stdexcludes", 1)) else "",
            "./",
            pipe.get(self.backup.compression, ""),
            f">{self.backup.unfinished}",
        ]
        return " ".join(word for word in words if word)


def with_bytes(size: int) -> str:
    """A size as rsync's report is shown: `15 bytes`, `1.20KB`."""
    if size < 1024:
        return f"{size} bytes"
    return f"{size / 1024:.2f}KB" if size < 1 << 20 else f"{size / (1 << 20):.2f}MB"


PLUGINS: dict[str, type[Plugin]] = {"qemu": Machine, "lxc": Container}
