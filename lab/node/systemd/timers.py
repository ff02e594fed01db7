"""Timers of systemd: when each elapses by the node's clock, however that moves."""

import asyncio
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lab.node.systemd.unit import Unit, seconds
from pverules.calendar import CalendarEvent, InvalidSchedule

if TYPE_CHECKING:
    from lab.node.systemd import Systemd

LONGEST_NAP = 0.5
"""Seconds of real time after which the clock is looked at again."""


class Timers:
    """The active timers of one service manager."""

    def __init__(self, systemd: "Systemd") -> None:
        self.systemd = systemd
        self.active: dict[str, float] = {}
        """When each active timer was started, epoch seconds."""
        self._last: dict[str, float] = {}
        self._listening = False

    def clear(self) -> None:
        """Forget every timer."""
        self.active.clear()
        self._last.clear()

    def start(self, unit: Unit) -> None:
        """Let a timer run from now on."""
        self.active.setdefault(unit.name, self.systemd.machine.clock.now())

    def stop(self, name: str) -> None:
        """Let a timer run no more."""
        self.active.pop(name, None)

    def run(self) -> None:
        """Watch the clock from now on."""
        if not self._listening:
            self.systemd.machine.clock.moved(self._moved)
            self._listening = True
        self.systemd.machine.keep(asyncio.create_task(self._watch()))

    async def _moved(self, before: float, after: float) -> None:
        await self.elapse()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LONGEST_NAP)
            await self.elapse()

    async def elapse(self) -> None:
        """Start the units of all timers that are due; however far the clock was moved, each runs once."""
        now = self.systemd.machine.clock.now()
        for name in list(self.active) if self.systemd.machine.powered() else ():
            unit = self.systemd.unit(name)
            due = self.next(unit) if unit else None
            if unit is None or due is None or due > now:
                continue
            self._last[name] = now
            self.systemd.condition(name).triggered = now
            target = self.target(unit)
            if self.systemd.unit(target):
                await self.systemd.start(target)
            else:
                self.systemd.log(name, f"{name}: Unit to trigger not found: {target}")

    def target(self, unit: Unit) -> str:
        """The unit that a timer starts."""
        return unit.get("Timer", "Unit") or unit.name.removesuffix(".timer") + ".service"

    def next(self, unit: Unit) -> float | None:
        """When the timer elapses next, epoch seconds; None when it never will."""
        last, started = self._last.get(unit.name), self.active.get(unit.name)
        if started is None:
            return None
        moments: list[float] = []
        for key, origin in (
            ("OnBootSec", self.systemd.machine.booted),
            ("OnStartupSec", self.systemd.machine.booted),
            ("OnActiveSec", started),
        ):
            for text in unit.all("Timer", key):
                span = seconds(text)
                if span is not None and (last is None or last < origin + span):
                    moments.append(origin + span)
        service = self.systemd.condition(self.target(unit))
        for key in ("OnUnitActiveSec", "OnUnitInactiveSec"):
            for text in unit.all("Timer", key):
                span, origin = seconds(text), last or service.since
                if span is not None and origin:
                    moments.append(origin + span)
        for text in unit.all("Timer", "OnCalendar"):
            moment = calendar_next(text, last or started, self.systemd.machine.clock.zone)
            if moment is not None:
                moments.append(moment)
        return min(moments, default=None)


def calendar_next(text: str, after: float, zone: ZoneInfo) -> float | None:
    """The next moment of a calendar event, as far as Proxmox's grammar shares systemd's; None for any other."""
    names = {"minutely": "*:0/1", "hourly": "*:00", "daily": "00:00", "weekly": "mon 00:00", "monthly": "*-*-1 00:00"}
    try:
        return CalendarEvent.parse(names.get(text, text)).next_after(int(after), zone)
    except InvalidSchedule:
        return None
