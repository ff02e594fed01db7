"""What becomes of a site's archives in the days to come, guest by guest and on the storage they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from homebackup.assess.agenda import Agenda, past_runs
from homebackup.assess.forecast import Forecast, Load, Transfer, forecast, growth, rate, transfer
from homebackup.assess.jobs import Job, retention_of
from homebackup.assess.retention import Copy, Day, Shelf, copies, effective, reach, runs_of, simulate
from homebackup.model.backups.archive import Dump
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from pverules.retention import Retention

Back = tuple[int, int] | None


@dataclass(frozen=True)
class Outlook:
    """One guest of a tier: what its job keeps by whose retention, what there is, and what there will be each day.

    `back` is how many days the oldest restore point lies back at least and at most once prunes have begun, None where
    nothing is pruned in these days. `hidden` is why nobody knows what there is; the days then begin without archives.
    """

    vmid: int
    name: str
    job: Job
    keep: Retention
    whose: str
    there: tuple[Copy, ...]
    days: tuple[Day, ...]
    back: Back
    hidden: Unseen | None


def outlooks(site: Site, facts: SiteFacts | None, planned: Agenda, now: float, days: int) -> list[Outlook]:
    """Every guest of the tiers in order, over so many days from `now` on."""
    zone = planned.line.zone
    found = []
    for standing in planned.standings:
        job = standing.job
        keep, whose = effective(job, storage_retention(site, facts, job.storage))
        runs = runs_of(job, zone, int(now), days)
        for vmid in job.guests or () if job.tier else ():
            there, hidden = _there(facts, vmid, job.storage)
            shelf = Shelf(vmid, _kind(site, vmid), keep, zone, [*there])
            told = simulate(shelf, runs, int(now), days)
            name = site.guests[vmid].name if vmid in site.guests else ""
            found.append(Outlook(vmid, name, job, keep, whose, there, tuple(told), reach(told, zone), hidden))
    return found


def storage_retention(site: Site, facts: SiteFacts | None, name: str) -> Retention | None:
    """What a storage keeps: as found, else as declared; None where neither says."""
    if facts is not None and not isinstance(facts.storages, Unseen):
        section = next((one for one in facts.storages if one.get("storage") == name), None)
        if section is not None:
            return retention_of(section)
    declared = site.storage.retention if name == site.storage.name else None
    return None if declared is None else Retention.parse(declared)


def _there(facts: SiteFacts | None, vmid: int, storage: str) -> tuple[tuple[Copy, ...], Unseen | None]:
    """A guest's archives, oldest first, and why they cannot be seen."""
    if facts is None:
        return (), None
    dump = facts.dumps.get(storage, Dump(storage, ""))
    if isinstance(dump, Unseen):
        return (), dump
    return tuple(copies(dump.archives, vmid, storage)), None


def _kind(site: Site, vmid: int) -> str:
    return site.guests[vmid].kind if vmid in site.guests else "qemu"


def capacity(facts: SiteFacts, told: Sequence[Outlook], now: float, zone: ZoneInfo) -> list[Forecast]:
    """What each storage needs for these guests in the same days; those whose archives nobody can see are left out."""
    storages = dict.fromkeys(one.job.storage for one in told if one.job.storage and not one.hidden)
    return [_capacity(facts, name, [one for one in told if one.job.storage == name], now, zone) for name in storages]


def _capacity(facts: SiteFacts, name: str, told: Sequence[Outlook], now: float, zone: ZoneInfo) -> Forecast:
    loads = []
    for one in told:
        runs = runs_of(one.job, zone, int(now), len(one.days))
        kind = next((copy.name.split("-")[1] for copy in one.there), "qemu")
        loads.append(Load(Shelf(one.vmid, kind, one.keep, zone, [*one.there]), tuple(runs), growth(one.there, now)))
    space = facts.space.get(name)
    return forecast(name, loads, None if space is None or isinstance(space, Unseen) else space.free)


def transfers(facts: SiteFacts | None, planned: Agenda, told: Sequence[Outlook], now: float) -> list[Transfer]:
    """How long each job takes against the time it has until a window or its own next run."""
    speed = rate(past_runs(facts))
    found = []
    for standing in planned.standings:
        sizes = [growth(one.there, now) for one in told if one.job.name == standing.name]
        size = sum(one.size_at(now) for one in sizes if one)
        found.append(transfer(standing.job, planned.line, planned.usual.get(standing.name), size, speed))
    return found
