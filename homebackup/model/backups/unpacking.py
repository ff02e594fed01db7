"""The beginning of a compressed file, unpacked as far as it goes, and whether a zstd file has its end."""

import bz2
import zlib

import zstandard

MAGIC = {"zst": b"\x28\xb5\x2f\xfd", "gz": b"\x1f\x8b", "lzo": b"\x89LZO\x00\r\n\x1a\n", "bz2": b"BZh"}
"""What a file begins with, by the ending of its name."""
MOST = 256 * 1024
"""Bytes that are unpacked at most; a few bytes can stand for gigabytes of zeros."""
BLOCK = 128 * 1024
"""Bytes that a block of zstd holds at most, unpacked or as it is."""
CHAIN = 3
"""Blocks before the end that have to follow each other; by chance one does in 1 of 60 files cut anywhere."""
_BLOCK_HEADER, _CHECKSUM, _FRAME_HEADER = 3, 4, 18
_RAW, _RLE, _COMPRESSED = 0, 1, 2


class Broken(ValueError):
    """A file that is not what its name says; the text is half a sentence for the owner."""


def unpack(head: bytes, ending: str | None) -> bytes | None:
    """What the first bytes of a file hold; None for a compression that is not read here. Raises Broken."""
    if ending is None:
        return head[:MOST]
    if not head.startswith(MAGIC[ending]):
        raise Broken(f"it does not begin as a .{ending} file does")
    try:
        if ending == "zst":
            source = zstandard.ZstdDecompressor(max_window_size=1 << 31).stream_reader(head)
            return b"".join(iter(lambda: source.read(BLOCK) if source.tell() < MOST else b"", b""))
        if ending == "gz":
            return zlib.decompressobj(31).decompress(head, MOST)
        return bz2.BZ2Decompressor().decompress(head, MOST) if ending == "bz2" else None
    except (zstandard.ZstdError, zlib.error, OSError, EOFError) as error:
        reason = str(error).rpartition(": ")[2].lower()
        raise Broken(f"its beginning cannot be unpacked ({reason})") from None


def ends_well(head: bytes, tail: bytes, size: int) -> bool | None:
    """Whether a zstd file of that size is whole, None when too little of its end is known.

    A file whose all bytes are known is walked from its start. Of another the last blocks are looked for from its end:
    each has to begin where its own size says, and the last has to be marked so.
    """
    if len(tail) >= size:
        return _walk(tail)
    if len(head) >= size:
        return _walk(head)
    checksum = _CHECKSUM if zstandard.get_frame_parameters(head).has_checksum else 0
    return _chained(tail, len(tail) - checksum, 0)


def _walk(data: bytes) -> bool:
    """Whether frames fill the data to its end."""
    at = 0
    while at < len(data):
        start = data[at : at + _FRAME_HEADER]
        if start[1:4] == b"\x2a\x4d\x18" and start[0] >> 4 == 5 and len(start) >= 8:
            at += 8 + int.from_bytes(start[4:8], "little")
            continue
        try:
            at += zstandard.frame_header_size(start)
            checksum = zstandard.get_frame_parameters(start).has_checksum
        except zstandard.ZstdError:
            return False
        last = False
        while not last:
            if at + _BLOCK_HEADER > len(data):
                return False
            last, kind, length = _header(data, at)
            at += _BLOCK_HEADER + (1 if kind == _RLE else length)
        at += _CHECKSUM if checksum else 0
    return at == len(data) > 0


def _header(data: bytes, at: int) -> tuple[bool, int, int]:
    word = int.from_bytes(data[at : at + _BLOCK_HEADER], "little")
    return bool(word & 1), word >> 1 & 3, word >> 3


def _chained(tail: bytes, end: int, found: int) -> bool | None:
    """Whether blocks lead to `end` of the tail; `found` are known that lead on from there."""
    if found >= CHAIN or (found and MAGIC["zst"] in tail[max(0, end - _FRAME_HEADER) : end]):
        return True
    for at in range(end - _BLOCK_HEADER, max(-1, end - BLOCK - _BLOCK_HEADER - 1), -1):
        if tail[at] & 1 != (found == 0):
            continue
        _, kind, length = _header(tail, at)
        here = end - at - _BLOCK_HEADER
        fits = (here == 1 and length <= BLOCK) if kind == _RLE else (kind in (_RAW, _COMPRESSED) and length == here)
        if fits and (further := _chained(tail, at, found + 1)) is not False:
            return further
    return None if end < BLOCK + _BLOCK_HEADER else False  # None: its block may begin before what is known
