"""What a site declares that will not do what its owner wants of it: doubts, each with the id of its rule."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import ceil
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import size, span
from homebackup.assess.conflicts import conflicts
from homebackup.assess.doubt import Doubt
from homebackup.assess.forecast import Forecast, Transfer
from homebackup.assess.jobs import Job, declared, neighbouring
from homebackup.assess.policy import against_policy
from homebackup.assess.retention import Shelf, effective, reach, runs_of, simulate
from homebackup.assess.timeline import DAY, timeline, week
from homebackup.assess.usual import Usual
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.resources.vzdump_job import VzdumpJob
from pverules.calendar import left_out, longest_gap
from pverules.retention import Retention

HOUR = 3600
AHEAD = 35
"""Days of the timeline that is looked through: every weekday and day of the month."""
YEAR = 400
FEW = 14
"""Archives that are few enough to be counted one by one."""
MARGIN = 2
"""Hours by which a proposed `stale-after-hours` exceeds what a schedule makes necessary."""


def doubts(
    site: Site,
    zone: ZoneInfo,
    now: float,
    usual: Mapping[str, Usual | None] | None = None,
    neighbours: Sequence[Site] | Unseen = (),
) -> list[Doubt]:
    """Every doubt about what a site declares, on a node in `zone`; `usual` is by job, as far as runs were measured.

    `neighbours` are other sites that use the same NAS. Exemptions do not count here.
    """
    jobs, lasting = declared(site), usual or {}
    gaps = {job.name: longest_gap(job.event, int(now), zone, YEAR) if job.event else None for job in jobs}
    return [
        *_disabled(jobs),
        *against_policy(site, jobs, gaps),
        *_stale(site, jobs, gaps, lasting),
        *_horizons(site, jobs, zone, now),
        *_timed(site, [*jobs, *neighbouring(neighbours)], zone, now, lasting),
        *_left_out(jobs, zone, now),
    ]


def _disabled(jobs: list[Job]) -> Iterator[Doubt]:
    for job in jobs:
        if not job.enabled:
            yield Doubt("disabled", f"tier {job.tier}", f"its job {job.name} is disabled", "write enabled: true")


def _stale(
    site: Site, jobs: list[Job], gaps: Mapping[str, int | None], usual: Mapping[str, Usual | None]
) -> Iterator[Doubt]:
    """Thresholds that a guest exceeds although every run ends well."""
    for job in jobs:
        gap = gaps[job.name]
        if gap is None:
            continue
        lasting = usual.get(job.name)
        age = gap + (lasting.seconds if lasting else 0)
        run = f" and a run usually takes {span(lasting.seconds)}" if lasting else ""
        for vmid in job.guests or ():
            hours = site.guests[vmid].stale_after_hours
            if hours * HOUR <= age:
                yield Doubt(
                    "stale-too-early",
                    f"guest {vmid}",
                    f"it is stale after {hours} h, but {job.schedule} leaves up to {_hours(gap)} between two runs{run},"
                    " so it turns stale before the next archive is there",
                    f"write stale-after-hours: {ceil(age / HOUR) + MARGIN}",
                )


def _hours(seconds: int) -> str:
    return f"{seconds / HOUR:g} h" if seconds % 360 == 0 else f"{seconds / HOUR:.1f} h"


def _horizons(site: Site, jobs: list[Job], zone: ZoneInfo, now: float) -> Iterator[Doubt]:
    """Retentions that cannot reach back to the stated horizon once they have settled."""
    storage = None if site.storage.retention is None else Retention.parse(site.storage.retention)
    for job in jobs:
        horizon = site.tiers[job.tier].horizon_days
        keep, whose = effective(job, storage)
        if horizon is None or not job.enabled or (least := _least(job, keep, zone, now, horizon)) >= horizon:
            continue
        yield Doubt(
            "horizon",
            f"tier {job.tier}",
            f"{keep} of {whose} reaches back {least} days at times, the horizon is {horizon} days",
            f"write retention: {_enough(job, keep, zone, now, horizon)}",
        )


def _least(job: Job, keep: Retention, zone: ZoneInfo, now: float, horizon: int) -> int:
    """The days that the oldest restore point lies back at least, `horizon` where it lies further back than that."""
    if keep.keeps_all:
        return horizon
    days = 2 * horizon + 62
    found = simulate(Shelf(100, "qemu", keep, zone), runs_of(job, zone, int(now), days), int(now), days)
    back = reach(found, zone)
    return horizon if back is None and found[-1].kept else back[0] if back else 0


def _enough(job: Job, keep: Retention, zone: ZoneInfo, now: float, horizon: int) -> str:
    """The retention with one count raised as little as needed, of archives where they are few, else of a period."""
    few = len(runs_of(job, zone, int(now), horizon)) <= FEW
    period = "last" if few else "daily" if horizon <= 14 else "weekly" if horizon <= 70 else "monthly"

    def raised(count: int) -> Retention:
        return Retention(**{**keep.counts, period: count})

    counts = range(keep.counts.get(period, 0) + 1, horizon + 3)
    place = bisect_left(counts, True, key=lambda count: _least(job, raised(count), zone, now, horizon) >= horizon)
    return str(raised(counts[place])) if place < len(counts) else "keep-all=1"


def _timed(
    site: Site, jobs: list[Job], zone: ZoneInfo, now: float, usual: Mapping[str, Usual | None]
) -> Iterator[Doubt]:
    """What conflicts on the timeline of the coming weeks."""
    start, end = week(now, zone, AHEAD)
    for found in conflicts(timeline(jobs, site.windows, usual, zone, start, end), site.name):
        if found.kind not in ("skipped", "twice"):
            yield Doubt(found.kind, f"job {found.jobs[-1 if found.kind != 'window' else 0]}", found.said, found.remedy)


def _left_out(jobs: list[Job], zone: ZoneInfo, now: float) -> Iterator[Doubt]:
    """Runs of the coming year that the clock leaves out."""
    for job in jobs:
        for gap in left_out(job.event, zone, int(now), int(now) + YEAR * DAY) if job.event and job.enabled else ():
            yield Doubt(
                "left-out",
                f"job {job.name}",
                f"{gap.times[0]:%H:%M} does not exist on {gap.times[0]:%Y-%m-%d} in {zone.key}, where clocks go from"
                f" {gap.before:%H:%M} to {gap.after:%H:%M}, and Proxmox VE leaves that run out",
                f"start it at {gap.after:%H:%M} or later, or before {gap.before:%H:%M}",
            )


def of_forecast(needs: Iterable[Forecast], times: Iterable[Transfer], now: float) -> Iterator[Doubt]:
    """Every doubt about what storages can hold and jobs can do in time."""
    for need in needs:
        if need.room is not None and (days := need.days_to_full(now)) is not None:
            said = f"archives need {size(need.peak)}, there is room for {size(need.room)}, so it is full in {days} days"
            yield Doubt("does-not-fit", f"storage {need.storage}", said, "keep fewer archives, or make room")
    for one in times:
        if not one.fits and one.seconds is not None and one.room is not None:
            how = "usually takes" if one.measured else "is estimated to take"
            said = f"it {how} {span(one.seconds)} and has {span(one.room)} until {one.until}"
            yield Doubt("too-long", f"job {one.job.name}", said, "start it earlier, or move guests to another job")


def of_job(job: VzdumpJob, guests: Collection[int] | None = None) -> list[Doubt]:
    """Every doubt about one job, as declared or as found; `guests` are those of the cluster, None when not known."""
    return [*_no_guests(job, guests), *_notifications(job)]


def _no_guests(job: VzdumpJob, guests: Collection[int] | None) -> Iterator[Doubt]:
    chosen = {int(vmid) for vmid in job.vmid or ()}
    if not (chosen or job.all or job.pool):
        yield Doubt("no-guests", f"job {job.job}", "it chooses no guest, so it protects nobody", "give it guests")
    elif chosen and guests is not None and not chosen & set(guests):
        gone = ", ".join(map(str, sorted(chosen)))
        yield Doubt(
            "no-guests", f"job {job.job}", f"none of its guests ({gone}) exists", "delete it, or give it others"
        )


def _notifications(job: VzdumpJob) -> Iterator[Doubt]:
    for said, instead in job.doubtful():
        yield Doubt("notification-ignored", f"job {job.job}", said, instead)
