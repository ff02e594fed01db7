"""Weighs what a change of a job or a storage takes away and whether it fits, and stops a loss that is not meant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from homebackup.assess.losses import Stake, of_sections, stakes
from homebackup.assess.room import tight
from homebackup.engine.said import Said
from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.places import folder
from homebackup.model.declare import Value
from homebackup.model.seen import Unseen
from homebackup.model.spelling import wire_form
from homebackup.model.steps import Blocked, Plan
from homebackup.resources.dir_storage import DirStorage
from homebackup.resources.vzdump_job import VzdumpJob
from homebackup.world.live_site import LiveSite
from pverules.formats import split_list

OF_A_JOB = (
    "enabled",
    "vmid",
    "all",
    "exclude",
    "pool",
    "node",
    "storage",
    "dumpdir",
    "prune_backups",
    "remove",
)
"""What of a job decides which archives its prune removes and which guests it covers. Its schedule is none of it: one
that never runs is refused anyway."""
OF_A_STORAGE = ("prune_backups",)
_FACE = ZoneInfo("UTC")
"""Archives are named by the node's wall clock, and the days of its calendar are counted by that face."""
Sections = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Change:
    """The sections of jobs and storages before a step and after it; `name` is that of the job that changes."""

    jobs: Sections
    jobs_after: Sections
    storages: Sections
    storages_after: Sections
    name: str = ""


class Guard:
    """Weighs the plans of one run on a site, of whose program it knows what it `said`."""

    def __init__(self, site: LiveSite, said: Said) -> None:
        self._site, self._said = site, said

    async def weighed(self, plan: Plan, seen: Any, new: Any) -> Plan:
        """The plan with what it takes away and doubts of it; `seen` is None for what is made, `new` for what goes."""
        if new is None and isinstance(seen, DirStorage):
            return replace(plan, losses=(*plan.losses, *await self._grants(seen)))
        if (change := await self._change(seen, new)) is None:
            return plan
        guests = await self._guests(change)
        change = _concerned(
            replace(change, jobs=_settled(change.jobs, guests), jobs_after=_settled(change.jobs_after, guests))
        )
        asked = stakes(change.jobs, change.jobs_after, storages=change.storages, storages_after=change.storages_after)
        dumps = {stake.storage: await self._archives(stake.storage, change.storages_after) for stake in asked}
        found = of_sections(
            change.jobs,
            change.jobs_after,
            [archive for dump in dumps.values() for archive in _in(dump)],
            _FACE,
            max((dump.clock or 0.0 for dump in dumps.values() if isinstance(dump, Dump)), default=0.0),
            storages=change.storages,
            storages_after=change.storages_after,
            elsewhere=self._elsewhere(change.name, new),
        )
        hidden = {one: dump for one in asked if one.shorter and isinstance(dump := dumps[one.storage], Unseen)}
        losers = {one.job for one in found.pruned} | {one.job for one in hidden}
        losers |= {change.name} if found.guests else set()
        meant = self._said.acknowledged | set(getattr(new, "acknowledge", None) or ())
        held = await self._held(new, dumps, change.storages_after)
        return replace(
            plan,
            losses=tuple(found.lines(_FACE)),
            unseen="; ".join(dict.fromkeys(_unseen(stake, why) for stake, why in hidden.items())),
            blocked=plan.blocked or _refused(losers - meant),
            doubts=tuple(map(str, tight(change.jobs_after, change.storages_after, held, _FACE) if held else ())),
        )

    async def _change(self, seen: Any, new: Any) -> Change | None:
        """The change of sections that a change of a resource is, None for one that takes nothing away."""
        if isinstance(new or seen, VzdumpJob) and (_differs(seen, new, OF_A_JOB) if new else self._said.sections):
            job: VzdumpJob = new or seen
            name = job.job
            jobs, listed = await self._listed()
            storages = _put(listed, "storage", self._said.of(DirStorage.api))
            return Change(jobs, _put(jobs, "id", {name: new and wire_form(new)}), storages, storages, name)
        if isinstance(new, DirStorage) and _differs(seen, new, OF_A_STORAGE):
            jobs, listed = await self._listed()
            return Change(jobs, jobs, listed, _put(listed, "storage", {new.storage: wire_form(new)}))
        return None

    async def _grants(self, storage: DirStorage) -> list[str]:
        """What Proxmox VE forgets of a storage with it, as far as it is shown to us: who may do what there."""
        path = f"/storage/{storage.storage}"
        return [
            f"the {one['type']} {one['ugid']} loses role {one['roleid']} on {path}, which does not come back"
            for one in await self._site.listing("/access/acl")
            if one.get("path") == path
        ]

    async def _listed(self) -> tuple[Sections, Sections]:
        return await self._site.listing(VzdumpJob.api), await self._site.listing(DirStorage.api)

    async def _guests(self, change: Change) -> Sections:
        """The cluster's guests, where a job leaves it to Proxmox VE which ones it takes."""
        chosen = any(job.get("all") or job.get("pool") for job in (*change.jobs, *change.jobs_after))
        return [one for one in await self._site.listing("/cluster/resources") if one.get("vmid")] if chosen else []

    async def _archives(self, name: str, storages: Sections) -> Dump | Unseen:
        section: Mapping[str, Any] = next((one for one in storages if one["storage"] == name), {})
        if not section:
            return Dump(name, "")
        if not section.get("path"):
            return Unseen(f"storage {name} keeps archives in no directory", "look at them in Proxmox VE")
        dump = await self._site.archives(folder(str(section["path"]), section.get("content-dirs")))
        if isinstance(dump, Unseen):
            return dump
        if not dump.complete:
            return Unseen(f"the listing of {dump.folder} is not complete", "run this again")
        return replace(dump, storage=name, archives=tuple(replace(one, storage=name) for one in dump.archives))

    async def _held(self, new: Any, dumps: Mapping[str, Dump | Unseen], storages: Sections) -> Dump | None:
        """What the storage holds that a job will write to or that will keep otherwise, where that can be seen."""
        name = str(getattr(new, "storage", None) or "")
        dump = (dumps.get(name) or await self._archives(name, storages)) if name else None
        return dump if isinstance(dump, Dump) else None

    def _elsewhere(self, name: str, new: Any) -> set[int]:
        """The guests that other jobs of the same program have, by what it says beside this job and has said of them."""
        others = [job for other, job in self._said.of(VzdumpJob.api).items() if other != name and job.get("enabled")]
        said = {int(vmid) for job in others for vmid in split_list(str(job.get("vmid") or ""))}
        return said | {int(vmid) for vmid in getattr(new, "elsewhere", None) or ()}


