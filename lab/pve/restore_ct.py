"""POST /nodes/NODE/lxc: a container made from a template or restored from an archive (PVE::API2::LXC)."""

import asyncio
import re
import uuid
from typing import Any

from lab.pve import archives, disks, guest_config, guests
from lab.pve.activation import activate, need_enabled
from lab.pve.archive_config import still_there, whole
from lab.pve.archives import Entry, Restored
from lab.pve.call import Call
from lab.pve.compression import Damaged, decompress, extension_of
from lab.pve.errors import ApiError, BadParameters, Died
from lab.pve.guest_config import Volume as MountPoint
from lab.pve.guest_edit import privilege, stored
from lab.pve.guest_status import started
from lab.pve.pace import pace_of, seconds_for
from lab.pve.restore_vm import PlainlyForbidden, archive_of, check_unused, with_new_macs
from lab.pve.routes import route
from lab.pve.storagecfg import Storages
from lab.pve.tasks import Task
from lab.pve.volumes import Volume
from lab.pve.vzdump_text import tar_total

CONTROL = {
    "node",
    "vmid",
    "ostemplate",
    "restore",
    "force",
    "unique",
    "storage",
    "pool",
    "bwlimit",
    "start",
    "password",
    "ssh-public-keys",
    "ignore-unpack-errors",
    "unprivileged",
}
GIB = 1 << 30
_BRIDGE = re.compile(r"(?:^|,)bridge=([^,]+)")


@route("POST", "/nodes/{node}/lxc")
async def create(call: Call) -> str:
    """The task that makes or restores the container."""
    api, vmid = call.api, int(call.params["vmid"])
    restore = bool(call.get("restore"))
    prefix = f"unable to {'restore' if restore else 'create'} CT {vmid} -"
    old = guests.find(api, vmid, "lxc")
    if old and restore and call.get("force"):
        if guests.is_running(api, vmid):
            raise Died("can't overwrite running container")
        if old.protected:
            raise Died(f"unable to restore CT {vmid} - protection mode enabled")
    else:
        check_unused(api, vmid)
    if call.get("pool"):
        call.access.need_pool(call.text("pool"))
    _check_may_make(call, old if restore and call.get("force") else None)
    given = {key: value for key, value in call.params.items() if key not in CONTROL}
    for key in given:
        if not (call.get("pool") and call.may(f"/pool/{call.text('pool')}", privilege(key))):
            call.need(f"/vms/{vmid}", privilege(key))
    archive = archive_of(call, call.text("ostemplate"), "backup" if restore else "vztmpl")
    if archive == "-" and "rootfs" not in given:
        raise Died("restore from pipe requires rootfs parameter")
    mounts = {key: str(given.pop(key)) for key in list(given) if guest_config.is_drive("lxc", key)}
    if mounts and "rootfs" not in mounts:
        raise Died("mount points configured, but 'rootfs' not set - aborting")
    storages = {_storage(text) for text in mounts.values()} - {""} or {call.text("storage") or "local"}
    for storage in sorted(storages):
        _check_storage(call, storage)
    if old is None:
        guests.write(api, "lxc", vmid, {"lock": "create"})
    work = Creation(call, vmid, archive, given, mounts, prefix)
    return api.tasks.start("vzrestore" if restore else "vzcreate", str(vmid), call.actor, work.run)


def _check_may_make(call: Call, over: guests.Guest | None) -> None:
    vmid, pool = call.params["vmid"], call.text("pool")
    allowed = (
        call.may(f"/vms/{vmid}", "VM.Allocate")
        or (pool and call.may(f"/pool/{pool}", "VM.Allocate"))
        or (over and call.may(f"/vms/{vmid}", "VM.Backup"))
    )
    if not allowed:
        raise PlainlyForbidden


def _storage(text: str) -> str:
    """The storage on which a mount point is to be made, empty for a path."""
    return text.partition(",")[0].removeprefix("volume=").rpartition(":")[0]


