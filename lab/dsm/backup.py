"""Hyper Backup: its tasks, their versions and targets; a backup ends when the lab's clock has passed its end."""

from datetime import datetime, timedelta
from typing import Any

from lab.dsm.calls import Asked, DsmError, call

UNKNOWN_TASK = 4400
NO_ERROR = 4401
"""The code of Hyper Backup's that says that nothing went wrong."""
STAMP = "%Y/%m/%d %H:%M:%S"
"""How it writes a time: by the NAS's wall clock, without a zone."""
ADDITIONAL = ("last_bkp_time", "last_bkp_end_time", "next_bkp_time", "last_bkp_result", "is_modified", "schedule")


@call("SYNO.Backup.Task list")
def tasks(asked: Asked) -> Any:
    """Every task, with what is asked for in `additional`."""
    wanted = asked.params.get("additional") or []
    return {"task_list": [_listed(asked, task, wanted) for task in asked.dsm.tasks], "total": len(asked.dsm.tasks)}


@call("SYNO.Backup.Task get")
def task(asked: Asked) -> Any:
    """One of them."""
    return _listed(asked, _task(asked), [*ADDITIONAL, "get_source"])


@call("SYNO.Backup.Task status")
def status(asked: Asked) -> Any:
    """What it does now, and how its last run ended; counts of progress are texts."""
    one = _task(asked)
    _settle(asked, one)
    running = "until" in one
    return {
        "task_id": one["task_id"],
        "state": one.get("state", "backupable"),
        "status": "backup" if running else "none",
        "last_bkp_success_time": one.get("last_bkp_success_time", ""),
        "last_bkp_error": one.get("last_bkp_error", ""),
        "last_bkp_error_code": one.get("last_bkp_error_code", NO_ERROR),
        **({"progress": {"progress": 42, "processed_size": "2048"}} if running else {}),
    }


@call("SYNO.Backup.Task backup")
def backup(asked: Asked) -> Any:
    """Begin one; refused while one runs."""
    one = _task(asked)
    _settle(asked, one)
    if "until" in one or one.get("state", "backupable") != "backupable":
        raise DsmError(4404)
    one["last_bkp_time"] = _stamp(asked, asked.dsm.clock.now())
    one["last_bkp_result"] = "backingup"
    one["until"] = asked.dsm.clock.now() + float(one.get("seconds", 0))
    return {}


@call("SYNO.Backup.Task create")
def create(asked: Asked) -> Any:
    """Make one; the answer has no body, as was seen."""
    name, target = asked.need("name"), asked.need("target_id")
    if not any(repository["repo_id"] == asked.need("repo_id", int) for repository in asked.dsm.repositories):
        raise DsmError(4402)
    if any(task["name"] == name for task in asked.dsm.tasks):
        raise DsmError(4403)
    source = asked.need("source", dict)
    asked.dsm.tasks.append(
        {
            "task_id": max([task["task_id"] for task in asked.dsm.tasks], default=0) + 1,
            "name": name,
            "repo_id": asked.params["repo_id"],
            "target_id": target,
            "type": "image:image_local",
            "source": {"file_list": [{"folderPath": one} for one in source["file_list"]], "app_list": []},
            "last_bkp_result": "none",
        }
    )
    return None


@call("SYNO.Backup.Repository list")
def repositories(asked: Asked) -> Any:
    """Every destination."""
    return {"repo_list": asked.dsm.repositories}


@call("SYNO.Backup.Repository create")
def create_repository(asked: Asked) -> Any:
    """A destination of type image in a shared folder of this NAS."""
    if asked.need("transfer_type") != "image_local" or asked.need("share") not in asked.dsm.shares:
        raise DsmError(4402)
    made = {"repo_id": len(asked.dsm.repositories) + 1, "name": asked.need("name"), "share": asked.params["share"]}
    asked.dsm.repositories.append(made | {"target_id": asked.need("target_id")})
    return {"repo_id": made["repo_id"]}


@call("SYNO.Backup.Target get_candidate_dir")
def candidate(asked: Asked) -> Any:
    """A directory of the shared folder that is free."""
    if asked.need("share") not in asked.dsm.shares:
        raise DsmError(4402)
    return {"dir": f"{asked.dsm.name}_{len(asked.dsm.repositories) + 1}.hbk"}


@call("SYNO.Backup.Target get")
def target(asked: Asked) -> Any:
    """Whether a task's destination can be reached."""
    return {"is_online": bool(_task(asked).get("is_online", True))}


@call("SYNO.Backup.Version list", (1, 2))
def versions(asked: Asked) -> Any:
    """The versions of a task, the newest first."""
    one = _task(asked)
    _settle(asked, one)
    return {"version_info_list": one.get("versions", []), "total": len(one.get("versions", []))}


def _task(asked: Asked) -> dict[str, Any]:
    found = [task for task in asked.dsm.tasks if task["task_id"] == asked.need("task_id", int)]
    if not found:
        raise DsmError(UNKNOWN_TASK)
    return found[0]


def _listed(asked: Asked, task: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
    _settle(asked, task)
    names = ("task_id", "name", "repo_id", "target_id", "type")
    shown: dict[str, Any] = {name: task[name] for name in names if name in task}
    task["next_bkp_time"] = _next(asked, str(task.get("daily", "")))
    shown |= {"state": task.get("state", "backupable"), "status": "backup" if "until" in task else "none"}
    shown |= {name: task.get(name, "") for name in ADDITIONAL if name in wanted}
    return shown | ({"source": task["source"]} if "get_source" in wanted else {})


def _settle(asked: Asked, task: dict[str, Any]) -> None:
    """End a run whose time is over."""
    until = task.get("until")
    if until is None or asked.dsm.clock.now() < until:
        return
    del task["until"]
    result, ended = task.get("ends", "done"), _stamp(asked, until)
    task |= {"last_bkp_result": result, "last_bkp_end_time": ended}
    if result == "done":
        newest = {"version_id": str(len(task.get("versions", [])) + 1), "status": "success", "locked": False}
        task["last_bkp_success_time"] = ended
        task["versions"] = [newest | {"complete_time": int(until)}, *task.get("versions", [])]


def _next(asked: Asked, daily: str) -> str:
    """When a task that runs every day at HH:MM does so next; it tells no seconds."""
    if not daily:
        return ""
    now = asked.dsm.clock.local()
    hour, _, minute = daily.partition(":")
    today = now.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    return (today if today > now else today + timedelta(days=1)).strftime(STAMP[:-3])


def _stamp(asked: Asked, epoch: float) -> str:
    return datetime.fromtimestamp(epoch, asked.dsm.clock.zone).strftime(STAMP)
