"""Expands words: parameters, substitutions, field splitting, file names, in the order POSIX says."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.node.shell import patterns
from lab.node.shell.arithmetic import Evaluator, NoValue
from lab.node.shell.flow import ShellError
from lab.node.shell.parser import assignment
from lab.node.shell.syntax import Arith, Lit, Param, Part, Sub, Word

if TYPE_CHECKING:
    from lab.node.shell.interpreter import Shell


@dataclass
class Piece:
    """Expanded text, whether it was quoted, whether it is split; `cut` begins a new field instead."""

    text: str = ""
    quoted: bool = False
    split: bool = False
    cut: bool = False


async def fields(shell: "Shell", words: list[Word]) -> list[str]:
    """The arguments that a list of words becomes."""
    out: list[str] = []
    for word in words:
        for pattern in split(await pieces(shell, word), shell.ifs):
            if "f" not in shell.options and patterns.is_pattern(pattern):
                out += await patterns.expand(shell.process, pattern) or [patterns.unquote(pattern)]
            else:
                out.append(patterns.unquote(pattern))
    return out


async def arguments(shell: "Shell", words: list[Word]) -> list[str]:
    """The words of a command; what follows `export`, `readonly` or `local` is not split where it assigns."""
    first = words[0][0] if words and len(words[0]) == 1 else None
    if not isinstance(first, Lit) or first.text not in ("export", "readonly", "local"):
        return await fields(shell, words)
    out = [first.text]
    for word in words[1:]:
        found = assignment(word)
        out += [f"{found[0]}={await text(shell, found[1])}"] if found else await fields(shell, [word])
    return out


async def text(shell: "Shell", word: Word) -> str:
    """What a word becomes where it is one field: assignments, redirections, here-documents, `case`."""
    return "".join(" " if p.cut else p.text for p in await pieces(shell, word))


async def pattern(shell: "Shell", word: Word) -> str:
    """A word as a pattern, in which quoted characters stand for themselves."""
    return "".join(" " if p.cut else patterns.quote(p.text) if p.quoted else p.text for p in await pieces(shell, word))


def split(found: list[Piece], ifs: str) -> list[str]:
    """Fields as patterns, split at `ifs` where the pieces say so."""
    out: list[str] = []
    current: str | None = None
    after_blank = False
    for piece in found:
        if piece.cut:
            if current is not None:
                out.append(current)
            current = None
        elif not piece.split:
            if piece.text or piece.quoted:
                quoted = patterns.quote(piece.text) if piece.quoted else piece.text
                current, after_blank = (current or "") + quoted, False
        else:
            for char in piece.text:
                if char not in ifs:
                    current, after_blank = (current or "") + ("\\\\" if char == "\\" else char), False
                elif char in " \t\n":
                    if current is not None:
                        out.append(current)
                        current, after_blank = None, True
                elif after_blank:
                    after_blank = False
                else:
                    out.append(current or "")
                    current = None
    return out if current is None else [*out, current]


async def pieces(shell: "Shell", word: Word) -> list[Piece]:
    """Everything a word expands to, in order."""
    out: list[Piece] = []
    for index, part in enumerate(word):
        if isinstance(part, Lit):
            content = part.text
            if index == 0 and not part.quoted and content.startswith("~"):
                content = _tilde(shell, content)
            out.append(Piece(content, part.quoted))
        else:
            out += await _expand(shell, part)
    return out


def _tilde(shell: "Shell", content: str) -> str:
    user, slash, rest = content[1:].partition("/")
    home = {"": shell.get("HOME") or "/root", "root": "/root"}.get(user)
    return content if home is None else home + slash + rest


async def _expand(shell: "Shell", part: Part) -> list[Piece]:
    if isinstance(part, Sub):
        return [Piece(await shell.substitute(part.script), part.quoted, not part.quoted)]
    if isinstance(part, Arith):
        try:
            value = Evaluator(await text(shell, part.expression), shell.number_text, shell.assign).value()
        except NoValue as error:
            raise ShellError(str(error)) from error
        return [Piece(str(value), part.quoted, not part.quoted)]
    assert isinstance(part, Param)
    if part.name in ("@", "*") and not part.op:
        return _positional(shell, part)
    return await _parameter(shell, part)


def _positional(shell: "Shell", part: Param) -> list[Piece]:
    if part.name == "*" and part.quoted:
        return [Piece(shell.ifs[:1].join(shell.args), True)]
    out: list[Piece] = []
    for index, value in enumerate(shell.args):
        if index:
            out.append(Piece(cut=True))
        out.append(Piece(value, part.quoted, not part.quoted))
    return out


async def _parameter(shell: "Shell", part: Param) -> list[Piece]:
    def plain(content: str) -> list[Piece]:
        return [Piece(content, part.quoted, not part.quoted)]

    value = " ".join(shell.args) if part.name in ("@", "*") and shell.args else shell.get(part.name)
    op = part.op.lstrip(":") if part.op != ":" else ":"
    absent = value is None or (part.op.startswith(":") and part.op != ":" and value == "")
    if op == "+":
        return plain("") if absent else await _inner(shell, part)
    if op in ("-", "=", "?") and absent:
        if op == "-":
            return await _inner(shell, part)
        content = await text(shell, part.word)
        if op == "?":
            default = "parameter not set or null" if part.op == ":?" and not shell.bash else "parameter not set"
            raise ShellError(f"{part.name}: {content or (default if not shell.bash else 'parameter null or not set')}")
        shell.assign(part.name, content)
        return plain(content)
    if value is None:
        if "u" in shell.options and op not in ("-", "="):
            raise ShellError(f"{part.name}: " + ("unbound variable" if shell.bash else "parameter not set"))
        value = ""
    if op == "length":
        return plain(str(len(shell.args)) if part.name in ("@", "*") else str(len(value)))
    if op in ("#", "##", "%", "%%"):
        return plain(_trim(value, await pattern(shell, part.word), op))
    if op in ("/", "//"):
        return plain(_replace(value, await pattern(shell, part.word), op == "//"))
    if op == ":":
        start, _, count = (await text(shell, part.word)).partition(":")
        begin = int(start or 0)
        end = len(value) if not count else begin + int(count) if int(count) >= 0 else len(value) + int(count)
        return plain(value[begin:end])
    return plain(value)


async def _inner(shell: "Shell", part: Param) -> list[Piece]:
    found = await pieces(shell, part.word) or [Piece("", part.quoted)]
    return [Piece(p.text, p.quoted, p.split or not (p.quoted or part.quoted or p.cut), p.cut) for p in found]


def _trim(value: str, glob: str, op: str) -> str:
    lengths = range(len(value) + 1) if op in ("#", "%") else range(len(value), -1, -1)
    for length in lengths:
        if op[0] == "#" and patterns.matches(glob, value[:length]):
            return value[length:]
        if op[0] == "%" and patterns.matches(glob, value[len(value) - length :]):
            return value[: len(value) - length]
    return value


def _replace(value: str, word: str, everywhere: bool) -> str:
    found, _, new = word.partition("/")
    expression = patterns.regex(found)
    if not expression:
        return value
    return re.sub(expression, lambda _: patterns.unquote(new), value, count=0 if everywhere else 1, flags=re.DOTALL)
