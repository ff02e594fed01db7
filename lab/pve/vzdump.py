"""POST /nodes/NODE/vzdump: a backup now; and the configuration inside of an archive (PVE::API2::VZDump)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.pve.activation import activate
from lab.pve.archive_config import extract_config
from lab.pve.call import Actor, Call
from lab.pve.errors import BadParameters
from lab.pve.job_rules import need_options
from lab.pve.routes import route
from lab.pve.stderr import warn
from lab.pve.volumes import need_access, volume_of
from lab.pve.vzdump_checks import check_selection, selected
from lab.pve.vzdump_job import Job

if TYPE_CHECKING:
    from lab.pve.api import Api


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
    if params.get("stop"):
        for task in call.api.tasks:
            if task.kind == "vzdump":
                call.api.tasks.stop(task)
    return begin(call.api, call.actor, params)


def begin(api: "Api", actor: Actor, params: Mapping[str, Any]) -> str:
    """Start the task of a backup, whose UPID names the guest where it is one; `OK` where there is nothing to do."""
    options = dict(params)
    vmids = selected(api, options)
    if not vmids and not options.get("all"):
        return "OK"
    if options.get("maxfiles") is not None:
        options["prune-backups"] = f"keep-last={options.pop('maxfiles')}"
    job = Job(api, actor, options, vmids)
    return api.tasks.start("vzdump", str(vmids[0]) if len(vmids) == 1 else "", actor, job.run)


@route("GET", "/nodes/{node}/vzdump/extractconfig")
async def extract(call: Call) -> str:
    """The configuration of the guest in an archive, as text."""
    volume = volume_of(call.api, call.text("volume"))
    if volume.owner is None:
        warn(
            "Use of uninitialized value $ownervm in concatenation (.) or string at "
            "/usr/share/perl5/PVE/API2/VZDump.pm line 303."
        )
    need_access(call, volume)
    activate(call.api, volume.storage.id)
    return extract_config(call.api, volume, warn)
