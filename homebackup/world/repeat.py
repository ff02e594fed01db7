"""When a call is made again, and after how long: only what was certainly not done, or changes nothing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from homebackup.world.errors import Again, Trouble

T = TypeVar("T")


class Repeat(NamedTuple):
    """How often and how patiently: `tries` in all, pauses doubling from `first` seconds up to `longest`."""

    tries: int = 6
    first: float = 0.25
    longest: float = 5.0

    def pause(self, attempt: int) -> float:
        """Seconds before the next attempt after `attempt` (from 0): between half and all of the doubled pause.

        Without chance in it, clients that collided once would collide again.
        """
        return min(self.longest, self.first * 2.0**attempt) * random.uniform(0.5, 1.0)  # noqa: S311


async def repeated(call: Callable[[], Awaitable[T]], writes: bool, repeat: Repeat) -> T:
    """The call's result; while it ends in Trouble that may be tried again, it is made again."""
    attempt = 0
    while True:
        try:
            return await call()
        except Trouble as trouble:
            allowed = 1 if writes and trouble.again is Again.READING else trouble.again
            if attempt + 1 >= min(allowed, repeat.tries):
                raise
        await asyncio.sleep(repeat.pause(attempt))
        attempt += 1
