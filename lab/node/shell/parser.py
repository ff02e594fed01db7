"""Parses a POSIX shell script (with a few of bash's additions) into its syntax tree."""

import re
from dataclasses import dataclass

from lab.node.shell.compound import compound
from lab.node.shell.syntax import (
    AndOr,
    Function,
    Lit,
    Node,
    Pipeline,
    Redirect,
    Redirected,
    Sequence,
    ShellSyntaxError,
    Simple,
    Word,
)
from lab.node.shell.words import NAME, WordReader

OPERATORS = (
    "&&",
    "||",
    ";;",
    "<<-",
    "<<<",
    "<<",
    ">>",
    "<&",
    ">&",
    "<>",
    ">|",
    "&>",
    "&",
    "|",
    ";",
    "<",
    ">",
    "(",
    ")",
)
REDIRECTS = {"<": 0, "<<": 0, "<<-": 0, "<<<": 0, "<&": 0, "<>": 0, ">": 1, ">>": 1, ">&": 1, ">|": 1, "&>": 1}
CLOSERS = {"then", "else", "elif", "fi", "do", "done", "esac", "}"}
MAX_DEPTH = 100


@dataclass
class Token:
    """A word, an operator, a line feed or the end."""

    kind: str
    text: str = ""
    word: Word | None = None
    line: int = 1


