"""One backup by hand: begun, shown while it runs, stopped or left when somebody interrupts, and judged at its end."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn

from homebackup.assess.amounts import size
from homebackup.assess.manual import Order, came_to, outcomes
from homebackup.commands import ending
from homebackup.commands.printing import say
from homebackup.commands.progress import aside, bars
from homebackup.commands.status import CODES
from homebackup.model.backups.progress import moving
from homebackup.model.backups.task import GuestRun
from homebackup.model.backups.task_log import read_log
from homebackup.world import running
from homebackup.world.journal import Journal
from homebackup.world.live_site import LiveSite
from homebackup.world.stack import Stack
from pverules.upid import Upid

INTERRUPTED = 130
"""What a program ends with that somebody interrupted."""
COLUMNS = (
    TextColumn("{task.description}", markup=False),
    BarColumn(),
    DownloadColumn(binary_units=True),
    TextColumn("{task.fields[rate]}", markup=False),
)
"""What the progress of a guest shows."""

How = Literal["ended", "stopped", "left running", "nothing to do"]


@dataclass(frozen=True)
class Way:
    """How one wants it: come back at once, leave the task running on Ctrl-C, print nothing but JSON."""

    detach: bool = False
    leave: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class Told:
    """One backup that was begun, how we parted from it, and its guests as far as its log tells."""

    order: Order
    upid: str
    how: How
    status: str
    guests: tuple[GuestRun, ...]
    code: int


class BackingUp:
    """One order on its way."""

    def __init__(self, declared: Stack, live: LiveSite, order: Order, way: Way, journal: Journal) -> None:
        """The journal gets a receipt of it."""
        self._site, self._live, self._order, self._way = declared.site, live, order, way
        self._record = journal.of(declared.name, f"vzdump job {order.job}", lambda text: say(text, err=True))
        self._lines: list[str] = []
        self._interrupted = False

    async def done(self, zone: ZoneInfo) -> Told:
        """Begin it on a node in `zone` and, unless one detaches, see it through; raises Trouble."""
        order = self._order
        for vmid in order.missing:
            say(f"{self._name(vmid)}: job {order.job} does not have it, though tier {order.tier} does", err=True)
        upid = await self._begun()
        if upid == running.NOTHING:
            return await self._parted(Told(order, "", "nothing to do", "", (), ending.TROUBLE), "nothing to back up")
        self._say(f"tier {order.tier}: task {upid} has begun")
        status = "" if self._way.detach else await self._seen_through(upid, zone)
        runs = read_log(self._lines, Upid.parse(upid).start, status, zone)
        if not status:
            goes_on = not self._interrupted or self._way.leave
            said = f"it goes on on the node as {upid}" if goes_on else f"{upid} was told to stop and still cleans up"
            code = INTERRUPTED if self._interrupted else ending.WELL
            told = Told(order, upid, "left running" if goes_on else "stopped", "", runs, code)
            return await self._parted(told, f"{said}; look with homebackup status, or stop it with {_stopping(upid)}")
        runs = outcomes(order, runs, status, Upid.parse(upid).start)
        good = f"{sum(run.ok is True for run in runs)} of {len(runs)} guests backed up"
        if self._interrupted:
            told = Told(order, upid, "stopped", status, runs, INTERRUPTED)
            return await self._parted(told, f"{upid} was stopped, {good}; see homebackup status")
        for run in runs:
            if not run.ok:
                self._say(f"{self._name(run.vmid)}: failed, {run.said}")
        told = Told(order, upid, "ended", status, runs, CODES[came_to(self._site, runs)])
        return await self._parted(told, good)

    async def _begun(self) -> str:
        """The UPID; an interruption waits for it, since what is on its way to the node cannot be called back."""

        async def begin() -> str:
            async with self._record.act("\n".join(self._order.call.lines())):
                return await running.begin(self._live, self._order.node, self._order.call)

        beginning = asyncio.create_task(begin())
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
            self._calm()
            return await beginning

    async def _seen_through(self, upid: str, zone: ZoneInfo) -> str:
        """The task's exit status; empty for one that is left running, or that does not stop in time."""
        started = Upid.parse(upid).start
        with Bars(self._order.vmids, self._name) as bars:

            def hear(lines: list[str]) -> None:
                self._lines = lines
                for run in bars.show(lines, read_log(lines, started, "", zone)):
                    if run.ok:
                        much = f", {size(run.size)}" if run.size else ""
                        with bars.aside():
                            self._say(f"{self._name(run.vmid)}: backed up{much} in {run.seconds} s")

            if not self._interrupted:
                try:
                    return await running.follow(self._live, upid, hear)
                except asyncio.CancelledError:
                    self._calm()
        if self._way.leave:
            return ""
        say(f"stopping {upid}", err=True)
        async with self._record.act(_stopping(upid), undo=True):
            return await running.stop(self._live, upid, hear)

    def _calm(self) -> None:
        """Take the interruption as heard, so that what is awaited now is not interrupted by it too."""
        self._interrupted = True
        if task := asyncio.current_task():
            task.uncancel()

    async def _parted(self, told: Told, said: str) -> Told:
        """Say how it ended, in the receipt too."""
        self._say(f"tier {self._order.tier}: {said}")
        await self._record.verdict(said)
        return told

    def _name(self, vmid: int) -> str:
        guest = self._site.guests.get(vmid)
        return f"guest {vmid} ({guest.name})" if guest else f"guest {vmid}"

    def _say(self, text: str) -> None:
        if not self._way.quiet:
            say(text)


class Bars:
    """A bar for each guest of a task, on standard error, gone at its end."""

    def __init__(self, vmids: Iterable[int], name: Callable[[int], str]) -> None:
        self._progress = bars(*COLUMNS)
        self._name = name
        self._bars: dict[int, TaskID] = {}
        self._finished: set[int] = set()
        for vmid in vmids:
            self._bar(vmid)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def aside(self) -> contextlib.AbstractContextManager[None]:
        """While something else is printed."""
        return aside(self._progress)

    def show(self, lines: list[str], runs: Iterable[GuestRun]) -> list[GuestRun]:
        """Move the bars to where the log is; the guests that ended since the last time."""
        if now := moving(lines):
            rate = f"{size(now.rate)}/s" if now.rate else ""
            self._progress.update(self._bar(now.vmid), completed=now.done, total=now.total or None, rate=rate)
        ended = [run for run in runs if run.ok is not None and run.vmid not in self._finished]
        for run in ended:
            self._finished.add(run.vmid)
            self._progress.update(self._bar(run.vmid), visible=False)
        return ended

    def _bar(self, vmid: int) -> TaskID:
        if vmid not in self._bars:
            self._bars[vmid] = self._progress.add_task(self._name(vmid), total=None, rate="")
        return self._bars[vmid]


def _stopping(upid: str) -> str:
    """The command that stops a task on its node."""
    return f"pvesh delete /nodes/{Upid.parse(upid).node}/tasks/{upid}"


def data(told: Told) -> dict[str, Any]:
    """What came of one backup, for JSON."""
    return {
        "tier": told.order.tier,
        "job": told.order.job,
        "upid": told.upid,
        "how": told.how,
        "status": told.status,
        "guests": [asdict(run) for run in told.guests],
    }
