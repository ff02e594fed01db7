"""How a verb ends: exit codes, and every trouble as one sentence on standard error."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn

from homebackup.commands.printing import say
from homebackup.world.errors import Trouble, Unreachable

WELL = 0
TROUBLE = 1
CRITICAL = 2
"""Something whose loss would be critical is not as it has to be."""
UNKNOWN = 3
"""The site, or a part of it, cannot be seen at the moment."""
DRIFT = 7
"""Something is not as declared; the same code that Pulumi uses."""
USAGE = 64
"""The command line was not understood."""


class Ended(SystemExit):
    """The end of a verb with its own exit code, apart from one that the library of the command line chose."""


def told(code: int, *, asked: bool, unseen: bool = False) -> int:
    """The code of a verb that only tells: what it saw is in it when that is asked for, what was `unseen` always.

    What is critical stands before what is unseen, so that the code alone does not always tell of that.
    """
    return code if asked else UNKNOWN if unseen or code == UNKNOWN else WELL


def run(work: Coroutine[Any, Any, int]) -> NoReturn:
    """Run a verb and exit with its code; a trouble becomes a sentence and 1, or 3 when the site cannot be reached."""
    try:
        code = asyncio.run(work)
    except Unreachable as trouble:
        say(f"unknown: {trouble}", err=True)
        code = UNKNOWN
    except Trouble as trouble:
        say(str(trouble), err=True)
        code = TROUBLE
    except KeyboardInterrupt:
        code = 130
    raise Ended(code)
