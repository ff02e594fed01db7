"""An archive of a storage or a path, read for a restore: its configuration, and all of it (PVE::Storage, vma, tar)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from lab.pve import archives
from lab.pve.archives import Restored
from lab.pve.compression import Damaged
from lab.pve.errors import Died
from lab.pve.volumes import Volume

if TYPE_CHECKING:
    from lab.pve.api import Api

Say = Callable[[str], None]


def kind_of(name: str) -> str:
    """`vma` or `tar`, by the file's name."""
    return "vma" if ".vma" in name.rpartition("/")[2] else "tar"


def need_file(api: "Api", volume: Volume) -> str:
    """The path of an archive; raises Died where there is none."""
    if not api.root.isfile(volume.path):
        raise Died(f"volume '{volume.volid}' does not exist")
    return volume.path


def extract_config(api: "Api", volume: Volume, say: Say) -> str:
    """The configuration text in an archive of a storage; what the programs complain of is said line by line."""
    path = need_file(api, volume)
    read = archives.config_of_vm if kind_of(path) == "vma" else archives.config_of_ct
    try:
        return read(path, api.root.read(path))
    except Damaged as damage:
        for line in damage.lines:
            say(line)
        raise Died(
            f"command '{reader(path)}' failed: exit code 1" if kind_of(path) == "vma" else archives.NO_CT_CONFIG
        ) from None


def reader(path: str) -> str:
    """The command with which a node reads the configuration out of a machine's archive."""
    if path.endswith(".vma"):
        return f"vma config {path} -c qemu-server.conf"
    return f"{unpacker(path)} | vma config - -c qemu-server.conf"


def unpacker(path: str) -> str:
    """The command that unpacks a compressed archive to standard output."""
    return {"zst": "zstd -q -d -c", "gz": "zcat", "lzo": "lzop -d -c"}.get(path.rpartition(".")[2], "cat") + f" {path}"


def extractor(path: str, folder: str) -> str:
    """The command with which a node restores a machine's archive."""
    return f"{unpacker(path)} | vma extract -v -r {folder}.fifo - {folder}"


def whole(api: "Api", path: str, say: Say) -> Restored:
    """Everything in an archive; raises Damaged after the complaints were said."""
    read = archives.unpack_vm if kind_of(path) == "vma" else archives.unpack_ct
    try:
        return read(path, api.root.read(path))
    except Damaged as damage:
        for line in damage.lines:
            say(line)
        raise


def still_there(api: "Api", path: str) -> bool:
    """Whether an archive can still be read, at the end of the time that reading it took."""
    try:
        return api.root.isfile(path)
    except OSError:
        return False
