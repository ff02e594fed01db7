"""Simulates twelve weeks hour by hour: `python -m tests.simulate`, with a player on every processor there is.

Every player plays everything and looks in hours of its own, so that together they look in every hour.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from tests.simulate.autumn import AUTUMN, of_player
from tests.simulate.play import Score

SHOWN = 40
"""Wrong verdicts that are shown."""


def main() -> int:
    """Play the autumn; 0 when every verdict was as it ought to be."""
    began, total = time.monotonic(), Score()
    players = min(os.cpu_count() or 1, 8)
    with ProcessPoolExecutor(players, get_context("spawn"), initializer=logging.disable) as pool:
        for done in as_completed([pool.submit(of_player, player, players) for player in range(players)]):
            total.plus(done.result())
    for _, line in total.wrong[:SHOWN]:
        say(line)
    if len(total.wrong) > SHOWN:
        say(f"and {len(total.wrong) - SHOWN} more")
    say(f"{AUTUMN.hours} hours in {time.monotonic() - began:.0f} s")
    say(total.line)
    return 1 if total.wrong else 0


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