def _check_storage(call: Call, name: str) -> None:
    section = need_enabled(call.api, name)
    if "rootdir" not in Storages(call.files).contents(section):
        raise BadParameters({"storage": f"storage '{name}' does not support container directories"})
    call.need(f"/storage/{name}", "Datastore.AllocateSpace")
    activate(call.api, name)


class Creation:
    """A container being made; what fails before the old one is touched leaves it as it was."""

    def __init__(
        self, call: Call, vmid: int, archive: Volume | str, given: dict[str, Any], mounts: dict[str, str], prefix: str
    ) -> None:
        self.call, self.api, self.vmid, self.prefix = call, call.api, vmid, prefix
        self.archive, self.given, self.mounts = archive, given, mounts
        self.shown = archive.volid if isinstance(archive, Volume) else archive
        self.path = archive.path if isinstance(archive, Volume) else archive
        self.made: list[str] = []

    async def run(self, task: Task) -> None:
        """Make the container; raises Died in Proxmox's words."""
        fresh = guests.need(self.api, "lxc", self.vmid).config == {"lock": "create"}
        try:
            await self._create(task)
        except (ApiError, OSError, asyncio.CancelledError) as error:
            for volid in self.made:
                disks.free(self.api, volid)
            if fresh:
                guests.remove(self.api, guests.need(self.api, "lxc", self.vmid))
            raise Died(f"{self.prefix} {_said(error)}") from None
        if self.call.get("pool"):
            access = self.call.access.change()
            access.pools[self.call.text("pool")].guests[str(self.vmid)] = None
            self.call.access.save(access)
        if self.call.get("start"):
            started(self.api, guests.need(self.api, "lxc", self.vmid))

    async def _create(self, task: Task) -> None:
        saved = self._saved_config(task) if self.call.get("restore") else {}
        mounts = self.mounts or self._same_mounts(saved)
        config = {key: text for key, text in saved.items() if not guest_config.is_drive("lxc", key)}
        unprivileged = self.call.get("unprivileged")
        if unprivileged is not None:
            config["unprivileged"] = str(unprivileged)
        placed = {key: self._allocate(task, key, text) for key, text in mounts.items()}
        old = guests.need(self.api, "lxc", self.vmid)
        disks.free_all(self.api, old)
        found = await self._unpack(task)
        self._fill(placed, found.files)
        if self.call.get("restore"):
            task.log("merging backed-up and given configuration..")
        given = {key: stored(key, value) for key, value in self.given.items()}
        if self.call.get("unique"):  # the archive's network, made anew, then wins over the given one
            config = with_new_macs(config)
            given = {key: text for key, text in given.items() if not (key.startswith("net") and key in config)}
        config |= placed | given
        for key in ("lock", "parent", "snaptime", "template"):
            config.pop(key, None)
        if config.get("unprivileged") == "0":
            del config["unprivileged"]
        guests.write(self.api, "lxc", self.vmid, config)

    def _saved_config(self, task: Task) -> dict[str, str]:
        task.log(f"recovering backed-up configuration from '{self.shown}'")
        if not self.api.root.isfile(self.path):
            raise Died(
                f"volume '{self.shown}' does not exist"
                if isinstance(self.archive, Volume)
                else f"can't find file '{self.shown}'"
            )
        try:
            text = archives.config_of_ct(self.path, self.api.root.read(self.path))
        except Damaged as damage:
            task.log("\n".join(damage.lines))
            raise Died(archives.NO_CT_CONFIG) from None
        config = guest_config.parse(text)
        for key, value in config.items():
            if re.fullmatch(r"net\d+", key) and key not in self.given:
                for bridge in _BRIDGE.findall(value):
                    self.call.need(f"/sdn/zones/localnetwork/{bridge}", "SDN.Use")
        return config

    def _same_mounts(self, saved: dict[str, str]) -> dict[str, str]:
        """The mount points of the archive as new ones of the same size; a template gets 4 GB."""
        storage = self.call.text("storage") or "local"
        if not self.call.get("restore"):
            return {"rootfs": f"{storage}:4"}
        if "rootfs" not in saved:
            raise Died("rootfs configuration could not be recovered, please check and specify manually!")
        wanted = {}
        for mount in guest_config.volumes("lxc", saved):
            rest = "".join(f",{key}={value}" for key, value in mount.options.items() if key != "size")
            size = mount.size / GIB
            wanted[mount.key] = f"{storage}:{size:g}{rest}" if ":" in mount.volid else saved[mount.key]
        return wanted

    def _allocate(self, task: Task, key: str, text: str) -> str:
        """Make the volume `STORAGE:GB`; returns the property string that names it."""
        mount = guest_config.volume(key, text)
        storage, _, amount = mount.volid.partition(":")
        if not re.fullmatch(r"\d+(?:\.\d+)?", amount):
            return text
        size = int(float(amount) * GIB)
        volid = disks.allocate(self.api, storage, self.vmid, "raw" if size else "subvol")
        self.made.append(volid)
        if size:
            _say_formatting(task, disks.path_of(self.api, volid), size)
        rest = "".join(f",{name}={value}" for name, value in mount.options.items() if name != "size")
        return f"{volid}{rest},size={_size_text(size)}"

    async def _unpack(self, task: Task) -> Restored:
        if not self.call.get("restore"):
            return self._template(task)
        task.log(f"restoring '{self.shown}' now..")
        task.log(f"extracting archive '{self.path}'")
        begun = self.call.clock.now()
        try:
            found = whole(self.api, self.path, task.log)
        except Damaged as damage:
            raise Died(f"command 'tar xpf - --totals' failed: exit code 2 ({damage})") from None
        await pace_of(self.api).spend(seconds_for(found.size))
        if not still_there(self.api, self.path):
            raise Died("command 'tar xpf - --totals' failed: exit code 2")
        task.log(tar_total("read", found.size, self.call.clock.now() - begun))
        return found

    def _template(self, task: Task) -> Restored:
        task.log(f"extracting archive '{self.path}'")
        plain, complaints = decompress(self.api.root.read(self.path), extension_of(self.path))
        if complaints:
            raise Died("\n".join(complaints))
        return Restored("", len(plain), files=archives.unpack_plain(plain))

    def _fill(self, placed: dict[str, str], files: list[Entry]) -> None:
        """Share the files out: each goes to the mount point that lies deepest above it."""
        points: list[MountPoint] = sorted(
            (guest_config.volume(key, text) for key, text in placed.items()),
            key=lambda mount: len(mount.options.get("mp", "/")),
            reverse=True,
        )
        shares: dict[str, list[Entry]] = {mount.volid: [] for mount in points}
        for entry in files:
            path = "/" + entry.path.removeprefix("./").removeprefix(".")
            for mount in points:
                base = mount.options.get("mp", "/").rstrip("/")
                if path == base or path.startswith(base + "/"):
                    inner = path[len(base) :].lstrip("/") or "."
                    shares[mount.volid].append(Entry(inner, entry.content, entry.mode, entry.mtime, entry.kind))
                    break
        for volid, entries in shares.items():
            if volid in self.made:
                disks.fill(self.api, volid, entries)


def _said(error: BaseException) -> str:
    if isinstance(error, ApiError):
        return error.text
    return (error.strerror or str(error)) if isinstance(error, OSError) else "received interrupt"


def _size_text(size: int) -> str:
    return f"{size // GIB}G" if size and size % GIB == 0 else f"{size >> 20}M" if size else "0T"


def _say_formatting(task: Task, path: str, size: int) -> None:
    """What qemu-img and mkfs.ext4 print about a new image."""
    blocks = size // 4096
    task.log(f"Formatting '{path}', fmt=raw size={size} preallocation=off")
    task.log(f"Creating filesystem with {blocks} 4k blocks and {size // 16384} inodes")
    task.log(f"Filesystem UUID: {uuid.uuid4()}")
    groups = sorted({1} | {base**power for base in (3, 5, 7) for power in range(1, 14)})
    copies = [str(group * 32768) for group in groups if group * 32768 < blocks]
    task.log("Superblock backups stored on blocks: ")
    task.log("\t" + ", ".join(copies))
