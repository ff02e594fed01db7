"""Evaluates `$((...))`: C integers of 64 bits, with assignments."""

import re
from collections.abc import Callable

TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|[0-9]+|[A-Za-z_]\w*|<<=|>>=|&&|\|\||<<|>>|<=|>=|==|!=|[-+*/%&|^]=|[-+*/%<>=!~&|^?:(),])"
)
BINARY = {
    "||": 1,
    "&&": 2,
    "|": 3,
    "^": 4,
    "&": 5,
    "==": 6,
    "!=": 6,
    "<": 7,
    ">": 7,
    "<=": 7,
    ">=": 7,
    "<<": 8,
    ">>": 8,
    "+": 9,
    "-": 9,
    "*": 10,
    "/": 10,
    "%": 10,
}
ASSIGN = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}


class NoValue(Exception):
    """An expression that has no value; the text says why."""


def number(text: str) -> int:
    """The value of an integer constant, octal with a leading 0; anything else raises."""
    text = text.strip() or "0"
    match = re.fullmatch(r"([-+]?)(0[xX][0-9a-fA-F]+|[0-9]+)", text)
    if match is None:
        raise NoValue(f"Illegal number: {text}")
    digits = match[2]
    value = int(
        digits,
        16
        if digits[:2] in ("0x", "0X")
        else 8
        if digits.startswith("0") and digits.isdigit() and len(digits) > 1 and not set(digits) & set("89")
        else 10,
    )
    return wrap(-value if match[1] == "-" else value)


def wrap(value: int) -> int:
    """The value in 64 bits, two's complement."""
    return (value + 2**63) % 2**64 - 2**63


class Evaluator:
    """One expression being evaluated."""

    def __init__(self, text: str, get: Callable[[str], str], put: Callable[[str, str], None]) -> None:
        """Variables are read by `get` and written by `put`."""
        self.tokens: list[str] = []
        self.at, self.get, self.put = 0, get, put
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = TOKEN.match(text, position)
            if match is None:
                raise NoValue(f'arithmetic expression: expecting primary: "{text}"')
            self.tokens.append(match[1])
            position = match.end()
        self.text = text

    def value(self) -> int:
        """The value of the whole expression; nothing is 0."""
        if not self.tokens:
            return 0
        result = self._assignment(True)
        while self._peek() == ",":
            self.at += 1
            result = self._assignment(True)
        if self.at < len(self.tokens):
            raise NoValue(f'arithmetic expression: expecting EOF: "{self.text}"')
        return result

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _assignment(self, live: bool) -> int:
        name = self._peek()
        follow = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else ""
        if re.fullmatch(r"[A-Za-z_]\w*", name) and follow in ASSIGN:
            self.at += 2
            value = self._assignment(live)
            if follow != "=":
                value = _apply(follow[:-1], number(self.get(name)), value) if live else 0
            if live:
                self.put(name, str(value))
            return value
        return self._choice(live)

    def _choice(self, live: bool) -> int:
        condition = self._binary(1, live)
        if self._peek() != "?":
            return condition
        self.at += 1
        yes = self._assignment(live and condition != 0)
        if self._peek() != ":":
            raise NoValue(f"arithmetic expression: expecting ':': \"{self.text}\"")
        self.at += 1
        no = self._assignment(live and condition == 0)
        return yes if condition else no

    def _binary(self, level: int, live: bool) -> int:
        left = self._unary(live)
        while (operator := self._peek()) in BINARY and BINARY[operator] >= level:
            self.at += 1
            needed = live and not (operator == "&&" and left == 0) and not (operator == "||" and left != 0)
            right = self._binary(BINARY[operator] + 1, needed)
            if live:
                left = _apply(operator, left, right)
        return left

    def _unary(self, live: bool) -> int:
        token = self._peek()
        self.at += 1
        if token in ("-", "+", "!", "~"):
            value = self._unary(live)
            return {"-": wrap(-value), "+": value, "!": int(not value), "~": ~value}[token]
        if token == "(":
            value = self._assignment(live)
            if self._peek() != ")":
                raise NoValue(f"arithmetic expression: expecting ')': \"{self.text}\"")
            self.at += 1
            return value
        if token[:1].isdigit():
            return number(token)
        if re.fullmatch(r"[A-Za-z_]\w*", token):
            return number(self.get(token)) if live else 0
        raise NoValue(f'arithmetic expression: expecting primary: "{self.text}"')


def _apply(operator: str, left: int, right: int) -> int:
    if operator in ("/", "%"):
        if right == 0:
            raise NoValue("division by zero")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return wrap(quotient if operator == "/" else left - quotient * right)
    if operator in ("<<", ">>"):
        return wrap(left << (right & 63) if operator == "<<" else left >> (right & 63))
    return wrap(
        {
            "||": int(bool(left or right)),
            "&&": int(bool(left and right)),
            "|": left | right,
            "^": left ^ right,
            "&": left & right,
            "==": int(left == right),
            "!=": int(left != right),
            "<": int(left < right),
            ">": int(left > right),
            "<=": int(left <= right),
            ">=": int(left >= right),
            "+": left + right,
            "-": left - right,
            "*": left * right,
        }[operator]
    )
