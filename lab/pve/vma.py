"""The VMA container that vzdump writes a virtual machine into: header with configurations and drives, then extents."""

import hashlib
import struct
import uuid as uuids
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

MAGIC, EXTENT_MAGIC, VERSION = b"VMA\0", b"VMAE", 1
HEADER_SIZE, EXTENT_HEADER_SIZE = 12288, 512
BLOCK, CLUSTER, PER_EXTENT = 4096, 65536, 59
MAX_ENTRIES = 256

# magic, version, uuid, creation time, md5 of the header, blob buffer offset and size, header size
_HEAD = struct.Struct(">4sI16sq16sIII")
_NAMES_AT, _DATA_AT, _DEVICES_AT = 2044, 3068, 4096
_DEVICE = struct.Struct(">IIQQQ")
# magic, reserved, number of 4 KiB blocks, uuid, md5 of the extent header
_EXTENT = struct.Struct(">4sHH16s16s")


class VmaError(Exception):
    """The container cannot be read; the text is what `vma` prints."""


@dataclass(frozen=True)
class Drive:
    """A drive of the machine: its size in bytes, and what it begins with (everything after that is zero)."""

    name: str
    size: int
    content: bytes = b""


@dataclass(frozen=True)
class Header:
    """What the first 12 KiB and the blobs behind them say; `devices` maps the drive's number to name and size."""

    uuid: bytes
    ctime: int
    configs: dict[str, bytes]
    devices: dict[int, Drive]
    size: int


def write(configs: Mapping[str, bytes], drives: Sequence[Drive], *, ctime: int, uuid: bytes | None = None) -> bytes:
    """The whole container; clusters behind a drive's content are left out, as they are zero."""
    ident = uuid or uuids.uuid4().bytes
    return b"".join([_header(configs, drives, ctime, ident), *_extents(drives, ident)])


def _header(configs: Mapping[str, bytes], drives: Sequence[Drive], ctime: int, ident: bytes) -> bytes:
    blobs = bytearray(1)  # offset 0 means "none"

    def blob(content: bytes) -> int:
        at = len(blobs)
        blobs.extend(struct.pack("<H", len(content)) + content)
        return at

    head = bytearray(HEADER_SIZE)
    for number, (name, content) in enumerate(configs.items()):
        struct.pack_into(">I", head, _NAMES_AT + 4 * number, blob(name.encode() + b"\0"))
        struct.pack_into(">I", head, _DATA_AT + 4 * number, blob(content))
    for number, drive in enumerate(drives, start=1):
        label = blob(drive.name.encode() + b"\0")
        _DEVICE.pack_into(head, _DEVICES_AT + _DEVICE.size * number, label, 0, drive.size, 0, 0)
    blobs.extend(bytes(-len(blobs) % 512))
    total = HEADER_SIZE + len(blobs)

    def stamped(md5: bytes) -> bytes:
        _HEAD.pack_into(head, 0, MAGIC, VERSION, ident, ctime, md5, HEADER_SIZE, len(blobs), total)
        return bytes(head) + bytes(blobs)

    return stamped(hashlib.md5(stamped(bytes(16))).digest())


