"""The compressors of vzdump, and what their command line tools print about a damaged file."""

import struct
import zlib

import zstandard

EXTENSIONS = {"": "", "0": "", "1": ".lzo", "lzo": ".lzo", "gzip": ".gz", "zstd": ".zst"}
"""The value of vzdump's `compress` -> what is added to the archive's name."""

_ZSTD_MAGIC, _GZIP_MAGIC, _LZOP_MAGIC = b"\x28\xb5\x2f\xfd", b"\x1f\x8b", b"\x89LZO\x00\x0d\x0a\x1a\x0a"
_LZOP_BLOCK = 256 * 1024


class Damaged(Exception):
    """A file that its decompressor or unpacker gave up on; `lines` are what those programs printed."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(lines[-1] if lines else "damaged")
        self.lines = lines


def extension_of(name: str) -> str:
    """`.zst`, `.gz`, `.lzo`, or nothing for an archive that is not compressed."""
    return next((end for end in (".zst", ".gz", ".lzo") if name.endswith(end)), "")


def compress(data: bytes, extension: str) -> bytes:
    """The bytes of a file with that extension; zstd with a content checksum, as the command line tool writes it."""
    if extension == ".zst":
        return zstandard.ZstdCompressor(level=1, write_checksum=True).compress(data)
    if extension == ".gz":
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        return packer.compress(data) + packer.flush()
    return _lzop(data) if extension == ".lzo" else data


def decompress(data: bytes, extension: str) -> tuple[bytes, list[str]]:
    """What could be read before the damage, and the complaints of the tool (none: the file is whole)."""
    if extension == ".zst":
        return _unzstd(data)
    if extension == ".gz":
        return _gunzip(data)
    return _unlzop(data) if extension == ".lzo" else (data, [])


def _unzstd(data: bytes) -> tuple[bytes, list[str]]:
    if not data:
        return b"", ["zstd: /*stdin*\\: unexpected end of file "]
    if data[:4] != _ZSTD_MAGIC:
        return b"", ["zstd: /*stdin*\\: unsupported format "]
    unpacker, out = zstandard.ZstdDecompressor().decompressobj(), bytearray()
    try:
        for at in range(0, len(data), 65536):
            out += unpacker.decompress(data[at : at + 65536])
    except zstandard.ZstdError as error:
        reason = str(error).removeprefix("zstd decompressor error: ").removeprefix("zstd decompress error: ")
        return bytes(out), [f"/*stdin*\\ : Decoding error (36) : {reason} "]
    if not unpacker.eof:
        return bytes(out), ["/*stdin*\\ : Read error (39) : premature end "]
    return bytes(out), []


def _gunzip(data: bytes) -> tuple[bytes, list[str]]:
    if data[:2] != _GZIP_MAGIC:
        return b"", ["", "gzip: stdin: not in gzip format" if data else "gzip: stdin: unexpected end of file"]
    unpacker, out = zlib.decompressobj(31), bytearray()
    try:
        for at in range(0, len(data), 65536):
            out += unpacker.decompress(data[at : at + 65536])
    except zlib.error as error:
        what = "crc error" if "incorrect data check" in str(error) else "format violated"
        return bytes(out), ["", f"gzip: stdin: invalid compressed data--{what}"]
    if not unpacker.eof:
        return bytes(out), ["", "gzip: stdin: unexpected end of file"]
    return bytes(out), []


def _lzop(data: bytes) -> bytes:
    """An lzop file of stored blocks, which the format allows where compression does not pay."""
    head = struct.pack(">HHHBBIIIIB", 0x1040, 0x20A0, 0x0940, 3, 1, 0x03000001, 0o100644, 0, 0, 0)
    blocks = bytearray()
    for at in range(0, len(data), _LZOP_BLOCK):
        block = data[at : at + _LZOP_BLOCK]
        blocks += struct.pack(">III", len(block), len(block), zlib.adler32(block)) + block
    return _LZOP_MAGIC + head + struct.pack(">I", zlib.adler32(head)) + bytes(blocks) + bytes(4)


def _unlzop(data: bytes) -> tuple[bytes, list[str]]:
    if not data.startswith(_LZOP_MAGIC):
        return b"", ["lzop: <stdin>: not a lzop file"]
    at, out = len(_LZOP_MAGIC) + 25 + 4, bytearray()
    while True:
        size = data[at : at + 4]
        if size == bytes(4):
            return bytes(out), []
        if len(size) < 4 or len(data) < at + 12 + int.from_bytes(size):
            return bytes(out), ["lzop: <stdin>: unexpected end of file"]
        length, _, checksum = struct.unpack_from(">III", data, at)
        block = data[at + 12 : at + 12 + length]
        if zlib.adler32(block) != checksum:
            return bytes(out), ["lzop: <stdin>: Checksum error"]
        out += block
        at += 12 + length
