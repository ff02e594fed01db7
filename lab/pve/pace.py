"""How long work takes: nothing by default, real waiting by a factor, or simulated while the clock is replayed."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lab.clock import Clock

if TYPE_CHECKING:
    from lab.pve.api import Api

BYTES_PER_SECOND = 100 << 20
"""What a disk on a gigabit network is copied at."""
OVERHEAD = 3.0
"""Seconds that a backup or restore takes beside the copying."""


def seconds_for(size: int) -> float:
    """How long copying so many bytes takes on a real node."""
    return OVERHEAD + size / BYTES_PER_SECOND


class Pace:
    """Spends the time that work takes; one for each API."""

    def __init__(self, clock: Clock, factor: float = 0.0) -> None:
        """`factor` 1 waits as long as a real node takes, 0 not at all."""
        self.clock, self.factor = clock, factor
        self.replaying = False

    async def spend(self, seconds: float) -> None:
        """Let the time go by that work takes: on the clock alone while it is replayed, else times the factor."""
        await self.wait(seconds if self.replaying else seconds * self.factor)

    async def wait(self, seconds: float) -> None:
        """Let `seconds` go by on the clock: in reality, too, unless it is replayed."""
        if self.replaying:
            shift(self.clock, self.clock.now() + seconds)
            await asyncio.sleep(0)
        else:
            await asyncio.sleep(max(0.0, seconds))

    @contextmanager
    def replay(self, epoch: float) -> Iterator[None]:
        """Show `epoch` on the clock and let only simulated time pass; afterwards the clock goes on where it was."""
        offset, self.replaying = self.clock.now() - time.time(), True
        try:
            shift(self.clock, epoch)
            yield
        finally:
            self.replaying = False
            shift(self.clock, time.time() + offset)


def shift(clock: Clock, epoch: float) -> None:
    """Move the clock without telling anybody: those who listen are the ones whose past is replayed."""
    clock._offset = epoch - time.time()


def pace_of(api: "Api") -> Pace:
    """The pace of an API: `pace` of its fixture is the factor."""
    pace: Pace = api.state.setdefault("pace", None) or Pace(api.clock, float(api.fixture.get("pace", 0)))
    api.state["pace"] = pace
    return pace
