"""The builtins `read` and `getopts`, which take input apart into variables."""

from typing import TYPE_CHECKING

from lab.node.shell.flow import ShellError

if TYPE_CHECKING:
    from lab.node.shell.interpreter import Shell


async def read(shell: "Shell", words: list[str]) -> int:
    """`read [-r] [-d C] name...`: one line, split at IFS; 1 at the end of input."""
    arguments, raw, end = list(words[1:]), False, b"\n"
    while arguments and arguments[0].startswith("-") and len(arguments[0]) > 1:
        option = arguments.pop(0)
        raw = raw or "r" in option
        if option.endswith("d"):
            end = arguments.pop(0).encode()[:1] or b"\0"
        elif option[-1] in "pntu" and option[-1] != "r":
            arguments.pop(0)
    if not arguments and not shell.bash:
        raise ShellError("read: arg count")
    text, complete = await _line(shell, raw, end)
    names = arguments or ["REPLY"]
    for name, value in zip(names, _split(text, shell.ifs, len(names)), strict=True):
        shell.assign(name, value)
    return 0 if complete else 1


async def _line(shell: "Shell", raw: bool, end: bytes) -> tuple[list[tuple[str, bool]], bool]:
    """Characters with whether each was quoted, and whether the line was ended."""
    collected, complete = bytearray(), False
    stdin = shell.process.stdin
    while True:
        piece = await (stdin.readline() if end == b"\n" else stdin.read(1))
        if not piece:
            break
        complete = piece.endswith(end)
        collected += piece[:-1] if complete else piece
        if complete:
            slashes = len(collected) - len(collected.rstrip(b"\\"))
            if raw or slashes % 2 == 0:
                break
            del collected[-1:]
            complete = False
    characters: list[tuple[str, bool]] = []
    text, quoted = collected.decode("utf-8", "surrogateescape"), False
    for char in text:
        if char == "\\" and not raw and not quoted:
            quoted = True
        else:
            characters.append((char, quoted))
            quoted = False
    return characters, complete


def _split(text: list[tuple[str, bool]], ifs: str, count: int) -> list[str]:
    blank = [c for c in ifs if c in " \t\n"]

    def is_blank(item: tuple[str, bool]) -> bool:
        return item[0] in blank and not item[1]

    values: list[str] = []
    rest = list(text)
    while rest and is_blank(rest[0]):
        rest.pop(0)
    while rest and len(values) < count - 1:
        value = ""
        while rest and (rest[0][1] or rest[0][0] not in ifs):
            value += rest.pop(0)[0]
        values.append(value)
        while rest and is_blank(rest[0]):
            rest.pop(0)
        if rest and not rest[0][1] and rest[0][0] in ifs:
            rest.pop(0)
            while rest and is_blank(rest[0]):
                rest.pop(0)
    while rest and is_blank(rest[-1]):
        rest.pop()
    last = "".join(c for c, _ in rest)
    if last and not rest[-1][1] and last[-1] in ifs and not any(c in ifs and not q for c, q in rest[:-1]):
        last = last[:-1]
    return [*values, last, *[""] * (count - len(values) - 1)]


async def getopts(shell: "Shell", words: list[str]) -> int:
    """`getopts OPTSTRING name [args]`: the next option letter; 1 after the last."""
    if len(words) < 3:
        raise ShellError("getopts: Usage: getopts optstring var [arg]")
    spec, name, args = words[1], words[2], words[3:] or shell.args
    index, place = int(shell.get("OPTIND") or 1), shell.option_place
    word = args[index - 1] if index <= len(args) else ""
    if place == 0 and (len(word) < 2 or word[0] != "-" or word == "--"):
        shell.assign("OPTIND", str(index + (word == "--")))
        shell.assign(name, "?")
        return 1
    place = place or 1
    letter, place = word[place], place + 1
    shell.unset("OPTARG")
    at = spec.lstrip(":").find(letter)
    if at < 0 or letter == ":":
        if spec.startswith(":"):
            shell.assign("OPTARG", letter)
        else:
            await shell.process.err(f"Illegal option -{letter}")
        letter = "?"
    elif spec.lstrip(":")[at + 1 : at + 2] == ":":
        if place < len(word):
            shell.assign("OPTARG", word[place:])
        elif index < len(args):
            index += 1
            shell.assign("OPTARG", args[index - 1])
        else:
            if spec.startswith(":"):
                shell.assign("OPTARG", letter)
                letter = ":"
            else:
                await shell.process.err(f"No arg for -{letter} option")
                letter = "?"
        place = len(word)
    if place >= len(word):
        index, place = index + 1, 0
    shell.option_place = place
    shell.assign("OPTIND", str(index))
    shell.assign(name, letter)
    return 0
