"""Reads words: literals, quotes, parameters, command substitutions, arithmetic."""

import re
from collections.abc import Callable

from lab.node.shell.syntax import Arith, Lit, Node, Param, Part, ShellSyntaxError, Sub, Word

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]")
OPERATOR = re.compile(r":[-=?+]|[-=?+]|##|#|%%|%|//|/|:")
META = " \t\n;&|<>()"
ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "0": "\0",
}


class WordReader:
    """A position in a script, and reading words from there."""

    def __init__(self, text: str, at: int = 0, *, bash: bool = False, depth: int = 0) -> None:
        """Start reading `text` at offset `at`; `depth` counts how deep substitutions are nested."""
        if depth > 60:
            raise ShellSyntaxError("substitutions are nested too deeply", 1)
        self.text, self.at, self.bash, self.depth = text, at, bash, depth
        self.nested: Callable[[str, int, int], tuple[Node, int]]
        """Parses a command list of a text from an offset up to `)`, at a depth; set by the parser."""

    @property
    def line(self) -> int:
        """The line number of the position."""
        return self.text.count("\n", 0, self.at) + 1

    def error(self, text: str) -> ShellSyntaxError:
        """A syntax error here."""
        return ShellSyntaxError(text, self.line)

    def look(self, ahead: int = 0) -> str:
        """The character at the position (or further), empty at the end."""
        return self.text[self.at + ahead : self.at + ahead + 1]

    def word(self) -> Word:
        """The word at the position, up to an unquoted metacharacter."""
        parts: Word = []
        while (char := self.look()) and char not in META:
            self._part(parts, char)
        return parts

    def _part(self, parts: Word, char: str) -> None:
        if char == "'":
            end = self.text.find("'", self.at + 1)
            if end < 0:
                raise self.error("Unterminated quoted string")
            parts.append(Lit(self.text[self.at + 1 : end], True))
            self.at = end + 1
        elif char == '"':
            self.at += 1
            parts += self.double('"') or [Lit("", True)]
            self.at += 1
        elif char == "\\":
            if self.look(1) != "\n":
                parts.append(Lit(self.look(1) or "\\", True))
            self.at += 2
        elif char == "$" and self.bash and self.look(1) == "'":
            parts.append(Lit(self._ansi(), True))
        elif char in "$`":
            parts.append(self.dollar(False))
        else:
            _literal(parts, char, False)
            self.at += 1

    def _ansi(self) -> str:
        self.at += 2
        text = ""
        while self.look() != "'":
            if not self.look():
                raise self.error("Unterminated quoted string")
            if self.look() == "\\":
                text += ESCAPES.get(self.look(1), "\\" + self.look(1))
                self.at += 2
            else:
                text += self.look()
                self.at += 1
        self.at += 1
        return text

    def double(self, end: str, *, here: bool = False) -> Word:
        """Parts inside double quotes (or a here-document) up to `end`; an empty one means the text's end."""
        parts: Word = []
        while (char := self.look()) != end or not end:
            if not char:
                if not end:
                    break
                raise self.error("Unterminated quoted string")
            if char == "\\" and self.look(1) and self.look(1) in ("$`\\\n" if here else '$`"\\\n'):
                if self.look(1) != "\n":
                    _literal(parts, self.look(1), True)
                self.at += 2
            elif char in "$`":
                parts.append(self.dollar(True))
            else:
                _literal(parts, char, True)
                self.at += 1
        return parts

    def dollar(self, quoted: bool) -> Part:
        """The expansion that begins at `$` or a back quote; a lone `$` is itself."""
        if self.look() == "`":
            return self._backquoted(quoted)
        if self.text.startswith("$((", self.at):
            end = self._arithmetic_end()
            if end is not None:
                inner = WordReader(self.text[self.at + 3 : end], bash=self.bash, depth=self.depth + 1)
                inner.nested = self.nested
                self.at = end + 2
                return Arith(inner.double(""), quoted)
        if self.text.startswith("$(", self.at):
            node, self.at = self.nested(self.text, self.at + 2, self.depth + 1)
            return Sub(node, quoted)
        if self.text.startswith("${", self.at):
            return self._braced(quoted)
        match = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]").match(self.text, self.at + 1)
        if match is None:
            self.at += 1
            return Lit("$", True)
        self.at = match.end()
        return Param(match[0], quoted=quoted)

    def _arithmetic_end(self) -> int | None:
        depth, at = 0, self.at + 3
        while at < len(self.text):
            char = self.text[at]
            if char == "(":
                depth += 1
            elif char == ")":
                if depth == 0:
                    return at if self.text.startswith("))", at) else None
                depth -= 1
            at += 1
        return None

    def _backquoted(self, quoted: bool) -> Sub:
        at, script = self.at + 1, ""
        while self.text[at : at + 1] != "`":
            if at >= len(self.text):
                raise self.error("EOF in backquote substitution")
            if self.text[at] == "\\" and self.text[at + 1 : at + 2] in ('$`\\"' if quoted else "$`\\"):
                at += 1
            script += self.text[at]
            at += 1
        node, _ = self.nested(script + "\n)", 0, self.depth + 1)
        self.at = at + 1
        return Sub(node, quoted)

    def _braced(self, quoted: bool) -> Part:
        self.at += 2
        if (
            self.look() == "#"
            and self.look(1) != "}"
            and (match := PARAMETER.match(self.text, self.at + 1))
            and self.text[match.end() : match.end() + 1] == "}"
        ):
            self.at = match.end() + 1
            return Param(match[0], "length", quoted=quoted)
        match = PARAMETER.match(self.text, self.at)
        if match is None:
            raise self.error("Bad substitution")
        self.at = match.end()
        if self.look() == "}":
            self.at += 1
            return Param(match[0], quoted=quoted)
        op = OPERATOR.match(self.text, self.at)
        if op is None or (op[0] in (":", "/", "//") and not self.bash):
            raise self.error("Bad substitution")
        self.at = op.end()
        word = self._brace_word(quoted and op[0] not in ("#", "##", "%", "%%"))
        self.at += 1
        return Param(match[0], op[0], word, quoted)

    def _brace_word(self, quoted: bool) -> Word:
        parts: Word = []
        while (char := self.look()) != "}":
            if not char:
                raise self.error("Missing '}'")
            if not quoted:
                self._part(parts, char)
            elif char == '"':
                self.at += 1
                parts += self.double('"') or [Lit("", True)]
                self.at += 1
            elif char == "\\" and self.look(1) in ("$", "`", '"', "\\", "}"):
                _literal(parts, self.look(1), True)
                self.at += 2
            elif char in "$`":
                parts.append(self.dollar(True))
            else:
                _literal(parts, char, True)
                self.at += 1
        return parts


def _literal(parts: Word, char: str, quoted: bool) -> None:
    last = parts[-1] if parts else None
    if isinstance(last, Lit) and last.quoted == quoted:
        last.text += char
    else:
        parts.append(Lit(char, quoted))