class Parser(WordReader):
    """A script being parsed; `program` gives all of it."""

    def __init__(self, text: str, at: int = 0, *, bash: bool = False, depth: int = 0) -> None:
        """Parse `text` from offset `at`."""
        super().__init__(text, at, bash=bash, depth=depth)
        self.nested = self._nested
        self._token: Token | None = None
        self._here: list[tuple[Redirect, str, bool, bool]] = []
        self._levels = 0

    def _nested(self, text: str, at: int, depth: int) -> tuple[Node, int]:
        inner = Parser(text, at, bash=self.bash, depth=depth)
        node = inner.list_until(")")
        inner.expect(")")
        return node, inner.at

    def program(self) -> Sequence:
        """The whole script."""
        node = self.list_until("eof")
        if self.peek().kind != "eof":
            raise self._unexpected(self.peek())
        return node

    # -- tokens -----------------------------------------------------------------------------------------------

    def peek(self) -> Token:
        """The next token, left where it is."""
        if self._token is None:
            self._token = self._scan()
        return self._token

    def take(self) -> Token:
        """The next token, consumed."""
        token = self.peek()
        self._token = None
        if token.kind == "newline":
            self._read_here_documents()
        return token

    def _scan(self) -> Token:
        while True:
            if self.look() and self.look() in " \t":
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
            elif self.look() == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                break
        line = self.line
        if not self.look():
            return Token("eof", "end of file", line=line)
        if self.look() == "\n":
            self.at += 1
            return Token("newline", "newline", line=line)
        if number := re.compile(r"[0-9]+(?=[<>])").match(self.text, self.at):
            self.at = number.end()
            return Token("number", number[0], line=line)
        for operator in OPERATORS:
            if self.text.startswith(operator, self.at) and (self.bash or operator not in ("<<<", "&>")):
                self.at += len(operator)
                return Token("op", operator, line=line)
        word = self.word()
        plain = word[0].text if len(word) == 1 and isinstance(word[0], Lit) and not word[0].quoted else ""
        return Token("word", plain, word, line)

    def _read_here_documents(self) -> None:
        pending, self._here = self._here, []
        for redirect, delimiter, strip, literal in pending:
            lines = []
            while True:
                end = self.text.find("\n", self.at)
                line = self.text[self.at :] if end < 0 else self.text[self.at : end]
                last = end < 0
                self.at = len(self.text) if last else end + 1
                line = line.lstrip("\t") if strip else line
                if line == delimiter or (last and not line):
                    break
                lines.append(line + "\n")
                if last:
                    break
            body = "".join(lines)
            if literal:
                redirect.target.append(Lit(body, True))
            else:
                inner = WordReader(body, bash=self.bash, depth=self.depth + 1)
                inner.nested = self.nested
                redirect.target += inner.double("", here=True)

    def is_op(self, *texts: str) -> bool:
        """Whether the next token is one of these operators."""
        return self.peek().kind == "op" and self.peek().text in texts

    def is_word(self, *texts: str) -> bool:
        """Whether the next token is one of these reserved words."""
        return self.peek().kind == "word" and self.peek().text in texts

    def expect(self, text: str) -> None:
        """Consume this operator or reserved word, or complain."""
        if not (self.is_op(text) or self.is_word(text)):
            raise self._unexpected(self.peek(), text)
        self.take()

    def _unexpected(self, token: Token, wanted: str = "") -> ShellSyntaxError:
        what = token.text or "word"
        shown = what if token.kind in ("eof", "newline") else f'"{what}"'
        return ShellSyntaxError(
            f"Syntax error: {shown} unexpected" + (f' (expecting "{wanted}")' if wanted else ""), token.line
        )

    def skip_newlines(self) -> None:
        """Consume line feeds."""
        while self.peek().kind == "newline":
            self.take()

    # -- lists ------------------------------------------------------------------------------------------------

    def list_until(self, *closers: str) -> Sequence:
        """A list up to one of these operators or reserved words, which is left."""
        self._levels += 1
        if self._levels > MAX_DEPTH:
            raise ShellSyntaxError("commands are nested too deeply", self.line)
        items: list[tuple[Node, bool]] = []
        while True:
            self.skip_newlines()
            token = self.peek()
            if token.kind == "eof" or self.is_op(")", ";;") or (token.kind == "word" and token.text in CLOSERS):
                break
            node = self._and_or()
            background = False
            if self.is_op("&", ";"):
                background = self.take().text == "&"
            elif self.peek().kind not in ("newline", "eof") and not self.is_op(")", ";;"):
                raise self._unexpected(self.peek())
            items.append((node, background))
        token = self.peek()
        if token.text not in closers and token.kind not in closers:
            raise self._unexpected(token, closers[0] if closers[0] != "eof" else "")
        self._levels -= 1
        return Sequence(items)

    def _and_or(self) -> Node:
        first = self._pipeline()
        rest: list[tuple[str, Node]] = []
        while self.is_op("&&", "||"):
            operator = self.take().text
            self.skip_newlines()
            rest.append((operator, self._pipeline()))
        return AndOr(first, rest) if rest else first

    def _pipeline(self) -> Node:
        negate = False
        while self.is_word("!"):
            self.take()
            negate = not negate
        commands = [self._command()]
        while self.is_op("|"):
            self.take()
            self.skip_newlines()
            commands.append(self._command())
        return Pipeline(commands, negate) if negate or len(commands) > 1 else commands[0]

    def _command(self) -> Node:
        body = compound(self)
        if body is None:
            return self._simple()
        redirects: list[Redirect] = []
        while self.redirect_into(redirects):
            pass
        return Redirected(body, redirects) if redirects else body

    # -- simple commands and redirections -----------------------------------------------------------------------

    def redirect_into(self, redirects: list[Redirect]) -> bool:
        """Read one redirection if there is one."""
        number = None
        if self.peek().kind == "number":
            number = int(self.take().text)
        if not (self.peek().kind == "op" and self.peek().text in REDIRECTS):
            return False
        op = self.take().text
        target = self.peek()
        if target.kind not in ("word", "number"):
            raise self._unexpected(target)
        self.take()
        word = target.word or [Lit(target.text)]
        redirect = Redirect(REDIRECTS[op] if number is None else number, op, [] if op in ("<<", "<<-") else word)
        redirects.append(redirect)
        if op in ("<<", "<<-"):
            delimiter = "".join(p.text for p in word if isinstance(p, Lit))
            self._here.append((redirect, delimiter, op == "<<-", any(isinstance(p, Lit) and p.quoted for p in word)))
        return True

    def _simple(self) -> Node:
        node = Simple([], [], [], self.peek().line)
        while True:
            token = self.peek()
            if token.kind == "number" or (token.kind == "op" and token.text in REDIRECTS):
                self.redirect_into(node.redirects)
            elif token.kind == "word":
                assert token.word is not None
                assign = assignment(token.word) if not node.words else None
                self.take()
                if assign:
                    node.assigns.append(assign)
                else:
                    node.words.append(token.word)
                if len(node.words) == 1 and not node.assigns and self.is_op("(") and NAME.fullmatch(token.text):
                    return self._function(token.text)
            else:
                break
        if not (node.assigns or node.words or node.redirects):
            raise self._unexpected(self.peek())
        return node

    def _function(self, name: str) -> Node:
        self.take()
        self.expect(")")
        self.skip_newlines()
        return Function(name, self._command())


def assignment(word: Word) -> tuple[str, Word] | None:
    """(name, value) when the word is `name=value`, else None."""
    first = word[0] if word else None
    if not isinstance(first, Lit) or first.quoted:
        return None
    match = re.match(r"([A-Za-z_][A-Za-z0-9_]*)=", first.text)
    if match is None:
        return None
    rest = first.text[match.end() :]
    return match[1], ([Lit(rest)] if rest else []) + word[1:]
