"""What a site declares against its policy, where that is refused nowhere: each a doubt with the rule's id."""

from collections.abc import Iterable, Iterator, Mapping

from homebackup.assess.doubt import Doubt
from homebackup.assess.jobs import Job
from homebackup.assess.retention import effective
from homebackup.model.site import TMPDIR, Site
from pverules.retention import Retention

DAILY = 25 * 3600
"""Seconds between two runs of a day each; the clock takes an hour back in autumn."""
LEAST, LEAST_CRITICAL = 2, 3
"""Archives of a guest that are kept at least."""


def against_policy(site: Site, jobs: Iterable[Job], gaps: Mapping[str, int | None]) -> Iterator[Doubt]:
    """Every doubt; `gaps` are the longest between two runs of each job, in seconds."""
    yield from _place(site)
    yield from _tmpdirs(site)
    for job in jobs:
        critical = [v for v in job.guests or () if site.guests[v].classification == "critical"]
        whose = f"guest {critical[0]} is critical" if critical else "every guest has at least two"
        gap = gaps.get(job.name)
        if critical and gap is not None and gap > DAILY:
            said = f"{job.schedule} leaves up to {gap // 3600} h between two runs, and {whose}"
            yield Doubt("critical-daily", f"tier {job.tier}", said, "write a schedule that runs every day")
        yield from _few(site, job, LEAST_CRITICAL if critical else LEAST, whose)


def _few(site: Site, job: Job, least: int, whose: str) -> Iterator[Doubt]:
    storage = None if site.storage.retention is None else Retention.parse(site.storage.retention)
    keep, by = effective(job, storage)
    kept = sum(keep.counts.values())
    if not keep.keeps_all and kept < least:
        archives = "1 archive" if kept == 1 else f"{kept} archives"
        said = f"{keep} of {by} keeps {archives} of a guest, and {whose}"
        yield Doubt("retention", f"tier {job.tier}", said, f"write retention: {{keep-last: {least}}}")


def _place(site: Site) -> Iterator[Doubt]:
    target = site.mount.target
    if not site.storage.is_mountpoint:
        said = f"Proxmox VE writes to it also while nothing is mounted at {target}"
        yield Doubt("mounted-only", f"storage {site.storage.name}", said, "write is-mountpoint: true")
    if not site.mount.immutable:
        said = "the directory underneath takes files while nothing is mounted"
        yield Doubt("mounted-only", f"mount {target}", said, "write immutable: true")
    if site.storage.shared:
        said = f"Proxmox VE takes every node to have {target}, which is mounted on {site.node} alone"
        yield Doubt("not-shared", f"storage {site.storage.name}", said, "write shared: false")


def _tmpdirs(site: Site) -> Iterator[Doubt]:
    for name, tier in site.in_order:
        tmpdir = site.tmpdir(tier)
        has_container = any(site.guests[vmid].kind == "lxc" for vmid in tier.guests)
        if has_container and f"{tmpdir}/".startswith(f"{site.mount.target}/"):
            said = f"its tmpdir {tmpdir} lies on the NAS, where a container's backup cannot write its temporary files"
            yield Doubt("container-tmpdir", f"tier {name}", said, f"write tmpdir: {TMPDIR}, or leave it out")
