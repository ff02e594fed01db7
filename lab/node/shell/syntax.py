"""What a parsed shell script is made of."""

from dataclasses import dataclass, field


@dataclass
class Lit:
    """Literal text; quoted text is neither split nor a pattern."""

    text: str
    quoted: bool = False


@dataclass
class Param:
    """`$name` or `${name op word}`."""

    name: str
    op: str = ""
    """Empty, one of - = ? + (with `:` before them), # ## % %%, `length`, or bash's / // and `:` for a substring."""
    word: "Word" = field(default_factory=list)
    quoted: bool = False


@dataclass
class Sub:
    """`$(script)`."""

    script: "Node"
    quoted: bool = False


@dataclass
class Arith:
    """`$((expression))`."""

    expression: "Word"
    quoted: bool = False


Part = Lit | Param | Sub | Arith
Word = list[Part]


@dataclass
class Redirect:
    """`fd op target`; for a here-document the target is its text."""

    fd: int
    op: str
    target: Word


@dataclass
class Simple:
    """Assignments and a command with its arguments."""

    assigns: list[tuple[str, Word]]
    words: list[Word]
    redirects: list[Redirect]
    line: int = 1


@dataclass
class Pipeline:
    """Commands joined by `|`, perhaps negated by `!`."""

    commands: list["Node"]
    negate: bool


@dataclass
class AndOr:
    """A pipeline and what follows after `&&` or `||`."""

    first: "Node"
    rest: list[tuple[str, "Node"]]


@dataclass
class Sequence:
    """Lists one after the other; each with whether it runs in the background."""

    items: list[tuple["Node", bool]]


@dataclass
class Subshell:
    """`( list )`."""

    body: "Node"


@dataclass
class If:
    """Conditions with their bodies, and what else."""

    branches: list[tuple["Node", "Node"]]
    otherwise: "Node | None"


@dataclass
class Loop:
    """`while` or `until`."""

    condition: "Node"
    body: "Node"
    until: bool


@dataclass
class For:
    """`for name in words`; without words over the positional parameters."""

    name: str
    words: list[Word] | None
    body: "Node"


@dataclass
class Case:
    """`case word in`; each item a list of patterns and a body."""

    word: Word
    items: list[tuple[list[Word], "Node"]]


@dataclass
class Function:
    """`name() body`."""

    name: str
    body: "Node"


@dataclass
class Redirected:
    """A compound command with redirections of its own."""

    body: "Node"
    redirects: list[Redirect]


Node = Simple | Pipeline | AndOr | Sequence | Subshell | If | Loop | For | Case | Function | Redirected


class ShellSyntaxError(Exception):
    """A script that cannot be parsed; the text says what was unexpected."""

    def __init__(self, text: str, line: int) -> None:
        """What is wrong, and in which line."""
        super().__init__(text)
        self.line = line
