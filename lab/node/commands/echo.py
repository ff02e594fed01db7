"""echo, printf, true, false, yes, seq: commands that only say something."""

import re

from lab.node.process import Process
from lab.node.registry import command

ESCAPES = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
PIECE = 4096
"""How much endless talkers say at once."""
ESCAPE = re.compile(r"\\(0[0-7]{0,3}|[0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)", re.DOTALL)
DIRECTIVE = re.compile(r"%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?([diouxXcsbqeEfgG%])")


def unescape(text: str) -> tuple[str, bool]:
    """Text with backslash escapes replaced, and whether `\\c` cut it off."""
    cut = re.search(r"(?<!\\)(?:\\\\)*\\c", text)
    if cut:
        text = text[: cut.end() - 2]

    def one(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "01234567":
            return (
                chr(int(code, 8) & 255)
                if int(code, 8) < 128
                else bytes([int(code, 8) & 255]).decode("utf-8", "surrogateescape")
            )
        if code[0] == "x" and len(code) > 1:
            return bytes([int(code[1:], 16)]).decode("utf-8", "surrogateescape")
        return ESCAPES.get(code, match[0])

    return ESCAPE.sub(one, text), cut is not None


@command("echo")
async def echo(proc: Process, argv: list[str]) -> int:
    """Echo as bash and coreutils have it: -n, -e, -E."""
    words, newline, escapes = argv[1:], True, False
    while words and re.fullmatch("-[neE]+", words[0]):
        option = words.pop(0)
        newline = newline and "n" not in option
        escapes = (escapes or "e" in option) and not option.endswith("E")
    text, cut = unescape(" ".join(words)) if escapes else (" ".join(words), False)
    await proc.out(text + ("\n" if newline and not cut else ""))
    return 0


@command("dash-echo")
async def dash_echo(proc: Process, argv: list[str]) -> int:
    """Echo as dash has it: -n only, escapes always."""
    words = argv[1:]
    newline = words[:1] != ["-n"]
    text, cut = unescape(" ".join(words if newline else words[1:]))
    await proc.out(text + ("\n" if newline and not cut else ""))
    return 0


@command("printf")
async def printf(proc: Process, argv: list[str]) -> int:
    """Printf of the shell: the format is used again until the arguments are used up."""
    words = argv[2:] if argv[1:2] == ["--"] else argv[1:]
    if not words:
        await proc.err("printf: usage: printf format [arg ...]")
        return 2
    form, arguments = words[0], words[1:]
    out, code, stop = "", 0, False
    while not stop:
        before = len(arguments)
        piece, code_now, stop = await _format(proc, form, arguments)
        out, code = out + piece, code or code_now
        if not arguments or len(arguments) == before:
            break
    await proc.out(out)
    return code


async def _format(proc: Process, form: str, arguments: list[str]) -> tuple[str, int, bool]:
    out, at, code = "", 0, 0
    while at < len(form):
        if form[at] == "\\":
            match = ESCAPE.match(form, at)
            if form[at + 1 : at + 2] == "c":
                return out, code, True
            out += unescape(match[0])[0] if match else "\\"
            at = match.end() if match else at + 1
            continue
        directive = DIRECTIVE.match(form, at) if form[at] == "%" else None
        if directive is None:
            out += form[at]
            at += 1
            continue
        at = directive.end()
        text, wrong, stop = await _convert(proc, directive, arguments)
        out, code = out + text, code or wrong
        if stop:
            return out, code, True
    return out, code, False


async def _convert(proc: Process, directive: re.Match[str], arguments: list[str]) -> tuple[str, int, bool]:
    flags, kind = directive[1], directive[4]
    if kind == "%":
        return "%", 0, False
    width = (arguments.pop(0) if arguments else "0") if directive[2] == "*" else directive[2] or ""
    precision = (arguments.pop(0) if arguments else "0") if directive[3] == "*" else directive[3]
    value = arguments.pop(0) if arguments else ""
    spec = f"%{flags}{width}" + (f".{precision}" if precision is not None else "")
    if kind == "b":
        text, cut = unescape(value)
        return (spec + "s") % text, 0, cut
    if kind == "c":
        return (spec + "s") % value[:1], 0, False
    if kind in "sq":
        quoted = (
            value if kind == "s" or re.fullmatch(r"[\w./=:@%+-]+", value) else "'" + value.replace("'", "'\\''") + "'"
        )
        return (spec + "s") % quoted, 0, False
    if kind in "eEfgG":
        return (spec + kind) % float(value or 0), 0, False
    try:
        number = ord(value[1]) if value[:1] in ("'", '"') and len(value) > 1 else _integer(value)
        wrong = 0
    except ValueError:
        await proc.err(f"printf: {value}: expected numeric value")
        match = re.match(r"\s*[-+]?\d+", value)
        number, wrong = int(match[0]) if match else 0, 1
    return (spec + ("d" if kind in "iu" else kind)) % number, wrong, False


def _integer(text: str) -> int:
    text = text.strip() or "0"
    octal = re.fullmatch(r"[-+]?0[0-7]+", text)
    return int(text, 8 if octal else 0)


@command("true")
async def true(proc: Process, argv: list[str]) -> int:
    """Succeed."""
    return 0


@command("false")
async def false(proc: Process, argv: list[str]) -> int:
    """Fail."""
    return 1


@command("yes")
async def yes(proc: Process, argv: list[str]) -> int:
    """Say `y` until nobody listens."""
    line = (" ".join(argv[1:]) or "y") + "\n"
    while True:
        await proc.out(line * (PIECE // len(line) + 1))


@command("seq")
async def seq(proc: Process, argv: list[str]) -> int:
    """Count: seq [-s SEP] [-w] [FIRST [STEP]] LAST."""
    words, separator = argv[1:], "\n"
    while words and (match := re.fullmatch(r"-s(.*)|-w|--separator=(.*)", words[0])):
        option = words.pop(0)
        if option != "-w":
            separator = match[1] or match[2] or words.pop(0)
    if not words or not all(re.fullmatch(r"-?\d+", w) for w in words) or len(words) > 3:
        return await proc.fail("invalid argument", f"'{(words or [''])[-1]}'")
    numbers = [int(w) for w in words]
    first, step, last = (
        (1, 1, numbers[0])
        if len(numbers) == 1
        else (numbers[0], 1, numbers[1])
        if len(numbers) == 2
        else (numbers[0], numbers[1], numbers[2])
    )
    if step == 0:
        return await proc.fail("invalid Zero increment value", f"'{words[1]}'")
    numbers_up = range(first, last + (1 if step > 0 else -1), step)
    for at in range(0, len(numbers_up), PIECE):
        await proc.out((separator if at else "") + separator.join(map(str, numbers_up[at : at + PIECE])))
    if numbers_up:
        await proc.out("\n")
    return 0
