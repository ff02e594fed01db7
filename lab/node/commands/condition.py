"""test and [: conditions on files, texts and numbers."""

import re
import stat

from lab.node.inodes import Stat
from lab.node.process import Process
from lab.node.registry import command

UNARY = set("abcdefghknoprstuwxzGLNOS")
BINARY = {"=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"}


class BadTest(Exception):
    """An expression that makes no sense; the text says why."""


@command("test", "[")
async def test(proc: Process, argv: list[str]) -> int:
    """0 when the expression is true, 1 when it is false, 2 when it makes no sense."""
    words = argv[1:]
    name = argv[0]
    if name == "[":
        if not words or words[-1] != "]":
            await proc.err("[: missing ]")
            return 2
        words = words[:-1]
    try:
        expression = Expression(proc, words)
        value = await expression.whole()
    except BadTest as error:
        await proc.err(f"{name}: {error}")
        return 2
    return 0 if value else 1


class Expression:
    """The words of one test, taken from the front."""

    def __init__(self, proc: Process, words: list[str]) -> None:
        """An expression over `words`, with files looked up by `proc`."""
        self.proc, self.words = proc, list(words)

    async def whole(self) -> bool:
        """The value by the number of words, as POSIX decides it."""
        words = self.words
        match len(words):
            case 0:
                return False
            case 1:
                return words[0] != ""
            case 2 if words[0] == "!":
                return words[1] == ""
            case 3 if words[1] in BINARY:
                return await self._binary(*words)
            case 3 if words[0] == "!":
                return not await Expression(self.proc, words[1:]).whole()
            case 3 if words[0] == "(" and words[2] == ")":
                return words[1] != ""
            case 4 if words[0] == "!":
                return not await Expression(self.proc, words[1:]).whole()
        value = await self._or()
        if self.words:
            raise BadTest(
                f"unexpected operator: {self.words[0]}"
                if len(self.words) > 1
                else f"{self.words[0]}: unexpected operator"
            )
        return value

    async def _or(self) -> bool:
        value = await self._and()
        while self.words[:1] == ["-o"]:
            self.words.pop(0)
            right = await self._and()
            value = value or right
        return value

    async def _and(self) -> bool:
        value = await self._not()
        while self.words[:1] == ["-a"]:
            self.words.pop(0)
            right = await self._not()
            value = value and right
        return value

    async def _not(self) -> bool:
        if self.words[:1] == ["!"]:
            self.words.pop(0)
            return not await self._not()
        return await self._primary()

    async def _primary(self) -> bool:
        if not self.words:
            raise BadTest("argument expected")
        if len(self.words) >= 3 and self.words[1] in BINARY:
            left, operator, right = self.words[:3]
            del self.words[:3]
            return await self._binary(left, operator, right)
        word = self.words.pop(0)
        if word == "(":
            value = await self._or()
            if self.words[:1] != [")"]:
                raise BadTest("closing paren expected")
            self.words.pop(0)
            return value
        if len(word) == 2 and word[0] == "-" and word[1] in UNARY and self.words:
            return await self._unary(word[1], self.words.pop(0))
        return word != ""

    async def _unary(self, operator: str, operand: str) -> bool:
        if operator in "nz":
            return (operand != "") == (operator == "n")
        if operator == "t":
            return False
        try:
            found = await self._stat(operand, follow=operator not in "hL")
        except OSError:
            return False
        kinds = {
            "b": stat.S_ISBLK,
            "c": stat.S_ISCHR,
            "d": stat.S_ISDIR,
            "f": stat.S_ISREG,
            "p": stat.S_ISFIFO,
            "h": stat.S_ISLNK,
            "L": stat.S_ISLNK,
            "S": stat.S_ISSOCK,
        }
        bits = {"g": 0o2000, "k": 0o1000, "u": 0o4000, "x": 0o111}
        if operator in kinds:
            return kinds[operator](found.st_mode)
        if operator == "x" and stat.S_ISDIR(found.st_mode):
            return True
        if operator in bits:
            return bool(found.st_mode & bits[operator])
        return found.st_size > 0 if operator == "s" else True

    async def _stat(self, name: str, *, follow: bool = True) -> Stat:
        await self.proc.reach(name, follow=follow)
        return self.proc.root.stat(self.proc.path(name), follow=follow)

    async def _binary(self, left: str, operator: str, right: str) -> bool:
        if operator in ("=", "==", "!="):
            return (left == right) == (operator != "!=")
        if operator in ("<", ">"):
            return left < right if operator == "<" else left > right
        if operator in ("-nt", "-ot", "-ef"):
            return await self._compare_files(left, operator, right)
        numbers = []
        for word in (left, right):
            if not re.fullmatch(r"\s*[-+]?\d+\s*", word):
                raise BadTest(f"Illegal number: {word}")
            numbers.append(int(word))
        a, b = numbers
        return {"-eq": a == b, "-ne": a != b, "-lt": a < b, "-le": a <= b, "-gt": a > b, "-ge": a >= b}[operator]

    async def _compare_files(self, left: str, operator: str, right: str) -> bool:
        times: list[Stat | None] = []
        for name in (left, right):
            try:
                times.append(await self._stat(name))
            except OSError:
                times.append(None)
        a, b = times
        if operator == "-ef":
            return a is not None and b is not None and (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)
        if operator == "-ot":
            a, b = b, a
        return a is not None and (b is None or a.st_mtime > b.st_mtime)
