"""pvescheduler: starts backup jobs when they are due, and replays what was due while the clock was moved (PVE::Jobs).

A job runs as root@pam, one task a job. What a node missed while it was off is made up for only with `repeat-missed`.
A job's state lies in /var/lib/pve-manager/jobs, as lab.pve.jobcfg keeps it.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from lab.pve.call import ROOT
from lab.pve.errors import ApiError
from lab.pve.jobcfg import Jobs
from lab.pve.pace import pace_of
from lab.pve.routes import CALLS
from lab.pve.sections import Section
from lab.pve.tasks import Task
from lab.pve.vzdump import begin
from pverules.calendar import CalendarEvent, InvalidSchedule
from pverules.upid import Upid

if TYPE_CHECKING:
    from lab.pve.api import Api

NAP = 0.5
"""Seconds of real time after which the clock is looked at again."""
OPTIONS = set(CALLS["POST /nodes/{node}/vzdump"]["parameters"]) - {"stdout"}


class Scheduler:
    """The scheduler of one node."""

    def __init__(self, api: "Api") -> None:
        """A scheduler that is told when the clock is moved; `start` lets it look at the clock by itself, too."""
        self.api = api
        self.looked = asyncio.Event()
        """Set after each look at the clock; whoever waits for one clears it."""
        self._watching: asyncio.Task[None] | None = None
        self._moves = api.clock.moves
        api.clock.moved(self.moved)

    @property
    def jobs(self) -> Jobs:
        """The jobs as the file says now."""
        return Jobs(self.api.files, self.api.clock)

    def boot(self) -> None:
        """Begin anew as after a start of the node: what was missed is forgotten, except by jobs that repeat it."""
        now = int(self.api.clock.now())
        for job in self._known():
            if not job.get("repeat-missed"):
                self.jobs.set_state(job.id, {**self.jobs.state(job.id), "updated": now})

    def start(self) -> None:
        """Boot, and look at the clock from now on; a second start begins anew."""
        if self._watching:
            self._watching.cancel()
        self.boot()
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def stop(self) -> None:
        """Start no more jobs; those that run go on."""
        if self._watching:
            self._watching.cancel()
            await asyncio.wait({self._watching})
            self._watching = None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(NAP)
            self.look()
            self.looked.set()

    def look(self) -> None:
        """Start every job whose time has come, unless that time is in a move of the clock, which is replayed."""
        if self._moves == self.api.clock.moves and not pace_of(self.api).replaying:
            self.run_due()

    async def moved(self, before: float, after: float) -> None:
        """Let the time between two readings of the clock pass: every run at its time, in the order of their times."""
        pace = pace_of(self.api)
        await asyncio.sleep(0)  # the others who listen see the new time before the old one is shown once more
        self._moves += 1
        if pace.replaying or after <= before:
            return
        with pace.replay(before):
            self._known()
        at = before
        while (due := self._next_due()) is not None and max(due, at) <= after:
            with pace.replay(max(due, at)):
                tasks = self.run_due()
                for task in tasks:
                    await task.wait()
                at = max(self.api.clock.now(), at + 1)
                self._known()

    def run_due(self) -> list[Task]:
        """Start every job whose time has come; returns the tasks."""
        now, started = self.api.clock.now(), []
        for job in self._known():
            due = self._due(job)
            if due is not None and due <= now:
                task = self._run(job)
                started += [task] if task else []
        return started

    def _known(self) -> list[Section]:
        """The jobs of this node by id, after their states were brought up to date."""
        jobs, found = self.jobs, []
        for job in sorted(jobs.all, key=lambda section: section.id):
            if job.get("node") not in (None, self.api.node):
                continue
            state = jobs.state(job.id)
            jobs.noticed(job, created=not state)
            task = self._task(state)
            if state.get("state") == "started" and (task is None or not task.running):
                message = task.status if task else "unknown"
                jobs.set_state(job.id, {**jobs.state(job.id), "state": "stopped", "msg": message})
            found.append(job)
        return found

    def _task(self, state: dict[str, Any]) -> Task | None:
        return self.api.tasks.find(str(state.get("upid", "")))

    def _due(self, job: Section) -> float | None:
        """When a job is to run next; None where it is off, runs just now, or never."""
        state = self.jobs.state(job.id)
        task = self._task(state)
        if not job.get("enabled", 1) or (task is not None and task.running):
            return None
        try:
            event = CalendarEvent.parse(str(job.get("schedule")))
        except InvalidSchedule:
            return None
        return event.next_after(_last(state), self.api.clock.zone)

    def _next_due(self) -> float | None:
        dues = [due for job in self._known() if (due := self._due(job)) is not None]
        return min(dues, default=None)

    def _run(self, job: Section) -> Task | None:
        """Start a job and note that; one that cannot be started is noted as failed and tried at its next time."""
        jobs, now = self.jobs, int(self.api.clock.now())
        config = jobs.state(job.id).get("config")
        options = {key: value for key, value in job.values.items() if key in OPTIONS and key != "node"}
        data, message = "", "OK"
        try:
            data = begin(self.api, ROOT, options | {"quiet": 1, "job-id": job.id})
        except ApiError as error:
            message = error.text.strip()
        task = self.api.tasks.find(data)
        state: dict[str, Any] = {"state": "stopped", "msg": message, "time": now}
        if task:
            state = {"state": "started", "upid": data}
        jobs.set_state(job.id, state | {"config": config})
        return task


def _last(state: dict[str, Any]) -> int:
    """From when on the next run of a job counts."""
    if "updated" in state:
        return int(state["updated"])
    return int(state["time"]) if "time" in state else Upid.parse(state["upid"]).start
