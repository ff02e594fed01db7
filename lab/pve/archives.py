"""Archive files as vzdump leaves them (`.vma.zst`, `.tar.gz`, ...), written and read as bytes."""

import io
import posixpath
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lab.pve import vma
from lab.pve.compression import Damaged, compress, decompress, extension_of

VM_CONFIG, CT_CONFIG, CT_FIREWALL = "qemu-server.conf", "./etc/vzdump/pct.conf", "./etc/vzdump/pct.fw"
NO_VM_CONFIG = "unable to find configuration file 'qemu-server.conf' in vma archive"
NO_CT_CONFIG = "ERROR: archive contains no configuration file"
_FAILED = "tar: Exiting with failure status due to previous errors"
_GAVE_UP = "tar: Error is not recoverable: exiting now"


@dataclass(frozen=True)
class Entry:
    """A file, directory or symbolic link of a container; `path` is relative to its root ("etc/hostname")."""

    path: str
    content: bytes = b""
    mode: int = 0o644
    mtime: float = 0.0
    kind: str = "file"
    """file, dir or link (then `content` is the target)."""


@dataclass(frozen=True)
class Restored:
    """What an archive holds: the guest's configuration text, then drives (VM) or files (container)."""

    config: str
    size: int
    """Bytes when unpacked."""
    drives: list[vma.Drive] = field(default_factory=list)
    files: list[Entry] = field(default_factory=list)


def pack_vm(name: str, config: str, drives: Sequence[vma.Drive], ctime: float) -> bytes:
    """The file of a virtual machine's backup; `name` decides the compression."""
    plain = vma.write({VM_CONFIG: config.encode()}, drives, ctime=int(ctime))
    return compress(plain, extension_of(name))


def pack_ct(name: str, config: str, files: Iterable[Entry], ctime: float) -> tuple[bytes, int]:
    """The file of a container's backup and the bytes that tar wrote; the configuration comes first in it."""
    first = [Entry(CT_CONFIG, config.encode(), mtime=ctime), Entry(CT_FIREWALL, mtime=ctime)]
    plain = pack_tree([*first, Entry(".", kind="dir", mode=0o755, mtime=ctime), *files])
    return compress(plain, extension_of(name)), len(plain)


def _add(tar: tarfile.TarFile, entry: Entry) -> None:
    inside = posixpath.normpath(entry.path)
    info = tarfile.TarInfo("./" if inside == "." else "./" + inside)
    info.mode, info.mtime = entry.mode, entry.mtime
    if entry.kind == "dir":
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
    elif entry.kind == "link":
        info.type, info.linkname = tarfile.SYMTYPE, entry.content.decode()
        tar.addfile(info)
    else:
        info.size = len(entry.content)
        tar.addfile(info, io.BytesIO(entry.content))


def pack_tree(files: Iterable[Entry]) -> bytes:
    """A plain tar of files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in files:
            _add(tar, entry)
    return out.getvalue()


def entries_of(tar: tarfile.TarFile) -> Iterator[Entry]:
    """The files, directories and symbolic links in an open tar."""
    for info in tar:
        kind = "dir" if info.isdir() else "link" if info.issym() else "file"
        reader = tar.extractfile(info) if kind == "file" else None
        content = reader.read() if reader else info.linkname.encode()
        yield Entry(info.name, content, info.mode, info.mtime, kind)


def unpack_vm(name: str, data: bytes) -> Restored:
    """The whole backup of a virtual machine; Damaged with what zstd and vma print, down to the first thing wrong."""
    plain, complaints = decompress(data, extension_of(name))
    try:
        header, drives = vma.read(plain)
    except vma.VmaError as error:
        raise Damaged([*complaints, str(error)]) from error
    if complaints:
        raise Damaged(complaints)
    return Restored(_vm_config(header.configs), len(plain), drives=drives)


def config_of_vm(name: str, data: bytes) -> str:
    """Only the configuration in a virtual machine's backup, which stands in its first kilobytes."""
    plain, complaints = decompress(data, extension_of(name))
    try:
        return _vm_config(vma.read_header(plain).configs)
    except vma.VmaError as error:
        raise Damaged([*complaints, str(error)]) from error


def _vm_config(configs: Mapping[str, bytes]) -> str:
    if VM_CONFIG not in configs:
        raise Damaged([NO_VM_CONFIG])
    return configs[VM_CONFIG].decode()


def config_of_ct(name: str, data: bytes) -> str:
    """Only the configuration in a container's backup; Damaged with what is printed when it is not there."""
    plain, complaints = decompress(data, extension_of(name))
    entries, rest = _read_tar(plain, complaints)
    for entry in entries:
        if entry.path == CT_CONFIG:
            return entry.content.decode()
    raise Damaged(rest or [f"tar: {CT_CONFIG}: Not found in archive", _FAILED])


def unpack_ct(name: str, data: bytes) -> Restored:
    """The whole backup of a container; Damaged with what the decompressor and tar print."""
    plain, complaints = decompress(data, extension_of(name))
    entries, rest = _read_tar(plain, complaints)
    if rest:
        raise Damaged(rest)
    config = next((e.content.decode() for e in entries if e.path == CT_CONFIG), None)
    if config is None:
        raise Damaged([NO_CT_CONFIG])
    files = [e for e in entries if not e.path.startswith("./etc/vzdump/")]
    return Restored(config, len(plain), files=files)


def unpack_plain(plain: bytes) -> list[Entry]:
    """The files of a tar that is no backup, such as a template; Damaged with what tar prints."""
    entries, rest = _read_tar(plain, [])
    if rest:
        raise Damaged(rest)
    return entries


def _read_tar(plain: bytes, complaints: list[str]) -> tuple[list[Entry], list[str]]:
    """Members until the end or the damage, and what the programs print about the damage."""
    entries: list[Entry] = []
    short = not plain.endswith(bytes(1024))
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as tar:
            for entry in entries_of(tar):
                entries.append(entry)  # noqa: PERF402  # what was read before the damage is kept
    except tarfile.ReadError:
        if not entries and plain and not complaints:
            return [], ["tar: This does not look like a tar archive", _FAILED]
        short = True
    if complaints and complaints[-1].startswith("gzip: stdin: unexpected"):
        return entries, [*complaints, "tar: Unexpected EOF in archive", _GAVE_UP]
    if complaints:
        return entries, [*complaints, "tar: Child returned status 1", _GAVE_UP]
    return entries, ["tar: Unexpected EOF in archive", _GAVE_UP] if short else []
