"""How long jobs usually take: the 95th percentile of their past runs, so that one in twenty takes longer."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from homebackup.model.backups.task import GuestRun, Task

PAUSE = 1800
"""Seconds without work after which the next guest's run belongs to another night."""


@dataclass(frozen=True)
class Usual:
    """What a job usually takes, in seconds, from so many `nights`; guests that were never measured are not in it.

    With `nights` 0 the guests were never seen in one run, and the seconds are the sum of what each usually takes.
    """

    seconds: int
    nights: int
    unmeasured: tuple[int, ...] = ()


def measured(tasks: Iterable[Task]) -> list[GuestRun]:
    """The runs that ended well and tell how long they took, from the parts of tasks."""
    return [run for task in tasks for run in task.guests if run.ok and run.seconds is not None]


def p95(values: Sequence[int]) -> int:
    """The smallest value that at least 95 of 100 do not exceed; the largest of fewer than twenty."""
    return sorted(values)[ceil(0.95 * len(values)) - 1]


def usual(guests: Collection[int], runs: Iterable[GuestRun]) -> Usual | None:
    """What a job of these guests usually takes, None when none of them was ever measured.

    Guests of a job are backed up one after the other, so a night is a chain of runs in which each guest stands once;
    only nights in which all the guests ran are measured, as one without the largest guest tells nothing.
    """
    mine = sorted((run for run in runs if run.vmid in guests and run.seconds is not None), key=lambda run: run.started)
    seen = {run.vmid for run in mine}
    unmeasured = tuple(sorted(set(guests) - seen))
    if not mine:
        return None
    whole = [sum(night.values()) for night in _nights(mine) if night.keys() == seen]
    if whole:
        return Usual(p95(whole), len(whole), unmeasured)
    each = [p95([run.seconds or 0 for run in mine if run.vmid == vmid]) for vmid in seen]
    return Usual(sum(each), 0, unmeasured)


def _nights(runs: Iterable[GuestRun]) -> list[dict[int, int]]:
    """Runs in order of time, put together to nights: the seconds of each guest."""
    nights: list[dict[int, int]] = []
    end = 0
    for run in runs:
        if not nights or run.vmid in nights[-1] or run.started - end > PAUSE:
            nights.append({})
        nights[-1][run.vmid] = run.seconds or 0
        end = run.started + (run.seconds or 0)
    return nights
