"""POST /nodes/NODE/vzdump: a backup now; and the configuration inside of an archive (PVE::API2::VZDump)."""

from typing import Any

from lab.pve.activation import activate, folder_of
from lab.pve.archive_config import extract_config
from lab.pve.call import Call
from lab.pve.errors import BadParameters
from lab.pve.job_rules import need_options
from lab.pve.routes import CALLS, route
from lab.pve.stderr import warn
from lab.pve.volumes import need_access, volume_of
from lab.pve.vzdump_checks import check_selection, selected
from lab.pve.vzdump_job import Job, defaults

NODE_ONLY = {"dumpdir", "tmpdir", "script", "ionice"}
"""Defaults that only who may look at the node sees."""


@route("POST", "/nodes/{node}/vzdump")
async def backup(call: Call) -> str:
    """The task that makes the backups, or `OK` where there is nothing to do."""
    params = {key: value for key, value in call.params.items() if key != "node" or value != "localhost"}
    if call.get("stdout") and not call.cli:
        raise BadParameters({"stdout": "option is only allowed on the command line interface."})
    need_options(call, call.params)
    check_selection(params)
    if not params.get("dumpdir"):
        where = f"/storage/{params.get('storage') or 'local'}"
        call.need(where, "Datastore.AllocateSpace")
        if params.get("prune-backups") or params.get("maxfiles"):
            call.need(where, "Datastore.Allocate")
    vmids = selected(call.api, params)
    if params.get("stop"):
        for task in call.api.tasks:
            if task.kind == "vzdump":
                call.api.tasks.stop(task)
    if not vmids and not params.get("all"):
        return "OK"
    return start(call, params, vmids)


def start(call: Call, params: dict[str, object], vmids: list[int]) -> str:
    """Start the task of a backup; the UPID names the guest where it is one."""
    if params.get("maxfiles") is not None:
        params["prune-backups"] = f"keep-last={params.pop('maxfiles')}"
    job = Job(call.api, call.actor, params, vmids)
    return call.api.tasks.start("vzdump", str(vmids[0]) if len(vmids) == 1 else "", call.actor, job.run)


@route("GET", "/nodes/{node}/vzdump/extractconfig")
async def extract(call: Call) -> str:
    """The configuration of the guest in an archive, as text."""
    volume = volume_of(call.api, call.text("volume"))
    if volume.owner is None:
        warn("Use of uninitialized value $ownervm in concatenation (.) or string at "
             "/usr/share/perl5/PVE/API2/VZDump.pm line 303.")
    need_access(call, volume)
    activate(call.api, volume.storage.id)
    return extract_config(call.api, volume, warn)


@route("GET", "/nodes/{node}/vzdump/defaults")
async def shown(call: Call) -> dict[str, Any]:
    """The defaults of a backup to a storage (default: local), /etc/vzdump.conf merged in."""
    options = CALLS["POST /nodes/{node}/vzdump"]["parameters"]
    found: dict[str, Any] = {key: data["default"] for key, data in options.items() if "default" in data}
    found |= {"fleecing": {"enabled": 0}, "performance": {"max-workers": 16, "pbs-entries-max": 1048576}}
    found["storage"] = call.text("storage") or "local"
    storage = activate(call.api, found["storage"])
    found["dumpdir"] = folder_of(storage, "backup")
    found["prune-backups"] = storage.get("prune-backups") or found["prune-backups"]
    for key, text in defaults(call.api).items():
        if key in options:
            found[key] = int(text) if options[key]["type"] in ("integer", "boolean") else text
    if not call.may(f"/nodes/{call.api.node}", "Sys.Audit"):
        found = {key: value for key, value in found.items() if key not in NODE_ONLY}
    return found
