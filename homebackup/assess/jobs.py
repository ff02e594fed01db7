"""The backup jobs of a site, as its owner declares them and as Proxmox VE has them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.model.spelling import from_wire
from homebackup.resources.vzdump_job import VzdumpJob
from pverules.calendar import CalendarEvent, InvalidSchedule
from pverules.retention import InvalidRetention, Retention

State = Literal["as declared", "differs", "missing", "not declared", "not looked at"]


@dataclass(frozen=True)
class Job:
    """One job: when it runs, for whom, and what else decides how it meets others.

    `guests` is None where Proxmox VE chooses (`chosen` then says how). `rank` is the place of the job's tier among the
    site's tiers, 0 the first to be done; None for a job of no tier. `node` is empty for a job of every node, `nas` the
    address that its archives go to, empty when that is not known. `retention` is the job's own; None leaves it to the
    storage. A job that is not `enabled` never runs.
    """

    name: str
    schedule: str
    guests: tuple[int, ...] | None = ()
    chosen: str = ""
    enabled: bool = True
    storage: str = ""
    retention: Retention | None = None
    node: str = ""
    nas: str = ""
    site: str = ""
    tier: str = ""
    rank: int | None = None

    @property
    def event(self) -> CalendarEvent | None:
        """Its schedule, None for one that Proxmox VE does not understand and therefore never runs."""
        try:
            return CalendarEvent.parse(self.schedule)
        except InvalidSchedule:
            return None

    @property
    def label(self) -> str:
        """What people call it: the tier and the job's name."""
        return f"{self.tier} ({self.name})" if self.tier else self.name


@dataclass(frozen=True)
class Standing:
    """One job by name, as declared, as found, and how the two stand to each other.

    `differences` are by the field's name in Proxmox VE what is declared and what is found.
    """

    name: str
    state: State
    declared: Job | None
    found: Job | None
    differences: Mapping[str, tuple[str, str]]

    @property
    def job(self) -> Job:
        """The job that runs: as found where it was looked at, else as declared."""
        job = self.found or self.declared
        assert job is not None
        return job


def declared(site: Site) -> list[Job]:
    """The jobs that the site declares, the first tier first."""
    return [
        Job(
            name=tier.job,
            schedule=tier.schedule,
            guests=tuple(int(vmid) for vmid in tier.guests),
            enabled=tier.enabled,
            storage=site.storage.name,
            retention=None if tier.retention is None else Retention.parse(tier.retention),
            node=site.node,
            nas=site.nas.address,
            site=site.name,
            tier=name,
            rank=rank,
        )
        for rank, (name, tier) in enumerate(site.in_order)
    ]


def neighbouring(others: Sequence[Site] | Unseen) -> list[Job]:
    """The jobs of other sites, as far as they are known; job `nightly` of tier p0 is `shop/nightly` of `shop p0`."""
    jobs = [] if isinstance(others, Unseen) else [job for site in others for job in declared(site)]
    return [replace(job, name=f"{job.site}/{job.name}", tier=f"{job.site} {job.tier}") for job in jobs]


def found(sections: Iterable[Mapping[str, Any]], site: Site | None, guests: Collection[int] = ()) -> list[Job]:
    """The jobs that Proxmox VE has, by name; `guests` are those of the cluster, which a job of all guests takes.

    A job belongs to a tier when it has the name of the tier's job; to none where no site is at hand.
    """
    ours = {job.name: job for job in declared(site)} if site else {}
    jobs = [_read(section, site, guests, ours) for section in sections if section.get("type", "vzdump") == "vzdump"]
    return sorted(jobs, key=lambda job: (job.rank is None, job.rank, job.name))


def _read(section: Mapping[str, Any], site: Site | None, guests: Collection[int], ours: Mapping[str, Job]) -> Job:
    said = from_wire(VzdumpJob, section)
    like = ours.get(said.job)
    chosen, who = "", tuple(sorted(int(vmid) for vmid in said.vmid or ()))
    if said.all:
        out = {int(vmid) for vmid in said.exclude or ()}
        chosen = "all guests" + (f" but {', '.join(map(str, sorted(out)))}" if out else "")
        who = tuple(sorted(set(guests) - out))
    elif said.pool:
        chosen = f"pool {said.pool}"
    storage = said.storage or "" if said.dumpdir else said.storage or "local"
    return Job(
        name=said.job,
        schedule=said.schedule,
        guests=None if chosen and not who else who,
        chosen=chosen,
        enabled=bool(said.enabled),
        storage=storage,
        retention=_retention(said),
        node=said.node or "",
        nas=site.nas.address if site and storage == site.storage.name else "",
        site=site.name if site else "",
        tier=like.tier if like else "",
        rank=like.rank if like else None,
    )


def retention_of(storage: Mapping[str, Any]) -> Retention | None:
    """The retention of a storage's section, None where it has none; what is not understood keeps all."""
    try:
        told = storage.get("prune-backups")
        return None if told is None else Retention.parse(told)
    except InvalidRetention:
        return Retention()


def _retention(said: VzdumpJob) -> Retention | None:
    """The job's own retention; one that Proxmox VE has and would not take again counts as keeping all."""
    if said.remove is False:
        return Retention()
    try:
        return None if said.prune_backups is None else Retention.parse(said.prune_backups)
    except InvalidRetention:
        return Retention()


def standings(wanted: Iterable[Job], there: Iterable[Job] | None) -> list[Standing]:
    """Declared and found jobs side by side, the declared ones first; None for `there` where nobody could look."""
    mine = {job.name: job for job in wanted}
    if there is None:
        return [Standing(name, "not looked at", job, None, {}) for name, job in mine.items()]
    seen = {job.name: job for job in there}
    both = []
    for name, job in mine.items():
        other = seen.get(name)
        unlike = _differences(job, other) if other else {}
        both.append(
            Standing(name, "missing" if other is None else "differs" if unlike else "as declared", job, other, unlike)
        )
    return both + [Standing(name, "not declared", None, job, {}) for name, job in seen.items() if name not in mine]


def _differences(one: Job, other: Job) -> dict[str, tuple[str, str]]:
    pairs = {
        "schedule": (spelled_schedule(one), spelled_schedule(other)),
        "enabled": (_yes(one.enabled), _yes(other.enabled)),
        "guests": (spelled_guests(one), spelled_guests(other)),
        "storage": (one.storage, other.storage),
        "retention": (spelled_retention(one), spelled_retention(other)),
    }
    return {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}


def spelled_schedule(job: Job) -> str:
    """The one spelling of its schedule; as it stands where Proxmox VE does not understand it."""
    return str(job.event or job.schedule)


def spelled_guests(job: Job) -> str:
    """Whom it backs up, in words."""
    return job.chosen or ", ".join(map(str, sorted(job.guests or ()))) or "nobody"


def spelled_retention(job: Job) -> str:
    """What it keeps, in Proxmox VE's spelling."""
    return "the storage's" if job.retention is None else str(job.retention)


def _yes(truth: bool) -> str:
    return "true" if truth else "false"
