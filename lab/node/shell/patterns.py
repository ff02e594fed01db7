"""Shell patterns: matching text, and finding names in the node's directories."""

import re
from functools import lru_cache

from lab.node.process import Process

CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
}


@lru_cache(maxsize=512)
def regex(pattern: str) -> str:
    """The regular expression for a pattern in which a backslash quotes the next character."""
    out, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "\\" and at < len(pattern):
            out += re.escape(pattern[at])
            at += 1
        elif char == "*":
            out += ".*" if not out.endswith(".*") else ""
        elif char == "?":
            out += "."
        elif char == "[" and (match := re.compile(r"([!^]?)(\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]").match(pattern, at)):
            body = re.sub(r"\[:(\w+):\]", lambda m: CLASSES.get(m[1], ""), match[2].replace("[[", "[\\["))
            body = re.sub(r"(?<!\\)\[", r"\\[", body)
            if body.startswith("]"):
                body = "\\" + body
            out += f"[{'^' if match[1] else ''}{body}]"
            at = match.end()
        else:
            out += re.escape(char)
    return out


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text fits the pattern."""
    try:
        return re.fullmatch(regex(pattern), text, re.DOTALL) is not None
    except re.error:
        return pattern == text


def quote(text: str) -> str:
    """The pattern that fits exactly `text`."""
    return re.sub(r"([\\*?\[\]])", r"\\\1", text)


def unquote(pattern: str) -> str:
    """The text of a pattern without its quoting backslashes."""
    return re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL)


def is_pattern(pattern: str) -> bool:
    """Whether anything but literal characters is in it."""
    return re.search(r"[*?\[]", re.sub(r"\\.", "", pattern, flags=re.DOTALL)) is not None


async def expand(process: Process, pattern: str) -> list[str]:
    """Names that fit a pattern, sorted; empty when none does. Waits for a silent server as opendir(3) does."""
    found = ["/"] if pattern.startswith("/") else [""]
    parts = [p for p in pattern.split("/") if p]
    for depth, part in enumerate(parts):
        last = depth == len(parts) - 1
        below: list[str] = []
        for folder in found:
            below += await _below(process, folder, part, last)
        found = below
    return sorted(found)


async def _below(process: Process, folder: str, part: str, last: bool) -> list[str]:
    where = process.path(folder or ".")
    try:
        await process.reach(where)
        if not is_pattern(part):
            names = [unquote(part)] if process.root.exists(f"{where.rstrip('/')}/{unquote(part)}", follow=False) else []
        else:
            hidden = part.startswith((".", "\\."))
            names = [n for n in process.root.listdir(where) if (hidden or not n.startswith(".")) and matches(part, n)]
        return [
            folder + name + ("" if last else "/")
            for name in names
            if last or process.root.isdir(f"{where.rstrip('/')}/{name}")
        ]
    except OSError:
        return []
