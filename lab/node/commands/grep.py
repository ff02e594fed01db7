"""grep, and the translation of POSIX regular expressions."""

import re

from lab.node import trees
from lab.node.commands.text import inputs, lines_of
from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command
from lab.node.shell.patterns import CLASSES


def posix(pattern: str, *, extended: bool) -> str:
    """A POSIX regular expression (basic unless `extended`) as Python writes it."""
    out, at = "", 0
    while at < len(pattern):
        char, following = pattern[at], pattern[at + 1 : at + 2]
        at += 1
        if char == "[" and (match := re.compile(r"(\^?\]?(?:\[[:.=]\w+[:.=]\]|[^\]])*)\]").match(pattern, at)):
            body = re.sub(r"\[:(\w+):\]", lambda m: CLASSES.get(m[1], ""), match[1].replace("\\", "\\\\"))
            body = re.sub(r"^(\^?)\]", r"\1\\]", body).replace("[", "\\[")
            out, at = out + f"[{body}]", match.end()
        elif char == "\\" and following:
            at += 1
            if following in "(){}|+?" and not extended:
                out += following
            elif following in "<>":
                out += r"\b"
            elif following in "wWsSbB123456789":
                out += "\\" + following
            else:
                out += re.escape(following)
        elif char in "(){}|+?" and not extended:
            out += "\\" + char
        elif char == "*" and (out in ("", "^") or out.endswith("(")):
            out += r"\*"
        elif char == "$" and not extended and at < len(pattern) and not pattern.startswith("\\)", at):
            out += r"\$"
        elif char == "^" and not extended and out and not out.endswith("("):
            out += r"\^"
        elif char == "{" and not re.match(r"\d+(,\d*)?\}", pattern[at:]):
            out += r"\{"
        else:
            out += char
    return out


def compiled(pattern: str, flags: int = 0, *, extended: bool = False) -> re.Pattern[str]:
    """The compiled expression; raises BadUsage."""
    try:
        return re.compile(posix(pattern, extended=extended), flags)
    except re.error as error:
        raise BadUsage(f"Invalid regular expression: {error}", 2) from error


@command("grep", "egrep", "fgrep")
async def grep(proc: Process, argv: list[str]) -> int:
    """Lines that match: -E -F -q -c -v -i -n -l -L -o -x -w -s -h -H -e -r -m."""
    given = Options(
        argv,
        "EFPGqcvinlLoxwshHe:rRm:A:B:C:af:",
        "extended-regexp fixed-strings quiet count invert-match "
        "ignore-case line-number files-with-matches only-matching line-regexp word-regexp no-messages regexp= "
        "recursive max-count= color= no-filename",
        code=2,
        same="extended-regexp=E fixed-strings=F quiet=q count=c invert-match=v ignore-case=i line-number=n "
        "files-with-matches=l only-matching=o line-regexp=x word-regexp=w no-messages=s regexp=e recursive=r R=r "
        "max-count=m no-filename=h",
    )
    operands, wanted = list(given.operands), given.all("e")
    if "f" in given:
        wanted += (await proc.read_file(given.get("f"))).decode("utf-8", "surrogateescape").splitlines()
    elif not wanted:
        if not operands:
            raise BadUsage("Usage: grep [OPTION]... PATTERNS [FILE]...", 2)
        wanted = operands.pop(0).split("\n")
    expression = _expression(given, wanted, argv[0])
    if "r" in given:
        operands = [
            p for name in operands or ["."] for p, s in trees.walk(proc.root, proc.path(name)) if s.st_mode & 0o100000
        ]
    if "s" in given:
        operands = [n for n in operands if n == "-" or proc.root.isfile(proc.path(n))] or (
            ["/dev/null"] if operands else []
        )
    found, trouble = await inputs(proc, operands)
    hit = False
    named = (len(operands) > 1 or given.any("H", "r")) and "h" not in given
    for name, data in found:
        hit = await _search(proc, given, expression, f"{name}:" if named else "", name, data) or hit
        if hit and "q" in given:
            return 0
    return 2 if trouble else int(not hit)


def _expression(given: Options, wanted: list[str], name: str) -> re.Pattern[str]:
    fixed, extended = given.any("F") or name == "fgrep", given.any("E", "P") or name == "egrep"
    parts = [re.escape(p) if fixed else p if "P" in given else posix(p, extended=extended) for p in wanted]
    joined = "|".join(f"(?:{p})" for p in parts)
    if "x" in given:
        joined = f"^(?:{joined})$"
    if "w" in given:
        joined = rf"(?<!\w)(?:{joined})(?!\w)"
    try:
        return re.compile(joined, re.IGNORECASE if "i" in given else 0)
    except re.error as error:
        raise BadUsage(f"Invalid regular expression: {error}", 2) from error


async def _search(
    proc: Process, given: Options, expression: re.Pattern[str], prefix: str, name: str, data: bytes
) -> bool:
    count, out = 0, ""
    limit = given.number("m", 10**9)
    lines = [line.decode("utf-8", "surrogateescape") for line in lines_of(data)]
    before, after = (given.number(k, given.number("C", 0)) for k in ("B", "A"))
    shown: set[int] = set()
    for number, line in enumerate(lines):
        if (expression.search(line) is not None) == ("v" in given) or count >= limit:
            continue
        count += 1
        if "o" in given:
            out += "".join(f"{prefix}{m[0]}\n" for m in expression.finditer(line) if m[0])
        else:
            shown |= set(range(max(0, number - before), min(len(lines), number + after + 1)))
    for number in sorted(shown):
        label = f"{number + 1}:" if "n" in given else ""
        out += f"{prefix}{label}{lines[number]}\n"
    if "q" in given:
        return count > 0
    if "c" in given:
        out = f"{prefix}{count}\n"
    elif "l" in given or "L" in given:
        out = f"{name}\n" if (count > 0) == ("l" in given) else ""
    await proc.out(out)
    return count > 0
