"""Changes that are no API call but that recordings need: a directory made, a disk mounted, a file written."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from lab.node.mounts import Mount

if TYPE_CHECKING:
    from lab.pve.api import Api

Action = Callable[..., Awaitable[None]]
VZDUMP_LOCK = "/run/vzdump.lock"
_waiting: set[asyncio.Task[None]] = set()


async def side(api: "Api", args: Sequence[str]) -> None:
    """Do one action, e.g. `["mount", "/mnt/pve/x"]`; raises LookupError for an unknown one."""
    name, *rest = args
    if name not in ACTIONS:
        raise LookupError(f"side action '{name}' is unknown; known are {', '.join(sorted(ACTIONS))}")
    await ACTIONS[name](api, *rest)


async def _mkdir(api: "Api", path: str) -> None:
    api.root.mkdir(path, parents=True)


async def _mount(api: "Api", path: str, kind: str = "tmpfs") -> None:
    api.root.mkdir(path, parents=True)
    source = "tmpfs" if kind == "tmpfs" else "/dev/loop0"
    api.root.mount(Mount(source, path, kind, ["rw", "relatime"]))


async def _mount_ext(api: "Api", path: str) -> None:
    await _mount(api, path, "ext4")


async def _umount(api: "Api", path: str) -> None:
    api.root.umount(path)


async def _pretend_nfs(api: "Api", source: str, path: str) -> None:
    """A temporary file system that the storage code takes for an NFS mount of `source`, whose server then is online."""
    await _mount(api, path)
    api.state.setdefault("pretended", {})[path] = source


async def _remount_ro(api: "Api", path: str) -> None:
    mount = api.root.mounted(path)
    if mount:
        mount.options[0] = "ro"


async def _chmod(api: "Api", mode: str, path: str) -> None:
    api.root.chmod(path, int(mode, 8))


async def _write(api: "Api", path: str, text: str) -> None:
    api.files.write(path, text.replace("\\n", "\n"))


async def _touch_backup(api: "Api", path: str) -> None:
    api.files.write(path, "")


async def _hold_vzdump_lock(api: "Api", seconds: str) -> None:
    """Hold the lock that every vzdump of the node takes, for so many seconds of real time."""
    lock = api.root.lock(VZDUMP_LOCK)
    await lock.acquire()

    async def release() -> None:
        try:
            await asyncio.sleep(float(seconds))
        finally:
            lock.release()

    task = asyncio.get_running_loop().create_task(release())
    _waiting.add(task)
    task.add_done_callback(_waiting.discard)


ACTIONS: dict[str, Action] = {
    "mkdir": _mkdir,
    "mount": _mount,
    "mount-ext": _mount_ext,
    "umount": _umount,
    "pretend-nfs": _pretend_nfs,
    "remount-ro": _remount_ro,
    "chmod": _chmod,
    "write": _write,
    "touch-backup": _touch_backup,
    "hold-vzdump-lock": _hold_vzdump_lock,
}
