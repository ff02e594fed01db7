"""A fixture (lab/fixtures/*.yaml) turned into the files of a node: users, storages, jobs, guests, archives."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.node.root import Root
from lab.pve import guest_config
from lab.pve.errors import Died
from lab.pve.files import JOBS, STORAGE, TOKENS, USERS, VZDUMP
from lab.pve.guest_config import Volume
from lab.pve.schema import plain
from lab.pve.usercfg import Pool, Token, User, UserConfig, normal_path, written, written_tokens
from lab.pve.volumes import volume_of
from pverules.archive_name import ArchiveName, InvalidArchiveName

if TYPE_CHECKING:
    from lab.pve.api import Api

OWN = ("/etc/pve", "/var/lib/vz", "/var/lib/pve-manager", "/var/tmp", "/mnt/pve")  # noqa: S108
SYSTEM = {
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
}
"""What is in a container whose fixture names no `files`."""


def apply(api: "Api", fixture: Mapping[str, Any]) -> None:
    """Write everything the fixture describes; what was there before is removed."""
    _clear(api, fixture)
    _users(api, fixture)
    api.files.write(
        STORAGE, "".join(_section(data["type"], name, data) for name, data in (fixture.get("storages") or {}).items())
    )
    api.files.write(JOBS, "".join(_section("vzdump", name, data) for name, data in (fixture.get("jobs") or {}).items()))
    api.files.write(VZDUMP, fixture.get("vzdump_conf", ""))
    for data in (fixture.get("storages") or {}).values():
        if data["type"] == "dir" and not api.root.exists(data["path"]):
            api.root.mkdir(data["path"], parents=True)
    for vmid, guest in (fixture.get("guests") or {}).items():
        _guest(api, int(vmid), guest)
    for archive in fixture.get("archives") or []:
        _archive(api, fixture, archive)
    for name in fixture.get("other_files") or []:
        api.files.write(f"/var/lib/vz/{name}", "")


def _clear(api: "Api", fixture: Mapping[str, Any]) -> None:
    root = api.root
    for mount in [m for m in reversed(root.mounts) if m.target.startswith("/mnt/pve/")]:
        root.umount(mount.target)
    paths = [data.get("path", "") for data in (fixture.get("storages") or {}).values()]
    for path in [*OWN, *(path for path in paths if path.startswith("/var/lib/"))]:
        if root.exists(path):
            _empty(root, path)
    here = f"/etc/pve/nodes/{fixture['node']}"
    for path in ("/etc/pve/priv", f"{here}/qemu-server", f"{here}/lxc", "/var/lib/vz/dump", *OWN):
        if not root.exists(path):
            root.mkdir(path, parents=True)
    for name in ("qemu-server", "lxc"):
        root.symlink(f"nodes/{fixture['node']}/{name}", f"/etc/pve/{name}")
    root.mounts[0].fstype = fixture.get("root_filesystem", root.mounts[0].fstype)


def _empty(root: Root, path: str) -> None:
    for name in root.listdir(path):
        inner = f"{path}/{name}"
        if root.isdir(inner) and not root.islink(inner):
            _empty(root, inner)
            root.rmdir(inner)
        else:
            root.unlink(inner)


def _users(api: "Api", fixture: Mapping[str, Any]) -> None:
    config, secrets = UserConfig(), {}
    for name, user in (fixture.get("users") or {"root@pam": {}}).items():
        config.users[name] = User(enable=int(user.get("enabled", True)), email=user.get("email", ""))
    for full, token in (fixture.get("tokens") or {}).items():
        owner, _, name = full.partition("!")
        config.users[owner].tokens[name] = Token(privsep=int(token.get("privsep", 1)))
        secrets[full] = token["secret"]
    for name, privileges in (fixture.get("roles") or {}).items():
        config.roles[name] = frozenset(privileges)
    for name, pool in (fixture.get("pools") or {}).items():
        config.pools[name] = Pool(
            name,
            pool.get("comment", ""),
            dict.fromkeys(map(str, pool.get("guests", []))),
            dict.fromkeys(pool.get("storages", [])),
        )
    for entry in fixture.get("acl") or []:
        config.grant(normal_path(entry["path"]), entry["who"], entry["role"], int(entry.get("propagate", 1)))
    api.files.write(USERS, written(config))
    api.files.write(TOKENS, written_tokens(secrets))


def _section(kind: str, name: str, data: Mapping[str, Any]) -> str:
    lines = [f"\t{key} {plain(value)}" for key, value in data.items() if key != "type"]
    return "\n".join([f"{kind}: {name}", *lines]) + "\n\n"


def _guest(api: "Api", vmid: int, guest: Mapping[str, Any]) -> None:
    kind = guest["type"]
    known = {"type", "status", "disks", "files"}
    values = {key: value for key, value in guest.items() if key not in known}
    if kind == "qemu":
        values |= guest.get("disks") or {}
        values = {
            "boot": "order=scsi0",
            "ostype": "l26",
            "scsihw": "virtio-scsi-single",
            "smbios1": f"uuid=00000000-0000-4000-8000-000000000{vmid:03d}",
        } | values
    else:
        net = f"name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:01:{vmid % 100:02d},ip=dhcp,type=veth"
        values = {"arch": "amd64", "cores": 1, "ostype": "debian", "net0": net} | values
    folder = "qemu-server" if kind == "qemu" else "lxc"
    text = "".join(f"{key}: {plain(v)}\n" for key, v in sorted(values.items()))
    api.files.write(f"/etc/pve/{folder}/{vmid}.conf", text)
    for volume in guest_config.volumes(kind, {key: str(value) for key, value in values.items()}):
        _disk(api, volume, guest.get("files") or SYSTEM | {"etc/hostname": f"{guest.get('hostname', vmid)}\n"})
    if guest.get("status") == "running":
        api.running[vmid] = api.clock.now()


def _disk(api: "Api", volume: Volume, files: Mapping[str, str]) -> None:
    """An empty disk as big as its configuration says, or a directory with `files` (path below it -> text)."""
    try:
        path = volume_of(api, volume.volid).path
    except Died:
        return
    if path.endswith(".subvol"):
        api.root.mkdir(path, parents=True)
        for name, text in files.items():
            api.files.write(f"{path}/{name.lstrip('/')}", text)
        return
    api.files.write(path, "")
    with api.root.open(path, "w") as file:
        file.truncate(volume.size)


def _archive(api: "Api", fixture: Mapping[str, Any], archive: Mapping[str, Any]) -> None:
    storage = fixture["storages"][archive.get("storage", "local")]
    path = f"{storage['path']}/dump/{archive['name']}"
    if not api.root.exists(f"{storage['path']}/dump"):
        api.root.mkdir(f"{storage['path']}/dump", parents=True)
    beside = {path: b"\0" * int(archive.get("size", 0))}
    stem = path.rpartition("-")[0]
    try:
        name = ArchiveName.parse(archive["name"])
        stem, when = name.stem, float(name.epoch(api.clock.zone))
    except InvalidArchiveName:
        when = api.clock.now()
    beside[f"{storage['path']}/dump/{stem}.log"] = b""
    if archive.get("notes"):
        beside[f"{path}.notes"] = str(archive["notes"]).encode()
    if archive.get("protected"):
        beside[f"{path}.protected"] = b""
    for name_, data in beside.items():
        api.root.write(name_, data)
        api.root.utime(name_, when)
