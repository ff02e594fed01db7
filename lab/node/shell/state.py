"""What a shell remembers: variables, functions, options, traps, positional parameters."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.node.process import Process
from lab.node.shell.flow import ShellError
from lab.node.shell.syntax import Node

DEFAULT_IFS = " \t\n"


@dataclass
class State:
    """The memory of one shell; a subshell works on a copy."""

    process: Process
    name: str
    """$0."""
    args: list[str]
    bash: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    readonly: set[str] = field(default_factory=set)
    functions: dict[str, Node] = field(default_factory=dict)
    options: set[str] = field(default_factory=set)
    """Letters of `set`, and long names like `pipefail`."""
    traps: dict[str, str] = field(default_factory=dict)
    locals: list[dict[str, str | None]] = field(default_factory=list)
    status: int = 0
    background: int | None = None
    line: int = 1
    guarded: int = 0
    """Above 0 while a failure is being looked at, so that `set -e` does not act."""
    loops: int = 0
    inline: bool = False
    """Whether it runs the text of `-c` itself."""
    substituted: bool = False
    """Whether the command being expanded has run a command substitution."""
    pid: int = 0
    option_place: int = 0
    """Where in a word like -abc `getopts` is; 0 at its beginning."""
    finished: dict[int, int] = field(default_factory=dict)
    """Exit codes of background commands that were waited for."""

    @property
    def error_code(self) -> int:
        """With what an error of the shell itself ends it: 2, in bash 1, or 127 under -c."""
        return 2 if not self.bash else 127 if self.inline else 1

    @property
    def ifs(self) -> str:
        """The field separators."""
        return self.variables.get("IFS", DEFAULT_IFS)

    def get(self, name: str) -> str | None:
        """The value of a variable, positional or special parameter; None when unset."""
        if name.isdigit():
            number = int(name)
            return self.name if number == 0 else self.args[number - 1] if number <= len(self.args) else None
        special: Callable[[], str | None] | None = {
            "?": lambda: str(self.status),
            "$": lambda: str(self.pid),
            "#": lambda: str(len(self.args)),
            "!": lambda: None if self.background is None else str(self.background),
            "-": lambda: "".join(sorted(o for o in self.options if len(o) == 1)),
            "@": lambda: None,
            "*": lambda: None,
            "LINENO": lambda: str(self.line),
        }.get(name)
        if special:
            return special()
        if self.bash and name == "RANDOM":
            return str(random.randrange(32768))  # noqa: S311  $RANDOM promises no more
        return self.variables.get(name)

    def number_text(self, name: str) -> str:
        """The value that a name has in arithmetic; unset is 0 unless `set -u`."""
        value = self.get(name)
        if value is None and "u" in self.options:
            raise ShellError(f"{name}: " + ("unbound variable" if self.bash else "parameter not set"))
        return value or "0"

    def assign(self, name: str, value: str) -> None:
        """Set a variable; a read-only one is an error of the shell."""
        if not name.isidentifier():
            raise ShellError("Bad substitution")
        if name in self.readonly:
            raise ShellError(f"{name}: is read only" if not self.bash else f"{name}: readonly variable")
        self.variables[name] = value
        if "a" in self.options:
            self.exported.add(name)

    def unset(self, name: str) -> None:
        """Forget a variable."""
        if name in self.readonly:
            raise ShellError(f"{name}: is read only")
        self.variables.pop(name, None)
        self.exported.discard(name)

    def make_local(self, name: str) -> None:
        """Restore this variable when the running function returns."""
        if not self.locals:
            raise ShellError("local: not in a function")
        self.locals[-1].setdefault(name, self.variables.get(name))
        if self.bash:
            self.variables.pop(name, None)

    def leave_function(self) -> None:
        """Give back what the innermost function made local."""
        for name, value in self.locals.pop().items():
            if value is None:
                self.variables.pop(name, None)
            else:
                self.variables[name] = value

    def environment(self) -> dict[str, str]:
        """What a command started now finds in its environment."""
        return {name: self.variables[name] for name in self.exported if name in self.variables}

    def complaint(self, text: str) -> str:
        """The line this shell prints for an error of its own."""
        return f"{self.name}: line {self.line}: {text}" if self.bash else f"{self.name}: {self.line}: {text}"
