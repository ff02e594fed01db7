"""What Hyper Backup on a Synology NAS tells of its tasks; pure.

Its API is in no documentation: the names are reports of people who tried, with version 4.2.2. Times are texts by the
NAS's own wall clock, without a zone, but for those of versions, which are epochs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TASKS = "SYNO.Backup.Task list"
STATUS = "SYNO.Backup.Task status"
WITH: Mapping[str, Any] = {
    "sort_by": "name",
    "additional": ["last_bkp_time", "next_bkp_time", "last_bkp_result", "schedule", "get_source"],
}
"""What the list of tasks is asked with."""
NO_ERROR = frozenset({0, 4401})
"""Codes of a last run that say that nothing went wrong; 4401 is Hyper Backup's own word for it."""


@dataclass(frozen=True)
class OffSiteTask:
    """A task: what it takes along, how its last run ended, and what it has made.

    `result` is Hyper Backup's word, `done` when all is well; `error` its code, of which NO_ERROR are none. `newest` is
    the epoch of its newest version, whose integrity is `status`; `next` is when it runs next by the NAS's wall clock,
    as YYYY/MM/DD HH:MM, empty when it has no schedule. `online` tells whether its target can be reached.
    """

    name: str
    folders: frozenset[str]
    running: bool = False
    result: str = ""
    error: int = 0
    newest: float | None = None
    status: str = ""
    next: str = ""
    online: bool = True
    kind: str = ""


def tasks(answer: Any) -> list[Mapping[str, Any]]:
    """The tasks of an answer to TASKS."""
    return [task for task in (answer or {}).get("task_list") or [] if isinstance(task, Mapping)]


def folders(task: Mapping[str, Any]) -> frozenset[str]:
    """The folders that a task takes along."""
    files = (task.get("source") or {}).get("file_list") or []
    paths = (file.get("folderPath") if isinstance(file, Mapping) else file for file in files)
    return frozenset("/" + str(path).strip("/") for path in paths if path)


def uncovered(wanted: Iterable[str], taken: Iterable[str]) -> list[str]:
    """The folders that are not taken along, neither they themselves nor one around them."""
    around = tuple(f"{path}/" for path in taken)
    return sorted(path for path in wanted if not f"{path}/".startswith(around))


def task(listed: Mapping[str, Any], status: Any, versions: Any, target: Any) -> OffSiteTask:
    """A task by what the list, its status, its versions and its target say."""
    told: Mapping[str, Any] = status or {}
    made = [one for one in (versions or {}).get("version_info_list") or [] if one.get("complete_time")]
    newest = max(made, key=lambda one: float(one["complete_time"]), default=None)
    return OffSiteTask(
        name=str(listed.get("name", "")),
        folders=folders(listed),
        running=str(told.get("status") or listed.get("status") or "none") != "none",
        result=str(listed.get("last_bkp_result") or ""),
        error=int(told.get("last_bkp_error_code") or 0),
        newest=float(newest["complete_time"]) if newest else None,
        status=str(newest.get("status", "")) if newest else "",
        next=str(listed.get("next_bkp_time") or ""),
        online=bool((target or {}).get("is_online")),
        kind=str(listed.get("type") or ""),
    )
