"""A task of Hyper Backup as it stands, read from what Hyper Backup tells of it; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homebackup.model.hyper_backup import folders

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


def task(listed: Mapping[str, Any], status: Any, versions: Any, target: Any) -> OffSiteTask:
    """A task by what the list, its status, its versions and its target say."""
    told: Mapping[str, Any] = status or {}
    made = [one for one in (versions or {}).get("version_info_list") or [] if _number(one.get("complete_time"))]
    newest = max(made, key=lambda one: _number(one["complete_time"]), default=None)
    return OffSiteTask(
        name=str(listed.get("name", "")),
        folders=folders(listed),
        running=str(told.get("status") or listed.get("status") or "none") != "none",
        result=str(listed.get("last_bkp_result") or ""),
        error=int(_number(told.get("last_bkp_error_code"))),
        newest=_number(newest["complete_time"]) if newest else None,
        status=str(newest.get("status", "")) if newest else "",
        next=str(listed.get("next_bkp_time") or ""),
        online=bool((target or {}).get("is_online")),
        kind=str(listed.get("type") or ""),
    )


def _number(value: Any) -> float:
    """A number, also one that is spelled as a text; 0 for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
