"""sha256sum and its like, base64, cmp, diff: comparing and encoding bytes."""

import base64
import difflib
import hashlib
import os

from lab.node.commands.text import inputs
from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command


@command("sha256sum", "sha1sum", "md5sum", "sha512sum")
async def checksum(proc: Process, argv: list[str]) -> int:
    """Print digests, or with -c compare them."""
    given = Options(argv, "cbt", "check quiet status", same="check=c")
    kind = os.path.basename(argv[0]).removesuffix("sum")
    found, code = await inputs(proc, given.operands)
    if "c" not in given:
        for name, data in found:
            await proc.out(f"{hashlib.new(kind, data).hexdigest()}  {name}\n")
        return code
    for line in b"".join(data for _, data in found).decode().splitlines():
        wanted, _, name = line.partition("  ")
        files, missing = await inputs(proc, [name])
        good = not missing and hashlib.new(kind, files[0][1]).hexdigest() == wanted
        code = code or int(not good)
        if "status" not in given and not (good and "quiet" in given):
            await proc.out(f"{name}: {'OK' if good else 'FAILED'}\n")
    return code


@command("base64")
async def base64_(proc: Process, argv: list[str]) -> int:
    """Encode, or with -d decode: -w COLUMNS."""
    given = Options(argv, "dw:i", "decode wrap= ignore-garbage", same="decode=d wrap=w")
    found, code = await inputs(proc, given.operands)
    for _, data in found:
        if "d" in given:
            try:
                await proc.out(base64.b64decode(b"".join(data.split()), validate=True))
            except ValueError:
                raise BadUsage("invalid input") from None
        else:
            text, width = base64.b64encode(data).decode(), given.number("w", 76)
            rows = [text[i : i + width] for i in range(0, len(text), width)] if width else [text]
            await proc.out("\n".join(rows) + ("\n" if width and rows else ""))
    return code


@command("cmp")
async def cmp(proc: Process, argv: list[str]) -> int:
    """Compare two files byte by byte: -s."""
    given = Options(argv, "sl", "silent quiet", same="silent=s quiet=s", code=2)
    found, trouble = await inputs(proc, [*given.operands, "-"][:2])
    if trouble:
        return 2
    (one, a), (two, b) = found
    if a == b:
        return 0
    if "s" not in given:
        at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
        if at == min(len(a), len(b)):
            await proc.err(f"cmp: EOF on {one if len(a) < len(b) else two} after byte {at}")
        else:
            await proc.out(f"{one} {two} differ: byte {at + 1}, line {a[:at].count(10) + 1}\n")
    return 1


@command("diff")
async def diff(proc: Process, argv: list[str]) -> int:
    """Differences of two files, always in unified form: -u, -q."""
    given = Options(argv, "uqrNbwB", "brief unified", same="brief=q unified=u", code=2)
    if len(given.operands) != 2:
        raise BadUsage("missing operand", 2)
    found, trouble = await inputs(proc, given.operands)
    if trouble:
        return 2
    (one, a), (two, b) = found
    if a == b:
        return 0
    if "q" in given:
        await proc.out(f"Files {one} and {two} differ\n")
        return 1
    before, after = (d.decode("utf-8", "surrogateescape").splitlines(keepends=True) for d in (a, b))
    for line in difflib.unified_diff(before, after, one, two):
        await proc.out(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return 1
