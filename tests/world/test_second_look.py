"""Whose logs a gather reads."""

from __future__ import annotations

from homebackup.model.backups.task import Task
from homebackup.model.backups.task_log import ERRORS
from homebackup.world.second_look import FAILURES, LOGS, _telling


def task(number: int, status: str = "OK") -> Task:
    return Task(f"UPID:{number}", "pve", number, number + 1, status)


def test_the_newest_are_read_and_older_ones_in_which_somebody_failed() -> None:
    newest = [task(200 - number) for number in range(LOGS)]
    older = [task(100 - number, ERRORS if number % 2 else "OK") for number in range(40)]
    read = _telling([*newest, *older])
    assert read[:LOGS] == newest
    assert [one.started for one in read[LOGS:]] == [99 - 2 * number for number in range(FAILURES)]


def test_the_newest_are_read_once() -> None:
    failed = [task(number, ERRORS) for number in range(LOGS)]
    assert _telling(failed) == failed
