"""Parses compound commands: groups, subshells, if, loops, case."""

from typing import TYPE_CHECKING

from lab.node.shell.syntax import Case, For, If, Loop, Node, Sequence, Subshell, Word
from lab.node.shell.words import NAME

if TYPE_CHECKING:
    from lab.node.shell.parser import Parser


def compound(parser: "Parser") -> Node | None:
    """The compound command at the parser's position, or None when a simple command is there."""
    if parser.is_op("("):
        parser.take()
        body = parser.list_until(")")
        parser.expect(")")
        return Subshell(body)
    if parser.peek().kind != "word":
        return None
    reader = READERS.get(parser.peek().text)
    return reader(parser) if reader else None


def _group(parser: "Parser") -> Node:
    parser.take()
    body = parser.list_until("}")
    parser.expect("}")
    return body


def _if(parser: "Parser") -> Node:
    branches: list[tuple[Node, Node]] = []
    otherwise: Sequence | None = None
    while parser.is_word("if", "elif"):
        parser.take()
        condition = parser.list_until("then")
        parser.expect("then")
        branches.append((condition, parser.list_until("fi", "else", "elif")))
    if parser.is_word("else"):
        parser.take()
        otherwise = parser.list_until("fi")
    parser.expect("fi")
    return If(branches, otherwise)


def _loop(parser: "Parser") -> Node:
    until = parser.take().text == "until"
    condition = parser.list_until("do")
    return Loop(condition, _body(parser), until)


def _body(parser: "Parser") -> Node:
    parser.expect("do")
    body = parser.list_until("done")
    parser.expect("done")
    return body


def _for(parser: "Parser") -> Node:
    parser.take()
    name = parser.take()
    if name.kind != "word" or not NAME.fullmatch(name.text):
        raise parser.error("Syntax error: Bad for loop variable")
    words: list[Word] | None = None
    parser.skip_newlines()
    if parser.is_word("in"):
        parser.take()
        words = []
        while parser.peek().kind in ("word", "number"):
            token = parser.take()
            words.append(token.word or [])
    if parser.is_op(";"):
        parser.take()
    parser.skip_newlines()
    return For(name.text, words, _body(parser))


def _case(parser: "Parser") -> Node:
    parser.take()
    word = parser.take().word
    if word is None:
        raise parser.error("Syntax error: word expected after case")
    parser.skip_newlines()
    parser.expect("in")
    items: list[tuple[list[Word], Node]] = []
    parser.skip_newlines()
    while not parser.is_word("esac"):
        if parser.is_op("("):
            parser.take()
        patterns: list[Word] = []
        while True:
            token = parser.take()
            if token.word is None:
                raise parser.error(f'Syntax error: "{token.text}" unexpected')
            patterns.append(token.word)
            if not parser.is_op("|"):
                break
            parser.take()
        parser.expect(")")
        items.append((patterns, parser.list_until(";;", "esac")))
        if parser.is_op(";;"):
            parser.take()
        parser.skip_newlines()
    parser.expect("esac")
    return Case(word, items)


READERS = {"{": _group, "if": _if, "while": _loop, "until": _loop, "for": _for, "case": _case}
