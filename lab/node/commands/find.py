"""find: walks a tree and tests, prints, removes or hands on what it meets."""

import re
import stat
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import cast

from lab.node.commands.date import moment
from lab.node.commands.listing import GROUP_NAMES, USER_NAMES
from lab.node.found import TYPES, Found, printed
from lab.node.options import BadUsage
from lab.node.process import Process
from lab.node.registry import command

ACTIONS = ("-print", "-print0", "-printf", "-delete", "-exec", "-quit", "-ls")
SIZES = {"c": 1, "w": 2, "b": 512, "": 512, "k": 1024, "M": 2**20, "G": 2**30}
BLOCK = 500
"""Prints that are put together."""
Terms = list[tuple[bool, str, object]]
"""Tests and actions that must all hold: negated, word, argument."""


class Done(Exception):
    """-quit."""


class Expression:
    """The expression of one find; every test and action in order, `-o` and `!` and parentheses included."""

    def __init__(self, proc: Process, words: list[str]) -> None:
        """Read the words after the starting points; raises BadUsage."""
        self.proc, self.words = proc, list(words)
        self.max_depth, self.min_depth, self.mount, self.depth_first = (
            10**6,
            0,
            False,
            "-delete" in words or "-depth" in words,
        )
        self.alternatives = self._alternatives()
        if self.words:
            raise BadUsage(f"paths must precede expression: `{self.words[0]}'")
        self.acts = any(w in ACTIONS for w in words)
        self.batches: dict[int, list[str]] = {}
        self.pruned: set[str] = set()
        self.said: list[str] = []

    def _alternatives(self) -> list[Terms]:
        groups: list[Terms] = [[]]
        while self.words and self.words[0] not in (")", "\\)"):
            word = self.words.pop(0)
            if word in ("-o", "-or"):
                groups.append([])
                continue
            negate = False
            while word in ("!", "-not"):
                negate, word = not negate, self.words.pop(0)
            term = self._term(word)
            if term:
                groups[-1].append((negate, *term))
        return groups

    def _term(self, word: str) -> tuple[str, object] | None:
        if word in ("-a", "-and", "-depth", "-noleaf"):
            return None
        if word in ("-xdev", "-mount"):
            self.mount = True
            return None
        if word == "(":
            inner = self._alternatives()
            if not self.words:
                raise BadUsage("invalid expression; expected to find a ')'")
            self.words.pop(0)
            return "(", inner
        if word in ("-maxdepth", "-mindepth"):
            value = int(self._argument(word))
            self.max_depth, self.min_depth = (value, self.min_depth) if word == "-maxdepth" else (self.max_depth, value)
            return None
        if word in ("-print", "-print0", "-delete", "-quit", "-prune", "-empty", "-true", "-ls"):
            return word, None
        if word == "-exec":
            ends = [i for i, w in enumerate(self.words) if w in (";", "+")]
            if not ends:
                raise BadUsage("missing argument to `-exec'")
            argv, end = self.words[: ends[0]], self.words[ends[0]]
            del self.words[: ends[0] + 1]
            return "-exec+" if end == "+" else "-exec", argv
        if word in (
            "-name",
            "-iname",
            "-path",
            "-wholename",
            "-regex",
            "-type",
            "-newer",
            "-newermt",
            "-size",
            "-mtime",
            "-mmin",
            "-perm",
            "-user",
            "-group",
            "-printf",
            "-links",
            "-inum",
        ):
            return word, self._argument(word)
        raise BadUsage(f"unknown predicate `{word}'")

    def _argument(self, word: str) -> str:
        if not self.words:
            raise BadUsage(f"missing argument to `{word}'")
        return self.words.pop(0)

    async def holds(self, found: Found, alternatives: list[Terms] | None = None) -> bool:
        """Test and act on one file."""
        for terms in self.alternatives if alternatives is None else alternatives:
            for negate, word, argument in terms:
                if await self._term_holds(found, word, argument) == negate:
                    break
            else:
                return True
        return False

    async def _term_holds(self, found: Found, word: str, argument: object) -> bool:
        if word == "(":
            return await self.holds(found, cast("list[Terms]", argument))
        if word.removesuffix("+") in ACTIONS:
            return await self._act(found, word, argument)
        return self._test(found, word, str(argument))

    def _test(self, found: Found, word: str, argument: str) -> bool:
        shown, path, _, attributes, _ = found
        name = shown.rstrip("/").rpartition("/")[2] or "/"
        tests: dict[str, Callable[[], bool]] = {
            "-name": lambda: fnmatchcase(name, argument),
            "-iname": lambda: fnmatchcase(name.lower(), argument.lower()),
            "-path": lambda: fnmatchcase(shown, argument),
            "-wholename": lambda: fnmatchcase(shown, argument),
            "-regex": lambda: re.fullmatch(argument, shown) is not None,
            "-true": lambda: True,
            "-prune": lambda: self._prune(path),
            "-type": lambda: stat.S_IFMT(attributes.st_mode) in [TYPES.get(t) for t in argument.split(",")],
            "-newer": lambda: attributes.st_mtime > self.proc.root.stat(self.proc.path(argument)).st_mtime,
            "-newermt": lambda: attributes.st_mtime > moment(self.proc, argument),
            "-size": lambda: self._size(argument, attributes.st_size),
            "-mtime": lambda: self._age(argument, attributes.st_mtime, 86400),
            "-mmin": lambda: self._age(argument, attributes.st_mtime, 60),
            "-perm": lambda: self._mode(argument, attributes.st_mode & 0o7777),
            "-user": lambda: argument in (str(attributes.st_uid), USER_NAMES.get(attributes.st_uid)),
            "-group": lambda: argument in (str(attributes.st_gid), GROUP_NAMES.get(attributes.st_gid)),
            "-links": lambda: _compare(argument, attributes.st_nlink),
            "-inum": lambda: argument == str(attributes.st_ino),
            "-empty": lambda: (
                not self.proc.root.listdir(path) if stat.S_ISDIR(attributes.st_mode) else attributes.st_size == 0
            ),
        }
        return tests[word]()

    def _prune(self, path: str) -> bool:
        self.pruned.add(path)
        return True

    def _size(self, text: str, size: int) -> bool:
        unit = SIZES.get(text[-1] if not text[-1].isdigit() else "", 512)
        return _compare(text.rstrip("cwbkMG"), -(-size // unit))

    def _age(self, text: str, mtime: float, unit: int) -> bool:
        return _compare(text, int((self.proc.clock.now() - mtime) // unit))

    def _mode(self, text: str, mode: int) -> bool:
        bits = int(text.lstrip("-/"), 8)
        return mode & bits == bits if text[0] == "-" else bool(mode & bits) if text[0] == "/" else mode == bits

    async def _act(self, found: Found, word: str, argument: object) -> bool:
        shown, path, _, attributes, depth = found
        if word == "-quit":
            raise Done
        if word == "-delete":
            if depth or not stat.S_ISDIR(attributes.st_mode):
                (self.proc.root.rmdir if stat.S_ISDIR(attributes.st_mode) else self.proc.root.unlink)(path)
            return True
        if word == "-exec":
            assert isinstance(argument, list)
            await self.flush()
            return await self.proc.run([w.replace("{}", shown) for w in argument]) == 0
        if word == "-exec+":
            assert isinstance(argument, list)
            self.batches.setdefault(id(argument), list(argument)).insert(-1, shown)
            return True
        if word == "-printf":
            await self.say(printed(self.proc, str(argument), found))
        else:
            await self.say(shown + ("\0" if word == "-print0" else "\n"))
        return True

    async def say(self, text: str) -> None:
        """Print, a block at a time as stdio does."""
        self.said.append(text)
        if len(self.said) == BLOCK:
            await self.flush()

    async def flush(self) -> None:
        """Print what is still held back."""
        said, self.said = "".join(self.said), []
        if said:
            await self.proc.out(said)


def _compare(text: str, value: int) -> bool:
    wanted = int(text.lstrip("+-"))
    return value > wanted if text[0] == "+" else value < wanted if text[0] == "-" else value == wanted


@command("find")
async def find(proc: Process, argv: list[str]) -> int:
    """Walk trees; symlinks are not followed; -xdev stays on one filesystem."""
    words = argv[1:]
    while words and words[0] in ("-H", "-L", "-P"):
        words.pop(0)
    starts = []
    while words and not words[0].startswith("-") and words[0] not in ("(", "!"):
        starts.append(words.pop(0))
    expression, code = Expression(proc, words), 0
    try:
        for start in starts or ["."]:
            code = await _start(expression, start) or code
    except Done:
        pass
    finally:
        await expression.flush()
    for batch in expression.batches.values():
        code = await proc.run([w for w in batch if w != "{}"]) or code
    return code


async def _start(expression: Expression, start: str) -> int:
    """Walk from one starting point."""
    proc = expression.proc
    path = proc.path(start)
    try:
        await proc.reach(path, follow=False)
        attributes = proc.root.stat(path, follow=False)
    except OSError as error:
        await expression.flush()
        return await proc.fail(f"'{start}'", error)
    return await _walk(expression, (start, path, start, attributes, 0))


async def _visit(expression: Expression, found: Found) -> None:
    """Test and act on one file, and print it where nothing else was asked for."""
    if found[4] >= expression.min_depth and await expression.holds(found) and not expression.acts:
        await expression.say(found[0] + "\n")


async def _walk(expression: Expression, found: Found) -> int:
    shown, path, start, attributes, depth = found
    proc, code = expression.proc, 0
    if not expression.depth_first:
        await _visit(expression, found)
    if stat.S_ISDIR(attributes.st_mode) and depth < expression.max_depth and path not in expression.pruned:
        try:
            await proc.reach(path, follow=False)
            entries = proc.root.entries(path)
        except OSError as error:
            return await proc.fail(f"'{shown}'", error)
        for name, inside in entries:
            below = f"{path.rstrip('/')}/{name}"
            if expression.mount and proc.root.is_mountpoint(below):
                continue
            met: Found = (f"{shown.rstrip('/')}/{name}", below, start, inside, depth + 1)
            if stat.S_ISDIR(inside.st_mode):
                code = await _walk(expression, met) or code
            else:
                await _visit(expression, met)
    if expression.depth_first:
        await _visit(expression, found)
    return code
