"""What the runs to come make and prune of each guest's archives; guests alike are worked out once."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from homebackup.assess.retention import Shelf, newest_first
from pverules import prune

EARLY = 2 * 3600
"""Seconds by which an archive's name may tell a time before its run, where clocks are put back."""

Runs = tuple[int, ...]
"""The epochs of a guest's runs."""


class Turn(NamedTuple):
    """One run of a guest: its epoch, which archives are gone after it, and whether there are no more than before.

    Archives are numbered: those that are there, newest first, and then that of each run.
    """

    at: int
    gone: tuple[int, ...]
    settled: bool


def courses(guests: Iterable[tuple[Shelf, Runs]]) -> Iterator[list[Turn]]:
    """The turns of each guest, whose shelf is left as it is; sizes have no part in them."""
    known: dict[object, list[Turn]] = {}
    for shelf, runs in guests:
        pattern = _pattern(shelf, runs)
        if pattern not in known:
            known[pattern] = _course(shelf, runs)
        yield known[pattern]


def _pattern(shelf: Shelf, runs: Runs) -> object:
    """All that a course goes by: the order of the archives and the periods they lie in, not their very times."""
    there, late = newest_first(shelf.copies), min(runs, default=0) - EARLY
    archives = tuple(
        (
            copy.protected,
            place > 0 and there[place - 1].time == copy.time,
            copy.name.split("-")[1],
            copy.time if copy.time >= late else prune.periods(copy.time, shelf.keep, shelf.zone),
        )
        for place, copy in enumerate(there)
    )
    return shelf.kind, shelf.keep, shelf.zone, runs, archives


def _course(shelf: Shelf, runs: Runs) -> list[Turn]:
    shelf = replace(shelf, copies=newest_first(shelf.copies))
    numbers = {copy.name: number for number, copy in enumerate(shelf.copies)}
    found = []
    for number, at in enumerate(runs, len(numbers)):
        before, new = len(shelf.copies), shelf.made(at)
        pruned = shelf.back_up(new)
        gone = [numbers[new.name]] if new.name in numbers else []
        numbers[new.name] = number
        gone += [numbers.pop(copy.name) for copy in pruned]
        found.append(Turn(at, tuple(gone), bool(pruned) and len(shelf.copies) <= before))
    return found
