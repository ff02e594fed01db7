"""What a backup job may say: who may set what, which options exclude each other, and the form they are stored in."""

from collections.abc import Collection, Mapping
from typing import Any

from lab.pve import formats
from lab.pve.call import Call
from lab.pve.errors import BadParameters, Died
from lab.pve.formats import split_list
from lab.pve.routes import CALLS
from lab.pve.sections import Section
from lab.pve.vzdump_checks import ROOT_ONLY, check_selection

WEEK = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
NODE_WIDE = ("bwlimit", "ionice", "performance")
DELETABLE = (set(CALLS["POST /nodes/{node}/vzdump"]["parameters"]) - {"stdout"}) | {"comment", "repeat-missed"}
EDITED_BY_ROOT = "only root@pam may edit jobs with a 'dumpdir' option. at /usr/share/perl5/PVE/API2/Backup.pm line 84."


def need_options(call: Call, options: Mapping[str, Any], *, deleted: bool = False) -> None:
    """Raise unless the caller may set (or delete) these options: root's own, the node's, a fleecing storage."""
    if call.actor.is_root:
        return
    for key in ROOT_ONLY:
        if key in options:
            raise BadParameters({key: "Only root may set this option."})
    if any(options.get(key) is not None for key in NODE_WIDE):
        call.need("/", "Sys.Modify")
    if options.get("fleecing") and not deleted:
        fleecing = options["fleecing"]
        if isinstance(fleecing, str):
            fleecing = formats.split("backup-fleecing", fleecing, "fleecing")
        if fleecing.get("storage"):
            call.need(f"/storage/{fleecing['storage']}", "Datastore.AllocateSpace")


def need_create(call: Call, options: Mapping[str, Any]) -> None:
    """Raise unless the caller may make a job with these options."""
    if call.actor.is_root:
        return
    need_options(call, options)
    if not options.get("dumpdir"):
        call.need(f"/storage/{options.get('storage') or 'local'}", "Datastore.Allocate")


def need_update(
    call: Call, options: Mapping[str, Any], delete: Collection[str], current: Section | None = None
) -> None:
    """Raise unless the caller may change a job so; without `current` only what can be said before it is read."""
    if call.actor.is_root:
        return
    need_options(call, options)
    need_options(call, dict.fromkeys(delete, "1"), deleted=True)
    if options.get("storage"):
        call.need(f"/storage/{options['storage']}", "Datastore.Allocate")
    elif "storage" in delete:
        call.need("/storage/local", "Datastore.Allocate")
    if current is None:
        return
    if current.get("dumpdir"):
        raise Died(EDITED_BY_ROOT)
    call.need(f"/storage/{current.get('storage') or 'local'}", "Datastore.Allocate")


def need_pool(call: Call) -> None:
    """Raise unless a pool that is named exists and the caller may back it up."""
    if pool := call.get("pool"):
        call.access.need_pool(pool)
        call.need(f"/pool/{pool}", "VM.Backup")


def with_schedule(options: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    """The options with an old `starttime` and `dow` made a schedule, as they are spelled; raises BadParameters."""
    found = {key: value for key, value in options.items() if key not in ("starttime", "dow")}
    start = options.get("starttime")
    if "schedule" in options:
        if start is not None:
            raise BadParameters({"starttime": "'starttime' and 'schedule' cannot both be set"})
    elif start is not None:
        days = options.get("dow")
        every = days is None or set(split_list(days)) == WEEK
        found["schedule"] = start if every else f"{days} {start}"
    elif required:
        raise BadParameters({"schedule": "neither 'starttime' nor 'schedule' were set"})
    return found


def verified(options: Mapping[str, Any], *, complete: bool) -> dict[str, Any]:
    """The options in the form that jobs are stored in; raises BadParameters for those that exclude each other."""
    check_selection(options, complete=False)
    found = dict(options)
    files = found.pop("maxfiles", None)
    if files is not None:
        found["prune-backups"] = {"keep-last": str(files)}
    if found.get("exclude") is not None and not found.get("pool"):
        found["all"] = 1
    if complete:
        check_selection(found)
    return found


def merged(job: Section, changes: Mapping[str, Any], delete: Collection[str]) -> Section:
    """The job after a change: what it selects guests by is one thing, the last one named; raises BadParameters."""
    values = dict(job.values)
    for key in delete:
        if key not in DELETABLE:
            raise BadParameters({"delete": f"unknown option '{key}'"})
        values.pop(key, None)
    values |= changes
    if changes.get("vmid") is not None:
        dropped: tuple[str, ...] = ("all", "exclude", "pool")
    elif changes.get("all"):
        dropped = ("vmid", "pool")
    elif values.get("pool"):
        dropped = ("vmid", "all", "exclude")
    else:
        dropped = ()
    for key in dropped:
        values.pop(key, None)
    return job.changed(verified(values, complete=True))
