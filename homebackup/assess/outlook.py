"""What becomes of a site's archives in the days to come, guest by guest and on the storage they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from homebackup.assess.agenda import Agenda, past_runs
from homebackup.assess.forecast import Forecast, Load, Transfer, forecast, growth, rate, transfer
from homebackup.assess.jobs import Job, retention_of
from homebackup.assess.retention import Copy, Day, Shelf, copies, effective, kind_of, reach, runs_of, simulate
from homebackup.model.backups.archive import Archive
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from pverules.retention import Retention


@dataclass(frozen=True)
class Outlook:
    """One guest of a tier: what its job keeps by whose retention, what there is, and what there will be each day.

    `shelf` is how its archives lie at the epoch `now`, `runs` are those of its job in as many days as are looked
    `ahead`. `hidden` is why nobody knows what there is; the days then begin without archives.
    """

    name: str
    job: Job
    whose: str
    shelf: Shelf
    runs: tuple[int, ...]
    now: int
    ahead: int
    hidden: Unseen | None

    @property
    def vmid(self) -> int:
        """The guest."""
        return self.shelf.vmid

    @property
    def keep(self) -> Retention:
        """The retention its archives go by."""
        return self.shelf.keep

    @property
    def there(self) -> Sequence[Copy]:
        """The archives there are, oldest first."""
        return self.shelf.copies

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """What there will be at the end of each day."""
        return tuple(simulate(replace(self.shelf, copies=[*self.there]), self.runs, self.now, self.ahead))

    @property
    def back(self) -> tuple[int, int] | None:
        """How many days the oldest restore point lies back once prunes have begun, least and most; None without any."""
        return reach(self.days, self.shelf.zone)


def outlooks(site: Site, facts: SiteFacts | None, planned: Agenda, now: float, days: int) -> list[Outlook]:
    """Every guest of the tiers in order, over so many days from `now` on."""
    zone = planned.line.zone
    archives = _by_guest(facts)
    found = []
    for standing in planned.standings:
        job = standing.job
        hidden = _hidden(facts, job.storage)
        keep, whose = effective(job, storage_retention(site, facts, job.storage))
        runs = runs_of(job, zone, int(now), days)
        for vmid in job.guests or () if job.tier else ():
            mine = archives.get((job.storage, vmid), ())
            guest = site.guests.get(vmid)
            kind = guest.kind if guest else kind_of(mine, vmid)
            shelf = Shelf(vmid, kind, keep, zone, copies(mine, vmid, kind, job.storage))
            found.append(Outlook(guest.name if guest else "", job, whose, shelf, runs, int(now), days, hidden))
    return found


def storage_retention(site: Site, facts: SiteFacts | None, name: str) -> Retention | None:
    """What a storage keeps: as found, else as declared; None where neither says."""
    if facts is not None and not isinstance(facts.storages, Unseen):
        section = next((one for one in facts.storages if one.get("storage") == name), None)
        if section is not None:
            return retention_of(section)
    declared = site.storage.retention if name == site.storage.name else None
    return None if declared is None else Retention.parse(declared)


def _by_guest(facts: SiteFacts | None) -> Mapping[tuple[str, int], Sequence[Archive]]:
    """All archives that can be seen, by storage and guest."""
    found: dict[tuple[str, int], list[Archive]] = {}
    for name, dump in facts.dumps.items() if facts else ():
        for archive in () if isinstance(dump, Unseen) else dump.archives:
            found.setdefault((name, archive.vmid), []).append(archive)
    return found


def _hidden(facts: SiteFacts | None, storage: str) -> Unseen | None:
    """Why the archives of a storage cannot be seen, None where they can."""
    dump = facts.dumps.get(storage) if facts else None
    return dump if isinstance(dump, Unseen) else None


def capacity(facts: SiteFacts, told: Sequence[Outlook], now: float) -> list[Forecast]:
    """What each storage needs for these guests in the same days; those whose archives nobody can see are left out."""
    storages = dict.fromkeys(one.job.storage for one in told if one.job.storage and not one.hidden)
    return [_capacity(facts, name, [one for one in told if one.job.storage == name], now) for name in storages]


def _capacity(facts: SiteFacts, name: str, told: Sequence[Outlook], now: float) -> Forecast:
    loads = [Load(one.shelf, one.runs, growth(one.there, now)) for one in told]
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
