"""POST /nodes/NODE/qemu: a virtual machine made anew or restored from an archive (PVE::API2::Qemu, PVE::QemuServer)."""

import asyncio
import re
import secrets
import uuid
from typing import TYPE_CHECKING, Any

from lab.pve import archives, disks, guest_config, guests
from lab.pve.activation import activate
from lab.pve.archive_config import extract_config, extractor, kind_of, need_file, still_there, whole
from lab.pve.archives import Restored
from lab.pve.call import Call
from lab.pve.compression import Damaged
from lab.pve.errors import ApiError, BadParameters, Died, Raised
from lab.pve.guest_edit import privilege, stored
from lab.pve.guest_status import started
from lab.pve.pace import pace_of, seconds_for
from lab.pve.routes import route
from lab.pve.tasks import Task, TaskError
from lab.pve.volumes import Volume, need_access, volume_of

if TYPE_CHECKING:
    from lab.pve.api import Api

CONTROL = {"node", "vmid", "archive", "bwlimit", "force", "live-restore", "pool", "start", "storage", "unique"}
UNFINISHED = (
    "error before or during data restore, some or all disks were not completely restored. VM {} state is NOT "
    "cleaned up."
)
ONLY_ROOT = "Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 569."
_MAC = re.compile(r"(?<==)(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
_MAP = re.compile(r"#qmdump#map:(\S+?):(\S+?):(\S*?):(\S*?):")


class PlainlyForbidden(Raised):
    """403 that names neither path nor privilege."""

    status = 403

    def __init__(self) -> None:
        super().__init__("Permission check failed\n")


def new_mac() -> str:
    """A MAC address in the range that Proxmox takes them from."""
    return "BC:24:11:" + ":".join(f"{byte:02X}" for byte in secrets.token_bytes(3))


def with_new_macs(config: dict[str, str]) -> dict[str, str]:
    """The configuration with another MAC address on every network device."""
    return {
        key: _MAC.sub(lambda _: new_mac(), text) if re.fullmatch(r"net\d+", key) else text
        for key, text in config.items()
    }


def archive_of(call: Call, text: str, content: str) -> Volume | str:
    """The archive that a parameter names: a volume that the caller may read, or root's own path; raises Died."""
    if text == "-":
        if not call.cli:
            raise Died("pipe requires cli environment")
        return text
    if ":" not in text or text.startswith("/"):
        if not call.actor.is_root:
            raise Died(ONLY_ROOT)
        return text
    volume = volume_of(call.api, text)
    if volume.content != content:
        raise Died(f"unable to use volume {text} - content type needs to be '{content}'")
    if (
        volume.owner is None
        or volume.owner != call.params["vmid"]
        or call.may(f"/storage/{volume.storage.id}", "Datastore.Allocate")
    ):
        need_access(call, volume)
    return volume


def check_unused(api: "Api", vmid: int) -> None:
    """Raise Died where a guest has the VMID."""
    if taken := guests.find(api, vmid):
        raise Died(f"{guest_config.LABELS[taken.kind]} {vmid} already exists on node '{api.node}'")


@route("POST", "/nodes/{node}/qemu")
async def create(call: Call) -> str:
    """The task that makes or restores the machine."""
    api, vmid = call.api, int(call.params["vmid"])
    if call.get("pool"):
        call.access.need_pool(call.text("pool"))
    if call.get("storage"):
        call.need(f"/storage/{call.text('storage')}", "Datastore.AllocateSpace")
    _check_may_make(call, vmid)
    given = {key: value for key, value in call.params.items() if key not in CONTROL}
    archive = _archive(call, given) if call.get("archive") else None
    for key in given:
        _need_key(call, vmid, key)
    prefix = f"unable to {'restore' if archive else 'create'} VM {vmid} -"
    _reserve(call, vmid, prefix)
    if archive is None:
        return api.tasks.start("qmcreate", str(vmid), call.actor, lambda task: _make(call, vmid, given))
    work = Restore(call, vmid, archive, given, prefix)
    return api.tasks.start("qmrestore", str(vmid), call.actor, work.run)


def _check_may_make(call: Call, vmid: int) -> None:
    over = call.get("archive") and call.get("force") and guests.find(call.api, vmid, "qemu")
    pool = f"/pool/{call.text('pool')}"
    allowed = (
        call.may(f"/vms/{vmid}", "VM.Allocate")
        or (call.get("pool") and call.may(pool, "VM.Allocate"))
        or (over and call.may(f"/vms/{vmid}", "VM.Backup"))
    )
    if not allowed:
        raise PlainlyForbidden


def _need_key(call: Call, vmid: int, key: str) -> None:
    pool = call.text("pool")
    if not (pool and call.may(f"/pool/{pool}", privilege(key))):
        call.need(f"/vms/{vmid}", privilege(key))


def _archive(call: Call, given: dict[str, Any]) -> Volume | str:
    for key in sorted(given):
        if guest_config.is_drive("qemu", key):
            raise BadParameters({key: "option conflicts with option 'archive'"})
    archive = archive_of(call, call.text("archive"), "backup")
    if isinstance(archive, Volume):
        activate(call.api, archive.storage.id)
        need_file(call.api, archive)
    elif archive != "-" and not call.root.isfile(archive):
        raise Died(f"can't find file '{archive}'")
    return archive


def _reserve(call: Call, vmid: int, prefix: str) -> None:
    """Write an empty configuration where there is none, so that nobody else takes the VMID; raises Died."""
    api = call.api
    taken = guests.find(api, vmid)
    if taken and not call.get("force"):
        raise Died(f"{prefix} {guest_config.LABELS[taken.kind]} {vmid} already exists on node '{api.node}'")
    if taken and taken.kind == "lxc":
        path = f"/etc/pve/nodes/{api.node}/qemu-server/{vmid}.conf"
        raise Died(f"{prefix} close (rename) atomic file '{path}' failed: File exists")
    if taken is None:
        guests.write(api, "qemu", vmid, {})


async def _make(call: Call, vmid: int, given: dict[str, Any]) -> None:
    """An empty machine with the given properties; a drive `STORAGE:GB` is allocated."""
    config = {
        "boot": " ",
        "meta": f"creation-qemu=7.2.22,ctime={int(call.clock.now())}",
        "smbios1": f"uuid={uuid.uuid4()}",
        "vmgenid": str(uuid.uuid4()),
    }
    for key, value in given.items():
        text = stored(key, value)
        storage, _, size = text.partition(",")[0].partition(":")
        if guest_config.is_drive("qemu", key) and size.isdigit():
            rest = text.partition(",")[2]
            text = ",".join(p for p in (disks.allocate(call.api, storage, vmid, "raw"), rest, f"size={size}G") if p)
        config[key] = text
    guests.write(call.api, "qemu", vmid, config)
    _finish(call, vmid)


def _finish(call: Call, vmid: int) -> None:
    if call.get("pool"):
        access = call.access.change()
        access.pools[call.text("pool")].guests[str(vmid)] = None
        call.access.save(access)
    if call.get("start"):
        started(call.api, guests.need(call.api, "qemu", vmid))


class Restore:
    """A machine being restored."""

    def __init__(self, call: Call, vmid: int, archive: Volume | str, given: dict[str, Any], prefix: str) -> None:
        self.call, self.api, self.vmid = call, call.api, vmid
        self.archive, self.given, self.prefix = archive, given, prefix
        self.path = archive.path if isinstance(archive, Volume) else archive
        self.made: list[str] = []

    async def run(self, task: Task) -> None:
        """Do it; what fails or is stopped leaves the machine as it is then, an empty one included, and no new disk."""
        try:
            guest = guests.need(self.api, "qemu", self.vmid)
            if guest.protected:
                raise Died(f"{self.prefix} - protection mode enabled")
            if guests.is_running(self.api, self.vmid):
                raise Died(f"{self.prefix} vm is running")
            if isinstance(self.archive, Volume):
                self._look_ahead(task, self.archive)
            if self.call.get("live-restore"):
                raise Died("live-restore is only compatible with backup images from a Proxmox Backup Server")
            await self._restore(task, guest)
        except (ApiError, TaskError, OSError, asyncio.CancelledError):
            for volid in self.made:
                disks.free(self.api, volid)
            task.log(UNFINISHED.format(self.vmid))
            raise
        _finish(self.call, self.vmid)

    def _look_ahead(self, task: Task, volume: Volume) -> None:
        try:
            extract_config(self.api, volume, task.log)
        except Died as error:
            task.log(f"Could not extract backed up config: {error.text}\n")
            task.lines.append("")
            task.log("Skipping early checks!")

    async def _restore(self, task: Task, guest: guests.Guest) -> None:
        if kind_of(self.path) == "tar":
            self._refuse_tar(task)
        command = extractor(self.path, f"/var/tmp/vzdumptmp{task.pid}")  # noqa: S108
        task.log(f"restore vma archive: {command}")
        try:
            if self.path == "-":
                raise Damaged(["vma: can't read header - got 0 of 12288 bytes"])
            found = whole(self.api, self.path, task.log)
        except Damaged:
            raise Died(f"command 'set -o pipefail && {command}' failed: exit code 1") from None
        begun = self.call.clock.now()
        config = self._configure(task, found)
        total = sum(drive.size for drive in found.drives)
        await pace_of(self.api).spend(seconds_for(total))
        if not still_there(self.api, self.path):
            raise Died(f"command 'set -o pipefail && {command}' failed: exit code 1")
        seconds = max(1, int(self.call.clock.now() - begun))
        task.log(f"progress 100% (read {total} bytes, duration {seconds} sec)")
        sparse = total - sum(len(drive.content) for drive in found.drives)
        task.log(f"total bytes read {total}, sparse bytes {sparse} ({sparse * 100 / max(1, total):.3g}%)")
        disks.free_all(self.api, guest)
        task.log("rescan volumes...")
        guests.write(self.api, "qemu", self.vmid, config)

    def _refuse_tar(self, task: Task) -> None:
        """Raise Died: what lies in a tar is a container, if anything."""
        try:
            archives.config_of_ct(self.path, self.api.root.read(self.path))
        except Damaged as damage:
            for line in damage.lines:
                task.log(line)
            raise Died("ERROR: archive contaions no data") from None
        raise Died(f"ERROR: file '{self.path}' does not look like a QemuServer vzdump backup")

    def _configure(self, task: Task, found: Restored) -> dict[str, str]:
        """Allocate the drives and return the new configuration; overrides win over the archive's."""
        sizes = {drive.name: drive for drive in found.drives}
        homes = {m[1]: (m[2], m[3]) for line in found.config.split("\n") if (m := _MAP.match(line))}
        text = "\n".join(line for line in found.config.split("\n") if not line.startswith("#qmdump#"))
        config = guest_config.parse(text)
        task.log(f"CFG: size: {len(found.config)} name: qemu-server.conf")
        for number, drive in enumerate(found.drives, start=1):
            task.log(f"DEV: dev_id={number} size: {drive.size} devname: {drive.name}")
        for volume in guest_config.volumes("qemu", config):
            name, home = homes.get(volume.key, (f"drive-{volume.key}", volume.volid.partition(":")[0]))
            if volume.is_cdrom or name not in sizes:
                continue
            storage = self.call.text("storage") or home
            self.call.need(f"/storage/{storage}", "Datastore.AllocateSpace")
            activate(self.api, storage)
            content = sizes[name].content
            volid = disks.allocate(self.api, storage, self.vmid, "raw", content)
            self.made.append(volid)
            task.log(f"new volume ID is '{volid}'")
            options = "".join(f",{key}={value}" for key, value in volume.options.items())
            config[volume.key] = f"{volid}{options}"
        if self.call.get("unique"):
            config = with_new_macs(config)
            config["smbios1"] = f"uuid={uuid.uuid4()}"
        if "vmgenid" in config:
            config["vmgenid"] = str(uuid.uuid4())
        for key in ("parent", "lock", "snaptime"):
            config.pop(key, None)
        return config | {key: stored(key, value) for key, value in self.given.items()}
