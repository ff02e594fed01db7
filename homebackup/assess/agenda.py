"""What happens when at a site: its jobs as declared and as found, how long they take, the days to come, conflicts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from homebackup.assess.conflicts import Conflict, conflicts
from homebackup.assess.jobs import Job, Standing, declared, found, neighbouring, spelled_schedule, standings
from homebackup.assess.timeline import Timeline, timeline, week
from homebackup.assess.usual import Usual, measured, usual
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.backups.task import GuestRun
from homebackup.model.seen import Unseen
from homebackup.model.site import Site

_UTC = "UTC"


@dataclass(frozen=True)
class Agenda:
    """The days to come; `usual` is by job, None for a job of which no guest was ever measured."""

    standings: tuple[Standing, ...]
    usual: Mapping[str, Usual | None]
    line: Timeline
    conflicts: tuple[Conflict, ...]
    apart: tuple[str, ...] = ()
    """What no job does: applications that dump themselves, and what is deferred."""

    @property
    def troubled(self) -> bool:
        """Whether something does not go together, or a declared job is not there as declared."""
        return bool(self.conflicts) or any(one.state in ("missing", "differs") for one in self.standings)

    @property
    def notes(self) -> list[str]:
        """What stands between the jobs that are declared and those that are there, and what none of them does."""
        return [*(said for standing in self.standings if (said := _note(standing))), *self.apart]


def agenda(
    site: Site, facts: SiteFacts | None, now: float, days: int = 7, neighbours: Sequence[Site] | Unseen = ()
) -> Agenda:
    """What happens from today on for so many days; as declared, by a clock in UTC, where there are no facts.

    Jobs that are declared and not there yet are shown as if they were, and so are those of `neighbours`, which are the
    facts' where there are facts.
    """
    zone = ZoneInfo(facts.zone if facts else _UTC)
    jobs = standings(declared(site), None if facts is None or isinstance(facts.jobs, Unseen) else _found(site, facts))
    runs = past_runs(facts)
    lasting = {one.name: usual(one.job.guests or (), runs) for one in jobs}
    start, end = week(now, zone, days)
    others = neighbouring(facts.neighbours if facts else neighbours)
    line = timeline([*(one.job for one in jobs), *others], site.windows, lasting, zone, start, end)
    return Agenda(tuple(jobs), lasting, line, tuple(conflicts(line, site.name)), tuple(_apart(site)))


def _apart(site: Site) -> Iterator[str]:
    for name, app in sorted(site.apps.items()):
        if app.dump:
            yield f"app {name} dumps itself in guest {app.guest}, {app.dump.schedule} by its clock"
    waiting = {f"guest {vmid}": guest.deferred for vmid, guest in sorted(site.guests.items())}
    waiting |= {f"app {name}": app.deferred for name, app in sorted(site.apps.items())}
    yield from (f"{name} is deferred: {deferred}" for name, deferred in waiting.items() if deferred)


def past_runs(facts: SiteFacts | None) -> list[GuestRun]:
    """The measured runs of guests, none where tasks could not be seen."""
    return [] if facts is None or isinstance(facts.tasks, Unseen) else measured(facts.tasks)


def _found(site: Site, facts: SiteFacts) -> list[Job]:
    assert not isinstance(facts.jobs, Unseen)
    guests = [] if isinstance(facts.guests, Unseen) else [guest.vmid for guest in facts.guests if not guest.template]
    return found(facts.jobs, site, guests)


def _note(standing: Standing) -> str:
    if standing.state == "missing":
        return f"{standing.job.label} is declared, but not there; pulumi up makes it"
    if standing.state == "not declared":
        off = "" if standing.job.enabled else ", disabled"
        return f"{standing.job.label} ({spelled_schedule(standing.job)}{off}) is there, but not declared"
    if standing.state == "differs":
        unlike = ", ".join(f"{field} is {is_} instead of {was}" for field, (was, is_) in standing.differences.items())
        return f"{standing.job.label} is not as declared: {unlike}"
    return ""
