"""zstd, gzip, lzop, tar and vma: what a node reads archives with."""

import os
from gzip import compress

from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command
from lab.pve import archives, vma
from lab.pve.compression import Damaged, decompress

STDIN = "/*stdin*\\"
TRAPPED = 128 + 5
"""How a program ends that gives up by raising SIGTRAP."""


@command("zstd", "unzstd", "zstdcat")
async def zstd(proc: Process, argv: list[str]) -> int:
    """Test (-t), list (-l), or unpack to standard output (-d -c) zstd files: -q."""
    given = Options(
        argv, "tldcqvfkT:", "test list decompress stdout quiet version", same="test=t list=l decompress=d stdout=c"
    )
    if "version" in given:
        await proc.out("*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***\n")
        return 0
    if not given.any("t", "l", "d") and argv[0].endswith("zstd") and not argv[0].endswith("unzstd"):
        raise BadUsage("the lab's zstd only tests, lists and unpacks")
    code = 0
    if "l" in given:
        await proc.out("Frames  Skips  Compressed  Uncompressed  Ratio  Check  Filename\n")
    for name in given.operands or ["-"]:
        try:
            data = await proc.read_file(name)
        except OSError as error:
            await proc.err(f"zstd: can't stat {name} : {os.strerror(error.errno or 5)} -- ignored ")
            code = 1
            continue
        plain, complaints = decompress(data, ".zst")
        if "l" in given:
            code = await _listed(proc, name, data, plain, complaints) or code
            continue
        if "t" not in given:
            await proc.out(plain)
        elif "q" not in given and not complaints:
            await proc.err(f"{name:<20}: {len(plain)} bytes ")
        for line in complaints:
            await proc.err(line if name == "-" else line.replace(STDIN, name))
        code = 1 if complaints else code
    return code


async def _listed(proc: Process, name: str, data: bytes, plain: bytes, complaints: list[str]) -> int:
    """A row of `zstd -l`, which goes from block to block and looks into none."""
    short = any("premature end" in line for line in complaints)
    if complaints and not short and "Decoding error" not in complaints[0]:
        await proc.out(f'File "{name}" not compressed by zstd \n')
        return 1
    if short:
        await proc.err(f'Error: could not read checksum \nError while parsing "{name}" ')
    sizes = f"{len(data):>10} B  {len(plain):>10} B  {len(plain) / max(1, len(data)):.3f}"
    await proc.out(f"{0 if short else 1:>6}      0  {sizes}  XXH64  {name}\n")
    return int(short)


@command("gzip", "gunzip", "zcat", "lzop")
async def gzip(proc: Process, argv: list[str]) -> int:
    """Test (-t) or unpack to standard output (-d -c) gzip and lzop files; gzip also packs to there (-c)."""
    given = Options(argv, "tdcqf", "test decompress stdout quiet", same="test=t decompress=d")
    name = given.operands[0] if given.operands else "-"
    unpacks = "d" in given or os.path.basename(argv[0]) in ("gunzip", "zcat")
    packs = "c" in given and os.path.basename(argv[0]) == "gzip"
    if "t" not in given and not unpacks and not packs:
        raise BadUsage(f"the lab's {argv[0]} only tests, and packs or unpacks to standard output")
    try:
        data = await proc.read_file(name)
    except OSError as error:
        return await proc.fail(name, error)
    if "t" not in given and not unpacks:
        await proc.out(compress(data, mtime=0))
        return 0
    plain, complaints = decompress(data, ".lzo" if argv[0].endswith("lzop") else ".gz")
    if "t" not in given:
        await proc.out(plain)
    for line in complaints:
        await proc.err(line or "\n")
    return int(bool(complaints))


@command("tar")
async def tar(proc: Process, argv: list[str]) -> int:
    """List a plain tar file: -t, -f FILE."""
    given = Options(argv, "tf:", "list file=", same="list=t file=f", code=2)
    if "t" not in given:
        raise BadUsage("the lab's tar only lists", 2)
    name = given.get("f", "-")
    try:
        entries = archives.unpack_plain(await proc.read_file(name))
    except OSError as error:
        await proc.err(f"tar: {name}: Cannot open: {os.strerror(error.errno or 5)}")
        return 2
    except Damaged as damage:
        await proc.err("\n".join(damage.lines))
        return 2
    await proc.out("".join(f"{entry.path}\n" for entry in entries))
    return 0


@command("vma")
async def vma_(proc: Process, argv: list[str]) -> int:
    """Read a machine's unpacked archive: `vma verify FILE`, `vma list FILE`, `vma config FILE`."""
    verb, *rest = argv[1:] or [""]
    given = Options(["vma", *rest], "vc:")
    if verb not in ("verify", "list", "config") or len(given.operands) != 1:
        await proc.err("usage: vma command [command options]\n\nvma list|config|create|extract|verify <filename>")
        return 1
    try:
        data = await proc.read_file(given.operands[0])
        header = vma.read_header(data)
        if verb == "verify":
            vma.read(data)
    except OSError as error:
        return await proc.fail(f"can't open file {given.operands[0]}", error)
    except vma.VmaError as error:
        await proc.err(f"** (process:{proc.pid}): ERROR **: {str(error).removeprefix('vma: ')}")
        return TRAPPED
    if verb == "config":
        await proc.out(header.configs.get(given.get("c", archives.VM_CONFIG), b""))
    if verb == "list":
        await proc.out("".join(f"CFG: size: {len(text)} name: {name}\n" for name, text in header.configs.items()))
        devices = header.devices.items()
        await proc.out("".join(f"DEV: dev_id={n} size: {one.size} devname: {one.name}\n" for n, one in devices))
    return 0
