"""Commands that read text and print some of it."""

import functools
import re
from collections.abc import Callable

from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command


async def inputs(proc: Process, names: list[str]) -> tuple[list[tuple[str, bytes]], int]:
    """(name, content) of every file argument, standard input when there is none; 1 when one could not be read."""
    found, code = [], 0
    for name in names or ["-"]:
        try:
            found.append((name, await proc.read_file(name)))
        except OSError as error:
            code = await proc.fail(name, error)
    return found, code


def lines_of(data: bytes) -> list[bytes]:
    """Lines without their line feeds."""
    lines = data.split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


async def put(proc: Process, lines: list[bytes]) -> None:
    """Write lines."""
    await proc.out(b"".join(line + b"\n" for line in lines))


def counted(argv: list[str]) -> list[str]:
    """The old spelling `-3` as `-n3`."""
    return [
        f"-n{w[1:]}" if re.fullmatch(r"-\d+", w) and before not in ("-n", "-c") else w
        for before, w in zip(["", *argv], argv, strict=False)
    ]


@command("head")
async def head(proc: Process, argv: list[str]) -> int:
    """The first lines (-n) or bytes (-c); reads no more than it needs."""
    given = Options(counted(argv), "n:c:qv", "lines= bytes=", same="lines=n bytes=c")
    count, code = given.number("c", 0) if "c" in given else given.number("n", 10), 0
    for name in given.operands or ["-"]:
        try:
            stream = proc.stdin.hold() if name == "-" else await proc.open(name)
        except OSError as error:
            code = await proc.fail(f"cannot open '{name}' for reading", error)
            continue
        try:
            if len(given.operands) > 1 and "q" not in given:
                await proc.out(f"==> {name} <==\n")
            if "c" in given:
                left = count
                while left > 0 and (piece := await stream.read(min(left, 65536))):
                    await proc.out(piece)
                    left -= len(piece)
            elif count < 0:
                await put(proc, lines_of(await stream.read())[:count])
            else:
                for _ in range(count):
                    line = await stream.readline()
                    if not line:
                        break
                    await proc.out(line)
        finally:
            stream.release()
    return code


@command("tail")
async def tail(proc: Process, argv: list[str]) -> int:
    """The last lines (-n, -n +N) or bytes (-c)."""
    given = Options(counted(argv), "n:c:q", "lines= bytes=", same="lines=n bytes=c")
    found, code = await inputs(proc, given.operands)
    text = given.get("c") or given.get("n", "10")
    count = given.number("c", 10) if "c" in given else given.number("n", 10)
    for name, data in found:
        if len(found) > 1:
            await proc.out(f"==> {name} <==\n")
        if "c" in given:
            await proc.out(data[count - 1 :] if text.startswith("+") else data[-abs(count) :] if count else b"")
        else:
            pieces = data.splitlines(keepends=True) if b"\r" not in data else [p + b"\n" for p in lines_of(data)]
            await proc.out(
                b"".join(pieces[count - 1 :] if text.startswith("+") else pieces[-abs(count) :] if count else [])
            )
    return code


@command("sort")
async def sort(proc: Process, argv: list[str]) -> int:
    """Sort lines by byte: -n, -r, -u, -k FIELD, -t SEP, -f."""
    given = Options(
        argv,
        "nruk:t:fVbho:",
        "numeric-sort reverse unique key= field-separator=",
        same="numeric-sort=n reverse=r unique=u key=k field-separator=t",
    )
    found, code = await inputs(proc, given.operands)
    key_spec = given.get("k")
    numeric = "n" in given or "n" in re.sub(r"[\d,.]", "", key_spec)
    start = int(re.match(r"\d+", key_spec)[0]) if re.match(r"\d+", key_spec) else 0  # type: ignore[index]
    separator = given.get("t").encode() or None

    def key(line: bytes) -> tuple[float, bytes]:
        part = line
        if start:
            words = line.split(separator)
            end = key_spec.partition(",")[2]
            stop = int(re.match(r"\d+", end)[0]) if re.match(r"\d+", end) else len(words)  # type: ignore[index]
            part = (separator or b" ").join(words[start - 1 : stop])
        part = part.lower() if "f" in given else part
        number = re.match(rb"\s*-?\d+(\.\d+)?", part)
        return (float(number[0]) if numeric and number else 0.0, b"" if numeric and start else part)

    lines = sorted((line for _, data in found for line in lines_of(data)), key=key, reverse=given.any("r"))
    if "u" in given:
        lines = [line for i, line in enumerate(lines) if i == 0 or key(line) != key(lines[i - 1])]
    if given.get("o"):
        proc.root.write(proc.path(given.get("o")), b"".join(line + b"\n" for line in lines))
    else:
        await put(proc, lines)
    return code


@command("uniq")
async def uniq(proc: Process, argv: list[str]) -> int:
    """Drop repeated neighbours: -c, -d, -u, -i."""
    given = Options(argv, "cdui")
    found, code = await inputs(proc, given.operands[:1])
    groups: list[list[bytes]] = []
    for line in lines_of(b"".join(data for _, data in found)):
        if groups and (groups[-1][0].lower() if "i" in given else groups[-1][0]) == (
            line.lower() if "i" in given else line
        ):
            groups[-1].append(line)
        else:
            groups.append([line])
    groups = [g for g in groups if not ("d" in given and len(g) < 2) and not ("u" in given and len(g) > 1)]
    await put(proc, [(b"%7d " % len(g) if "c" in given else b"") + g[0] for g in groups])
    return code


