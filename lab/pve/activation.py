"""Whether a storage can be used now: enabled here, server online, mounted, directories made (PVE::Storage)."""

from typing import TYPE_CHECKING

from lab.node.mounts import Mount
from lab.pve.errors import Died
from lab.pve.formats import split_list
from lab.pve.schema import truth
from lab.pve.sections import Section
from lab.pve.storagecfg import Storages

if TYPE_CHECKING:
    from lab.pve.api import Api

SUBFOLDERS = {
    "images": "images",
    "rootdir": "private",
    "vztmpl": "template/cache",
    "iso": "template/iso",
    "backup": "dump",
    "snippets": "snippets",
    "import": "import",
}


def folder_of(storage: Section, content: str) -> str:
    """The directory that holds one kind of content."""
    overrides: dict[str, str] = storage.get("content-dirs", {})
    return f"{storage.get('path')}/{overrides.get(content, SUBFOLDERS[content]).lstrip('/')}"


def enabled(api: "Api", storage: Section, node: str | None = None) -> bool:
    """Whether the storage is enabled and meant for the node (default: this one)."""
    nodes = split_list(storage.get("nodes", ""))
    return not storage.get("disable") and (not nodes or (node or api.node) in nodes)


def need_enabled(api: "Api", name: str) -> Section:
    """The storage; raises Died where it does not exist, is disabled or not for this node."""
    storage = Storages(api.files).need(name)
    if storage.get("disable"):
        raise Died(f"storage '{name}' is disabled")
    if not enabled(api, storage):
        raise Died(f"storage '{name}' is not available on node '{api.node}'")
    return storage


def mount_point(storage: Section) -> str | None:
    """Where something must be mounted for the storage to be used; None where nothing must."""
    value = storage.get("is_mountpoint")
    if value is None:
        return None
    said = truth(str(value))
    return None if said == "0" else str(storage.get("path") if said == "1" else value)


def activate(api: "Api", name: str) -> Section:
    """Make the storage usable and return it; raises Died with Proxmox's reason."""
    storage = need_enabled(api, name)
    activate_section(api, storage)
    return storage


def activate_section(api: "Api", storage: Section) -> None:
    """As `activate`, of a storage that need not be in the file yet."""
    name, path = storage.id, str(storage.get("path"))
    if storage.type == "nfs":
        if not online(api, storage):
            raise Died(f"storage '{name}' is not online")
        if not nfs_mounted(api, storage):
            _make_base(api, storage)
            _mount_nfs(api, storage)
    else:
        target = mount_point(storage)
        if target is not None and not mounted(api, target):
            raise Died(
                f"unable to activate storage '{name}' - directory is expected to be a mount point but is not "
                f"mounted: '{target}'"
            )
        _make_base(api, storage)
    if not _is_directory(api, path):
        raise Died(f"unable to activate storage '{name}' - directory '{path}' does not exist or is unreachable")
    _make_content(api, storage)


def mounted(api: "Api", path: str) -> bool:
    """Whether something is mounted at the path, symlinks followed; False where the path does not exist."""
    try:
        return path.startswith("/") and api.root.is_mountpoint(path)
    except OSError:
        return False


def nfs_mounted(api: "Api", storage: Section) -> bool:
    """Whether the share of an NFS storage is mounted at its path."""
    source, path = f"{storage.get('server')}:{storage.get('export')}", str(storage.get("path"))
    mount = api.root.mounted(path)
    if mount is None:
        return False
    return source in (mount.source.rstrip("/"), mount.source, api.state.get("pretended", {}).get(path))


def online(api: "Api", storage: Section) -> bool:
    """Whether the server of an NFS storage answers; nothing outside the lab is ever asked."""
    server = str(storage.get("server"))
    pretended = {source.partition(":")[0] for source in api.state.get("pretended", {}).values()}
    if server in pretended:
        return True
    options = dict(part.partition("=")[::2] for part in str(storage.get("options", "")).split(","))
    return api.nas.on and server == api.nas.address and options.get("port", "2049") == "2049"


def _mount_nfs(api: "Api", storage: Section) -> None:
    source = f"{storage.get('server')}:{storage.get('export')}"
    folder = api.nas.holds(source)
    if folder is None:
        raise Died(f"mount error: mount.nfs: access denied by server while mounting {source}")
    wanted = [option for option in str(storage.get("options", "")).split(",") if option]
    options = ["rw", "relatime", *(wanted or ["vers=4.2"]), f"addr={storage.get('server')}"]
    api.root.mount(Mount(source, str(storage.get("path")), "nfs4", options, folder=folder))


def _make_base(api: "Api", storage: Section) -> None:
    if storage.get("create-base-path", storage.get("mkdir", 1)):
        _mkpath(api, str(storage.get("path")))


def _mkpath(api: "Api", path: str) -> None:
    try:
        if not api.root.isdir(path):
            api.root.mkdir(path, parents=True)
    except OSError as error:
        raise Died(f"mkdir {path}: {error.strerror} at /usr/share/perl5/PVE/Storage/Plugin.pm line 1514.") from None


def _is_directory(api: "Api", path: str) -> bool:
    try:
        return api.root.isdir(path)
    except OSError:
        return False


def _make_content(api: "Api", storage: Section) -> None:
    contents = sorted(c for c in split_list(storage.get("content", "")) if c in SUBFOLDERS)
    make = storage.get("create-subdirs", storage.get("mkdir", 1))
    seen: set[str] = set()
    for content in contents:
        folder = folder_of(storage, content)
        if make and not api.root.isdir(folder):
            _mkpath(api, folder)
    for content in contents:
        folder = folder_of(storage, content)
        if not api.root.exists(folder):
            continue
        real = api.root.canonical(folder)
        if real in seen:
            raise Died(f"storage '{storage.id}' uses directory {real} for multiple content types")
        seen.add(real)


def usage(api: "Api", storage: Section) -> tuple[int, int, int] | None:
    """(total, used, free) bytes of a storage, None where it cannot be used now."""
    try:
        activate_section(api, storage)
        return api.root.usage(str(storage.get("path")))
    except (Died, OSError):
        return None
