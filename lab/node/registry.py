"""Which commands the simulated node has: functions registered by name, found by listing two packages."""

import importlib
import pkgutil
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.node.process import Process

Command = Callable[["Process", list[str]], Coroutine[object, object, int]]
COMMANDS: dict[str, Command] = {}
PACKAGES = ("lab.node.commands", "lab.cli")


def command(*names: str) -> Callable[[Command], Command]:
    """Register `async def f(proc, argv) -> exit code` under one or more names; argv[0] is the name it was called by."""

    def register(function: Command) -> Command:
        for name in names:
            if name in COMMANDS:
                raise ValueError(f"command {name}: registered twice")
            COMMANDS[name] = function
        return function

    return register


def load() -> dict[str, Command]:
    """Import every module of the command packages; the commands by name."""
    for package in PACKAGES:
        where = importlib.import_module(package)
        for module in sorted(m.name for m in pkgutil.iter_modules(where.__path__)):
            importlib.import_module(f"{package}.{module}")
    return COMMANDS