@command("wc")
async def wc(proc: Process, argv: list[str]) -> int:
    """Count lines, words, bytes: -l, -w, -c, -m."""
    given = Options(argv, "lwcm", "lines words bytes chars", same="lines=l words=w bytes=c chars=m")
    found, code = await inputs(proc, given.operands)
    counters: dict[str, Callable[[bytes], int]] = {
        "l": lambda d: d.count(b"\n"),
        "w": lambda d: len(d.split()),
        "m": lambda d: len(d.decode("utf-8", "replace")),
        "c": len,
    }
    chosen = [k for k in counters if k in given] or ["l", "w", "c"]
    rows = [([counters[k](data) for k in chosen], name) for name, data in found]
    if len(rows) > 1:
        rows.append(([sum(column) for column in zip(*(r[0] for r in rows), strict=True)], "total"))
    lonely = len(chosen) == 1 and len(rows) == 1
    width = 0 if lonely else len(str(sum(len(data) for _, data in found))) if given.operands else 7
    for numbers, name in rows:
        text = " ".join(str(n).rjust(width) for n in numbers)
        await proc.out(f"{text}{'' if not given.operands else ' ' + name}\n")
    return code


@command("cut")
async def cut(proc: Process, argv: list[str]) -> int:
    """Select fields (-f with -d), characters (-c) or bytes (-b) of lines."""
    given = Options(
        argv,
        "d:f:c:b:s",
        "delimiter= fields= characters= only-delimited output-delimiter= complement",
        same="delimiter=d fields=f characters=c only-delimited=s",
    )
    kind = given.last("f", "c", "b")
    if not kind:
        raise BadUsage("you must specify a list of bytes, characters, or fields")
    ranges = []
    for piece in given.get(kind).split(","):
        match = re.fullmatch(r"(\d*)(-?)(\d*)", piece)
        if not match or not (match[1] or match[3]):
            raise BadUsage(f"invalid field value '{piece}'")
        start = int(match[1] or 1)
        ranges.append((start, int(match[3]) if match[3] else 10**9 if match[2] else start))
    separator = given.get("d", "\t").encode()
    found, code = await inputs(proc, given.operands)
    out = []
    for line in (x for _, data in found for x in lines_of(data)):
        if kind == "f" and separator not in line:
            if "s" not in given:
                out.append(line)
            continue
        if kind == "f":
            parts: list[bytes] = line.split(separator)
        elif kind == "c":
            parts = [c.encode("utf-8", "surrogateescape") for c in line.decode("utf-8", "surrogateescape")]
        else:
            parts = [line[i : i + 1] for i in range(len(line))]
        kept = [p for i, p in enumerate(parts, 1) if any(a <= i <= b for a, b in ranges) != ("complement" in given)]
        glue = given.get("output-delimiter").encode() or separator if kind == "f" else b""
        out.append(glue.join(kept))
    await put(proc, out)
    return code


@functools.cache
def expand_set(text: str) -> str:
    """The characters of a tr set: ranges, escapes, classes."""
    text = re.sub(
        r"\[:(\w+):\]",
        lambda m: {
            "space": " \\t\\n\\r\\v\\f",
            "upper": "A-Z",
            "lower": "a-z",
            "digit": "0-9",
            "alpha": "A-Za-z",
            "alnum": "A-Za-z0-9",
            "blank": " \\t",
            "punct": "!-/:-@[-`{-~",
            "cntrl": "\\001-\\037",
            "xdigit": "0-9A-Fa-f",
            "print": " -~",
        }.get(m[1], ""),
        text,
    )
    chars: list[str] = []
    for match in re.finditer(r"\\([0-7]{1,3})|\\(.)|(.)-(?=.)|(.)", text, re.DOTALL):
        if match[1]:
            chars.append(chr(int(match[1], 8)))
        elif match[2]:
            chars.append({"n": "\n", "t": "\t", "r": "\r", "v": "\v", "f": "\f", "0": "\0"}.get(match[2], match[2]))
        elif match[3]:
            chars += [match[3], "\0-"]
        else:
            chars.append(match[4])
    out = ""
    for i, char in enumerate(chars):
        if char == "\0-":
            out += "".join(map(chr, range(ord(chars[i - 1]) + 1, ord(chars[i + 1]))))
        else:
            out += char
    return out


@command("tr")
async def tr(proc: Process, argv: list[str]) -> int:
    """Translate, delete (-d), squeeze (-s) characters, -c for the others."""
    given = Options(
        argv, "dscC", "delete squeeze-repeats complement", same="delete=d squeeze-repeats=s complement=c C=c", stop=True
    )
    sets = [expand_set(s) for s in given.operands]
    if not sets:
        raise BadUsage("missing operand")
    text = (await proc.stdin.read()).decode("utf-8", "surrogateescape")
    first = sets[0]

    def inside(char: str) -> bool:
        return (char in first) != ("c" in given)

    if "d" in given:
        text = "".join(c for c in text if not inside(c))
    elif len(sets) > 1:
        last = sets[1][-1:]
        table = {c: (sets[1][i] if i < len(sets[1]) else last) for i, c in reversed(list(enumerate(first)))}
        text = "".join((last if "c" in given else table[c]) if inside(c) else c for c in text)
    if "s" in given:
        squeezed = sets[-1]
        text = re.sub(
            r"(.)\1+",
            lambda m: m[1] if (m[1] in squeezed) != ("c" in given and len(sets) == 1) else m[0],
            text,
            flags=re.DOTALL,
        )
    await proc.out(text)
    return 0


@command("tac")
async def tac(proc: Process, argv: list[str]) -> int:
    """Lines in reverse."""
    found, code = await inputs(proc, argv[1:])
    for _, data in found:
        await put(proc, lines_of(data)[::-1])
    return code
