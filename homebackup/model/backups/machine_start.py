"""The header of a VMA file, in which a machine's configuration and its disks stand before all content."""

import hashlib
import struct

from homebackup.model.backups.sample import Inside
from homebackup.model.backups.unpacking import Broken

CONFIG = "qemu-server.conf"
HEADER = 12288
"""Bytes of the header without the texts behind it."""
_HEAD = struct.Struct(">4sI16sq16sIII")
_NAMES, _TEXTS, _CONFIGS = 2044, 3068, 256
_DISKS, _DISK = 4096, struct.Struct(">IIQQQ")
_MD5 = slice(32, 48)


def read_machine(plain: bytes) -> Inside | None:
    """What a VMA file holds, None when more of it is needed to tell; raises Broken."""
    if plain[:4] != b"VMA\0"[: len(plain)]:
        raise Broken("it holds no machine: it does not begin as a VMA file does")
    if len(plain) < HEADER:
        return None
    _, version, _, made, digest, at, length, size = _HEAD.unpack_from(plain)
    if version != 1:
        raise Broken(f"its VMA header is of version {version}, and only 1 is known")
    if size < HEADER or at + length > size:
        raise Broken("its VMA header contradicts itself")
    if len(plain) < size:
        return None
    header = bytearray(plain[:size])
    header[_MD5] = bytes(16)
    if hashlib.md5(header, usedforsecurity=False).digest() != digest:
        raise Broken("its VMA header does not fit its checksum")
    texts = plain[at : at + length]
    configs = {
        _text(texts, name).rstrip("\0"): _text(texts, text)
        for name, text in zip(_words(plain, _NAMES), _words(plain, _TEXTS), strict=True)
        if name and text
    }
    disks = [_DISK.unpack_from(plain, _DISKS + n * _DISK.size) for n in range(1, 256)]
    if CONFIG not in configs:
        raise Broken("it holds no configuration of a machine")
    found = tuple((_text(texts, disk[0]).rstrip("\0"), disk[2]) for disk in disks if disk[0])
    return Inside("qemu", configs[CONFIG], made, found)


def _words(plain: bytes, at: int) -> tuple[int, ...]:
    return struct.unpack_from(f">{_CONFIGS}I", plain, at)


def _text(texts: bytes, at: int) -> str:
    """A text of the header: two bytes of length, then so many."""
    length = int.from_bytes(texts[at : at + 2], "little")
    return texts[at + 2 : at + 2 + length].decode("utf-8", "replace")
