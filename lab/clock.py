"""The lab's clock: real time plus an offset that somebody may move."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from zoneinfo import ZoneInfo

Listener = Callable[[float, float], Awaitable[None]]


class Clock:
    """What time it is on the simulated node; it runs on with real time wherever it was set."""

    def __init__(self, zone: str = "UTC") -> None:
        """A clock that shows the real time in the IANA time zone `zone`."""
        self.zone = ZoneInfo(zone)
        self._offset = 0.0
        self.moves = 0
        """Moves that listeners were told of."""
        self._listeners: list[Listener] = []
        self._telling: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        """Seconds since the epoch, as the node sees them."""
        return time.time() + self._offset

    def local(self, epoch: float | None = None) -> datetime:
        """The moment `epoch` (default: now) as an aware datetime in the node's zone."""
        return datetime.fromtimestamp(self.now() if epoch is None else epoch, self.zone)

    def set(self, epoch: float) -> None:
        """Move the clock to `epoch`; every listener is told (before, after), in the background where a loop runs."""
        before, self._offset = self.now(), epoch - time.time()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self.moves += 1
        for listener in self._listeners:
            task = loop.create_task(_tell(listener, before, epoch))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def reset(self) -> None:
        """Show real time again, telling nobody."""
        self._offset = 0.0

    def moved(self, listener: Listener) -> None:
        """Have `listener(before, after)` awaited after every move."""
        self._listeners.append(listener)

    async def settled(self) -> None:
        """Return when every listener has finished with every move so far."""
        while self._telling:
            await asyncio.wait(set(self._telling))


async def _tell(listener: Listener, before: float, after: float) -> None:
    await listener(before, after)
