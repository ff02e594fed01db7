"""/cluster/backup: backup jobs listed, made, changed and removed (PVE::API2::Backup)."""

from typing import Any
from uuid import uuid4

from lab.pve.call import Call
from lab.pve.errors import BadParameters, Died, reraised
from lab.pve.formats import split_list
from lab.pve.job_rules import merged, need_create, need_pool, need_update, verified, with_schedule
from lab.pve.jobcfg import KIND, Jobs
from lab.pve.routes import route
from lab.pve.sections import Section
from pverules.calendar import CalendarEvent

COLLECTION = "/cluster/backup"
ONE = "/cluster/backup/{id}"


def _jobs(call: Call) -> Jobs:
    return Jobs(call.files, call.clock)


def need(call: Call) -> Section:
    """The job that a call names; raises BadParameters where there is no such one."""
    job = _jobs(call).all.find(call.text("id"))
    if job is None:
        raise BadParameters({"id": f"No such job '{call.text('id')}'"})
    return job


@route("GET", COLLECTION)
async def index(call: Call) -> list[dict[str, Any]]:
    """All jobs in the order of the file, each with its next run from now, disabled or not."""
    jobs, now, found = _jobs(call), int(call.clock.now()), []
    runs: dict[str, int | None] = {}
    for job in jobs.all:
        schedule = str(job.get("schedule"))
        if schedule not in runs:
            runs[schedule] = CalendarEvent.parse(schedule).next_after(now, call.clock.zone)
        found.append(jobs.shown(job) | ({"next-run": runs[schedule]} if runs[schedule] is not None else {}))
    return found


@route("GET", ONE)
async def read(call: Call) -> dict[str, Any]:
    """One job."""
    return _jobs(call).shown(need(call))


@route("POST", COLLECTION)
async def create(call: Call) -> None:
    """Make a job; an id that is made up here is not told."""
    need_create(call, call.params)
    need_pool(call)
    options = {"enabled": 1, **with_schedule(call.params, required=True)}
    name, jobs = str(options.pop("id", None) or uuid4()), _jobs(call)
    with reraised():
        if name in jobs.all:
            raise Died(f"Job '{name}' already exists")
        job = Section(KIND, name, KIND.check(verified(options, complete=True), create=True))
        jobs.noticed(job, created=True)
        jobs.put(job)


@route("PUT", ONE)
async def update(call: Call) -> None:
    """Change options or (`delete`) drop them; what is neither stays."""
    sent = {key: value for key, value in call.params.items() if key not in ("id", "delete")}
    delete = split_list(call.text("delete"))
    need_update(call, sent, delete)
    need_pool(call)
    options, jobs, name = with_schedule(sent, required=False), _jobs(call), call.text("id")
    with reraised():
        if not sent and "delete" not in call.params:
            raise Died("no options specified")
        changes = KIND.check(verified(options, complete=False), create=False)
        job = jobs.all.find(name)
        if job is None:
            raise Died("no such vzdump job")
        need_update(call, changes, delete, job)
        changed = merged(job, changes, delete)
        jobs.put(changed)
        jobs.noticed(changed)


@route("DELETE", ONE)
async def delete(call: Call) -> None:
    """Remove a job; its archives stay."""
    name, jobs = call.text("id"), _jobs(call)
    with reraised():
        need(call)
        jobs.drop(name)
        jobs.set_state(name, None)
