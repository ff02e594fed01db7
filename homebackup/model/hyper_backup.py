"""How Hyper Backup on a Synology NAS is asked for its tasks, and what folders they take along; pure.

Its API is in no documentation: the names are reports of people who tried, with version 4.2.2. Times are texts by the
NAS's own wall clock, without a zone, but for those of versions, which are epochs.
"""

from collections.abc import Iterable, Mapping
from typing import Any

TASKS = "SYNO.Backup.Task list"
STATUS = "SYNO.Backup.Task status"
WITH: Mapping[str, Any] = {
    "sort_by": "name",
    "additional": ["last_bkp_time", "next_bkp_time", "last_bkp_result", "schedule", "get_source"],
}
"""What the list of tasks is asked with."""


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
