"""What each program says about its own commands: one text file a program, a line a command, groups apart."""

import re
from functools import cache
from pathlib import Path

_POSITION = re.compile(r"(\[?)<([\w-]+)>\]?")


@cache
def lines(program: str) -> list[str]:
    """The lines of a program without its name, empty ones between groups."""
    return (Path(__file__).parent / f"{program}.txt").read_text(encoding="utf-8").splitlines()


def taken_apart(line: str) -> tuple[str, str]:
    """The words of a command ("disk move") and what follows them; a second blank before options stays with those."""
    match = re.match(r"((?:[a-z][a-z-]*(?: |$))*)(.*)", line)
    return (match[1].strip(), match[2]) if match else ("", line)


@cache
def commands(program: str) -> dict[str, str]:
    """The commands of a program by their words, with what follows them."""
    return dict(taken_apart(line) for line in lines(program) if line)


def short(program: str, words: str) -> str:
    """The line about one command: `pvesm list <storage> [OPTIONS]`."""
    return " ".join([program, *([words] if words else []), commands(program)[words]])


def positions(program: str, words: str) -> tuple[list[str], list[str]]:
    """Names of the words a command must have, and of those it may have behind them."""
    found = _POSITION.findall(commands(program)[words].partition("--")[0])
    return [name for bracket, name in found if not bracket], [name for bracket, name in found if bracket]


def whole(program: str) -> str:
    """All that is said where a command is missing or unknown, line feed at its end included."""
    body = "".join(f"       {short(program, taken_apart(line)[0])}\n" if line else "\n" for line in lines(program))
    return f"USAGE: {program} <COMMAND> [ARGS] [OPTIONS]\n\n{body}"