def _differs(seen: Any, new: Any, names: Iterable[str]) -> bool:
    def value(of: Any, name: str) -> Value:
        return getattr(of, name, None)

    return seen is None or any(value(seen, name) != value(new, name) for name in names)


def _put(sections: Sections, key: str, declared: Mapping[str, Mapping[str, Any] | None]) -> Sections:
    """The sections with those that are declared in the place of what is there; None takes one away."""
    others = [section for section in sections if section.get(key) not in declared]
    return [*others, *(section for section in declared.values() if section)]


def _settled(jobs: Sections, guests: Sections) -> Sections:
    """The jobs with the guests that Proxmox VE would choose for them now."""
    return [job | {"vmid": _chosen(job, guests), "all": 0, "pool": None} for job in map(dict, jobs)]


def _concerned(change: Change) -> Change:
    """The change with only those jobs that have a guest of the changed one; all of them where a storage changes.

    The others lose nothing by it, and a site with hundreds of jobs would read all of them again for each.
    """
    if not change.name:
        return change
    both = [*change.jobs, *change.jobs_after]
    mine = {vmid for job in both if job.get("id") == change.name for vmid in split_list(job["vmid"])}
    jobs, after = (
        [job for job in sections if job.get("id") == change.name or mine.intersection(split_list(job["vmid"]))]
        for sections in (change.jobs, change.jobs_after)
    )
    return replace(change, jobs=jobs, jobs_after=after)


def _chosen(job: Mapping[str, Any], guests: Sections) -> str:
    if not (job.get("all") or job.get("pool")):
        return str(job.get("vmid") or "")
    out = set(split_list(str(job.get("exclude") or "")))
    there = [one for one in guests if job.get("node") in (None, one.get("node")) and str(one["vmid"]) not in out]
    return ",".join(str(one["vmid"]) for one in there if job.get("all") or one.get("pool") == job.get("pool"))


def _in(dump: Dump | Unseen) -> tuple[Archive, ...]:
    return dump.archives if isinstance(dump, Dump) else ()


def _unseen(stake: Stake, why: Unseen) -> str:
    return f"{why.said}, so which archives the next run of {stake.job} prunes is not known; {why.remedy}"


def _refused(jobs: set[str]) -> Blocked | None:
    if not jobs:
        return None
    names = ", ".join(sorted(jobs))
    said = f"archives or guests' cover that {names} has may be lost by it, and nobody said that this is meant"
    return Blocked(said, f"if it is, write acknowledge: [{names}] into the site and run this again", "refused")