def _extents(drives: Sequence[Drive], ident: bytes) -> Iterator[bytes]:
    clusters = [
        (number, at // CLUSTER, drive.content[at : at + CLUSTER])
        for number, drive in enumerate(drives, start=1)
        for at in range(0, len(drive.content), CLUSTER)
    ]
    for at in range(0, len(clusters), PER_EXTENT):
        infos, blocks = [], []
        for number, cluster, content in clusters[at : at + PER_EXTENT]:
            mask = 0
            for index in range(CLUSTER // BLOCK):
                block = content[index * BLOCK : (index + 1) * BLOCK]
                if block.strip(b"\0"):
                    mask |= 1 << index
                    blocks.append(block.ljust(BLOCK, b"\0"))
            infos.append(mask << 48 | number << 32 | cluster)
        infos += [0] * (PER_EXTENT - len(infos))
        info = struct.pack(f">{PER_EXTENT}Q", *infos)

        def stamped(md5: bytes, info: bytes = info, count: int = len(blocks)) -> bytes:
            return (_EXTENT.pack(EXTENT_MAGIC, 0, count, ident, md5) + info).ljust(EXTENT_HEADER_SIZE, b"\0")

        yield stamped(hashlib.md5(stamped(bytes(16))).digest()) + b"".join(blocks)


def read_header(data: bytes) -> Header:
    """The header at the start of `data`, its checksum verified; VmaError when it is none or incomplete."""
    if len(data) < HEADER_SIZE:
        raise VmaError(f"vma: can't read header - got {len(data)} of {HEADER_SIZE} bytes")
    magic, version, ident, ctime, md5, at, length, size = _HEAD.unpack_from(data)
    if magic != MAGIC:
        raise VmaError("vma: not a vma file - wrong magic number")
    if version != VERSION:
        raise VmaError(f"vma: wrong vma version - got {version}, expected {VERSION}")
    if len(data) < size:
        raise VmaError(f"vma: short vma header ({len(data)} < {size})")
    head = bytearray(data[:size])
    head[32:48] = bytes(16)
    if hashlib.md5(head).digest() != md5:
        raise VmaError("vma: wrong vma header checksum")
    blobs = data[at : at + length]

    def blob(where: int) -> bytes:
        (count,) = struct.unpack_from("<H", blobs, where)
        return blobs[where + 2 : where + 2 + count]

    configs, devices = {}, {}
    for number in range(MAX_ENTRIES):
        (name,) = struct.unpack_from(">I", data, _NAMES_AT + 4 * number)
        (content,) = struct.unpack_from(">I", data, _DATA_AT + 4 * number)
        if name and content:
            configs[blob(name).rstrip(b"\0").decode()] = blob(content)
    for number in range(1, MAX_ENTRIES):
        name, _, length, _, _ = _DEVICE.unpack_from(data, _DEVICES_AT + _DEVICE.size * number)
        if name:
            devices[number] = Drive(blob(name).rstrip(b"\0").decode(), length)
    return Header(ident, ctime, configs, devices, size)


def read(data: bytes) -> tuple[Header, list[Drive]]:
    """Header and drives with their content, every checksum verified; VmaError at the first thing wrong."""
    header = read_header(data)
    contents = {number: bytearray() for number in header.devices}
    at = header.size
    while at < len(data):
        head = data[at : at + EXTENT_HEADER_SIZE]
        if len(head) < EXTENT_HEADER_SIZE:
            raise VmaError(f"vma: restore failed - short vma extent ({len(head)} < {EXTENT_HEADER_SIZE})")
        magic, _, count, ident, md5 = _EXTENT.unpack_from(head)
        if magic != EXTENT_MAGIC or ident != header.uuid:
            raise VmaError("vma: restore failed - wrong vma extent header magic or uuid")
        if hashlib.md5(head[:24] + bytes(16) + head[40:]).digest() != md5:
            raise VmaError("vma: restore failed - wrong vma extent header checksum")
        end = at + EXTENT_HEADER_SIZE + count * BLOCK
        if len(data) < end:
            raise VmaError(f"vma: restore failed - short vma extent ({len(data) - at} < {end - at})")
        at += EXTENT_HEADER_SIZE
        for info in struct.unpack_from(f">{PER_EXTENT}Q", head, _EXTENT.size):
            if not info:
                continue
            mask, number, cluster = info >> 48, info >> 32 & 0xFF, info & 0xFFFFFFFF
            content = contents[number]
            content.extend(bytes(max(0, (cluster + 1) * CLUSTER - len(content))))
            for index in range(CLUSTER // BLOCK):
                if mask >> index & 1:
                    start = cluster * CLUSTER + index * BLOCK
                    content[start : start + BLOCK] = data[at : at + BLOCK]
                    at += BLOCK
    drives = [Drive(d.name, d.size, bytes(contents[n][: d.size])) for n, d in header.devices.items()]
    return header, drives
