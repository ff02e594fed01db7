"""All that the verdict on one guest hangs on: its cover, its jobs and their plan, its past, and what was verified."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import size
from homebackup.assess.coverage import Cover
from homebackup.assess.history import AHEAD, Past, Plan, latest
from homebackup.assess.jobs import Job
from homebackup.model.backups.archive import Archive
from homebackup.model.backups.drill import Drilled
from homebackup.model.backups.verification import Verified
from homebackup.model.seen import Unseen
from homebackup.model.site import Guest
from pverules.local_time import HOUR, wall_at

SMALL = 0.5
"""An archive smaller than this share of the median of those before it is suspicious."""
BEFORE = 5
"""Archives that a new one is compared with."""
UNMEASURED = 2 * HOUR
"""Seconds that a guest without any measured backup is given."""
GRACE = 900
"""Seconds beyond the usual before something is late."""


@dataclass(frozen=True)
class Case:
    """The case of one guest.

    `unseen` is why its archives cannot be looked at, `late` that time ran out before all of them were listed. Runs of
    before `counting` (epoch) were those of another schedule; `known` says whether that was looked up.
    `verified` is what was last verified of its archives, by their names, and `drills` what their last drills came to;
    `drill` is the last of them all.
    """

    vmid: int
    guest: Guest
    cover: Cover
    jobs: tuple[Job, ...]
    plan: Plan
    past: Past
    unseen: Unseen | None
    whole: bool
    late: bool
    now: float
    zone: ZoneInfo
    storage: str
    counting: int
    known: bool
    verified: Mapping[str, Verified]
    drills: Mapping[str, Drilled]
    drill: Drilled | None

    @cached_property
    def newest(self) -> Archive | None:
        """The newest archive that counts and has no fault that is known."""
        numbers = reversed(range(len(self.past.archives)))
        return next((self.past.archives[number] for number in numbers if not self.fault(number)), None)

    @property
    def age(self) -> float | None:
        """Seconds since the backup of the newest archive began."""
        return None if self.newest is None else self.now - self.newest.time

    @cached_property
    def missed(self) -> tuple[int, ...]:
        """The runs since the newest archive whose time, and what they usually take, has passed."""
        begun = latest(self.newest, self.zone) if self.newest else self.now - 40 * 24 * HOUR
        over = self.now - self.usual - GRACE
        return self.plan.between(max(begun + AHEAD, self.counting), over)

    @cached_property
    def usual(self) -> int:
        """Seconds from a scheduled run until the archive is usually complete."""
        delay = self.plan.delay(self.past.archives, self.past, self.zone)
        return UNMEASURED if delay is None else delay

    def fault(self, number: int) -> str:
        """What is wrong with an archive, as far as its size and its verification tell; empty for nothing."""
        archive = self.past.archives[number]
        if archive.size == 0:
            return f"{archive.name} is empty"
        run = self.past.run_of(archive)
        if run and run.size and archive.size < run.size * 0.99 - 1:
            return f"{archive.name} is cut off: {size(archive.size)} of the {size(run.size)} that were written"
        looked = self.verified.get(archive.name)
        if looked and looked.state == "bad":
            return f"{archive.name} did not pass the {looked.depth} check of {self.when(looked.time)}: {looked.said}"
        proved = self.drills.get(archive.name)
        if proved and not proved.ok:
            return f"{archive.name} did not pass the drill of {self.when(proved.time)}: {proved.said}"
        before = [a.size for a in self.past.archives[max(0, number - BEFORE) : number] if a.size]
        if before and archive.size < median(before) * SMALL:
            return f"is suspiciously small: {size(archive.size)}, where {size(median(before))} is usual"
        return ""

    def when(self, epoch: float) -> str:
        """A moment by the node's clock: `Sun 22 Nov 03:00`."""
        return f"{wall_at(int(epoch), self.zone):%a %d %b %H:%M}"

    @property
    def again(self) -> str:
        """How to back the guest up at once."""
        return f"back it up now: homebackup run {self.vmid}"
