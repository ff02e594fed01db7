"""How control leaves a shell command early."""


class Leave(Exception):
    """Control leaves the command being run."""


class LeaveLoop(Leave):
    """`break` or `continue` out of `levels` loops."""

    def __init__(self, levels: int, again: bool) -> None:
        """`again` for `continue`."""
        super().__init__()
        self.levels, self.again = levels, again


class LeaveFunction(Leave):
    """`return`."""

    def __init__(self, code: int) -> None:
        """With this exit code."""
        super().__init__()
        self.code = code


class LeaveShell(Leave):
    """`exit`, or `set -e` at a failure."""

    def __init__(self, code: int) -> None:
        """With this exit code."""
        super().__init__()
        self.code = code


class ShellError(Exception):
    """An error of the shell itself, which ends a script; the text is what it says."""

    def __init__(self, text: str, code: int | None = None) -> None:
        """The message without the shell's name, and the exit code where it is not the usual one."""
        super().__init__(text)
        self.code = code
