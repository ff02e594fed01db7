"""Prune: which archives of a storage a retention keeps and which it removes, as Proxmox VE decides it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from pverules.archive_name import listed
from pverules.local_time import wall_at
from pverules.retention import Retention

Mark = Literal["keep", "remove", "protected", "renamed"]


@dataclass(frozen=True)
class Archive:
    """One archive as a storage lists it: its volume id, its `ctime` in epoch seconds, whether it is protected."""

    volid: str
    ctime: int
    protected: bool = False


_BUCKETS: dict[str, Callable[[datetime], object]] = {
    "hourly": lambda wall: (wall.date(), wall.hour),
    "daily": lambda wall: wall.date(),
    "weekly": lambda wall: wall.isocalendar()[:2],
    "monthly": lambda wall: (wall.year, wall.month),
    "yearly": lambda wall: wall.year,
}


def mark(archives: Iterable[Archive], keep: Retention, zone: ZoneInfo) -> dict[str, Mark]:
    """The mark of every archive by volume id, for a node in `zone`; the order is that of `archives`.

    Protected archives and those with a name of their own (`renamed`) are left alone and never count. The others are
    grouped by guest and kind and go through the retention newest first; of two from the same second the
    case-insensitively first name goes first.
    """
    marks: dict[str, Mark] = {}
    groups: dict[tuple[str, int], list[Archive]] = {}
    for archive in archives:
        file = listed(archive.volid.rpartition("/")[2])
        name = file.archive if file else None
        marks[archive.volid] = "renamed" if name is None else "keep"
        if archive.protected:
            marks[archive.volid] = "protected"
        elif name is not None:
            groups.setdefault((name.kind, name.vmid), []).append(archive)
    if not keep.keeps_all:
        for group in groups.values():
            marks.update(_mark_group(group, keep, zone))
    return marks


def periods(ctime: int, keep: Retention, zone: ZoneInfo) -> tuple[object, ...]:
    """The hour, day, week … that an archive lies in, of those a retention counts: what it goes by beside the order."""
    return tuple(_bucket(period, ctime, zone) for period in keep.counts if period != "last")


def _mark_group(group: list[Archive], keep: Retention, zone: ZoneInfo) -> dict[str, Mark]:
    """The marks of one guest's archives: each period takes from what the ones before it left undecided."""
    newest_first = sorted(group, key=lambda archive: (-archive.ctime, archive.volid.lower()))
    marks: dict[str, Mark] = {}
    for period, count in keep.counts.items():
        buckets = {archive.volid: _bucket(period, archive.ctime, zone) for archive in newest_first}
        served = {buckets[volid] for volid, decided in marks.items() if decided == "keep"}
        _mark_period([archive.volid for archive in newest_first], buckets, served, count, marks)
    return {archive.volid: marks.get(archive.volid, "remove") for archive in newest_first}


def _mark_period(
    volids: list[str], buckets: dict[str, object], served: set[object], count: int, marks: dict[str, Mark]
) -> None:
    """Keep the newest undecided archive of each of the next `count` buckets and remove the others in those buckets.

    A bucket that already holds a kept archive does not use up the count, and its other archives stay undecided.
    """
    taken: set[object] = set()
    for volid in volids:
        bucket = buckets[volid]
        if volid in marks or bucket in served:
            continue
        if bucket in taken:
            marks[volid] = "remove"
        elif len(taken) == count:
            return
        else:
            taken.add(bucket)
            marks[volid] = "keep"


@lru_cache(maxsize=4096)
def _bucket(period: str, ctime: int, zone: ZoneInfo) -> object:
    """What makes two archives the same to a period: the second itself for `last`, else a stretch of local time."""
    return ctime if period == "last" else _BUCKETS[period](wall_at(ctime, zone))
