"""Takes a command line apart into options and operands, as getopt_long does."""

import getopt


class BadUsage(Exception):
    """A command line that makes no sense; the text is what the command says after its name."""

    def __init__(self, said: str, code: int = 1) -> None:
        """What it says and its exit code."""
        super().__init__(said)
        self.code = code


class Options:
    """The options given, by the first spelling of each name."""

    def __init__(
        self, argv: list[str], short: str = "", long: str = "", *, same: str = "", stop: bool = False, code: int = 1
    ) -> None:
        """Parse `argv`.

        `short` as in getopt(3), `long` names separated by blanks with `=` after those that take a value, `same` pairs
        like `all=a` that give a long option its short name. With `stop` the first operand ends the options. Raises
        BadUsage.
        """
        names = dict(pair.split("=") for pair in same.split())
        parse = getopt.getopt if stop else getopt.gnu_getopt
        try:
            found, self.operands = parse(argv[1:], short, long.split())
        except getopt.GetoptError as error:
            known = "requires" in error.msg
            text = (
                f"option requires an argument -- '{error.opt}'"
                if known
                else f"invalid option -- '{error.opt}'"
                if len(error.opt) == 1
                else f"unrecognized option '--{error.opt}'"
            )
            raise BadUsage(text, code) from error
        self.order = [(names.get(name.lstrip("-"), name.lstrip("-")), value) for name, value in found]

    def __contains__(self, name: str) -> bool:
        return any(given == name for given, _ in self.order)

    def any(self, *names: str) -> bool:
        """Whether one of these options was given."""
        return any(name in self for name in names)

    def get(self, name: str, default: str = "") -> str:
        """The last value of an option."""
        return next((value for given, value in reversed(self.order) if given == name), default)

    def all(self, name: str) -> list[str]:
        """Every value of an option."""
        return [value for given, value in self.order if given == name]

    def last(self, *names: str, default: str = "") -> str:
        """Which of these options was given last."""
        return next((given for given, _ in reversed(self.order) if given in names), default)

    def number(self, name: str, default: int) -> int:
        """The value of an option as an integer; raises BadUsage."""
        text = self.get(name, str(default))
        if not text.lstrip("+-").isdigit():
            raise BadUsage(f"invalid number: '{text}'")
        return int(text)
