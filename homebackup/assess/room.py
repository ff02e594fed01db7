"""Whether a storage will hold what its jobs are going to keep there."""

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from homebackup.assess.doubt import Doubt
from homebackup.assess.forecast import Load, forecast, growth
from homebackup.assess.jobs import found, retention_of
from homebackup.assess.lint import of_forecast
from homebackup.assess.retention import Shelf, copies, effective, kind_of, runs_of
from homebackup.model.backups.archive import Dump

AHEAD = 90
"""Days that are looked ahead."""
Sections = Iterable[Mapping[str, Any]]
"""Sections as the API lists them."""


def tight(jobs: Sections, storages: Sections, dump: Dump, zone: ZoneInfo) -> list[Doubt]:
    """What is doubtful about the room for archives in a listed storage, once these jobs run and these storages keep.

    Guests without an archive count as nothing; a listing that does not tell time or room gives no doubt.
    """
    if dump.clock is None or dump.free is None:
        return []
    keeps = {str(section["storage"]): retention_of(section) for section in storages}
    loads = []
    for job in found(jobs, None):
        if job.storage != dump.storage:
            continue
        runs = runs_of(job, zone, int(dump.clock), AHEAD)
        keep, _ = effective(job, keeps.get(job.storage))
        for vmid in job.guests or ():
            kind = kind_of(dump.archives, vmid)
            if there := copies(dump.archives, vmid, kind, dump.storage):
                loads.append(Load(Shelf(vmid, kind, keep, zone, there), runs, growth(there, dump.clock)))
    return list(of_forecast([forecast(dump.storage, loads, dump.free)], [], dump.clock))
