"""How large each guest's archives were over time, also those that are pruned by now and only tasks tell of."""

from dataclasses import dataclass

from homebackup.assess.history import SAME
from homebackup.model.backups.archive import Dump
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.seen import Unseen

MOST = 60
"""Newest points of a guest that are shown."""


@dataclass(frozen=True, order=True)
class Point:
    """The epoch at which a backup began, and the bytes of its archive; `there` while the archive is."""

    time: int
    size: int
    there: bool = True


def sizes(facts: SiteFacts) -> dict[int, tuple[Point, ...]]:
    """The newest points of every guest by VMID, oldest first; archives of the future are left out."""
    found: dict[int, list[Point]] = {}
    for dump in facts.dumps.values():
        for archive in dump.archives if isinstance(dump, Dump) else ():
            if archive.time <= facts.now:
                found.setdefault(archive.vmid, []).append(Point(archive.time, archive.size))
    there = {vmid: [point.time for point in points] for vmid, points in found.items()}
    for task in () if isinstance(facts.tasks, Unseen) else facts.tasks:
        for run in task.guests:
            known = any(abs(run.started - time) <= SAME for time in there.get(run.vmid, ()))
            if run.ok and run.size and not known:
                found.setdefault(run.vmid, []).append(Point(run.started, run.size, there=False))
    return {vmid: tuple(sorted(points)[-MOST:]) for vmid, points in sorted(found.items())}
