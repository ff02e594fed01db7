"""/nodes/NODE/tasks and /cluster/tasks: what the node did and does (PVE::API2::Tasks)."""

from typing import Any

from lab.pve.call import Call
from lab.pve.errors import BadParameters
from lab.pve.formats import split_list
from lab.pve.routes import route
from lab.pve.tasks import Task
from pverules.upid import InvalidUpid, Upid

NO_FILE = "unable to open file - No such file or directory"


def _need(call: Call, privilege: str) -> None:
    """Raise unless the UPID is one, and of a task of the caller or of one that the privilege on the node opens."""
    try:
        upid = Upid.parse(call.text("upid"))
    except InvalidUpid:
        raise BadParameters({"upid": "unable to parse worker upid"}) from None
    if not own(call, upid.user):
        call.need(f"/nodes/{call.text('node')}", privilege)


def own(call: Call, user: str) -> bool:
    """Whether a task of `user` is the caller's own: a user has those of all its tokens, a token only its own."""
    return call.actor.user in (user, user.partition("!")[0])


def kind_of(status: str) -> str:
    """`ok`, `warning`, `unknown` or `error`, as filters name exit states."""
    if status == "OK":
        return "ok"
    if status.startswith("WARNINGS: "):
        return "warning"
    return "unknown" if status == "unexpected status" else "error"


def _entry(task: Task) -> dict[str, Any]:
    owner, _, _ = task.user.partition("!")
    entry = {"upid": task.upid, "node": task.node, "pid": task.pid, "pstart": task.pstart, "starttime": task.start,
             "type": task.kind, "id": task.id, "user": owner}
    return entry | token_of(task)


def token_of(task: Task) -> dict[str, str]:
    """The token that started the task, nothing for a user's own."""
    token = task.user.partition("!")[2]
    return {"tokenid": token} if token else {}


@route("GET", "/nodes/{node}/tasks")
async def index(call: Call) -> list[dict[str, Any]]:
    """Tasks, newest first: one's own, all with Sys.Audit on the node. `total` counts those that the filters leave."""
    every = call.may(f"/nodes/{call.text('node')}", "Sys.Audit")
    source = call.get("source", "archive")
    states = split_list(call.text("statusfilter"))
    found = []
    for task in reversed(list(call.api.tasks)):
        if not (every or own(call, task.user)) or (task.running and source == "archive"):
            continue
        if source == "active" and not task.running:
            continue
        status = task.status or "RUNNING"
        fits = (
            call.get("typefilter", task.kind) == task.kind
            and call.text("userfilter").lower() in task.user.lower()
            and (call.get("vmid") is None or str(call.get("vmid")) == task.id)
            and (not call.get("errors") or (not task.running and kind_of(status) not in ("ok", "warning")))
            and (not states or (not task.running and kind_of(status) in states))
            and task.start >= call.get("since", 0)
            and task.start <= call.get("until", task.start)
        )
        if fits:
            ended = {} if task.running else {"endtime": task.end}
            found.append(_entry(task) | ended | {"status": status})
    call.total = len(found)
    start, limit = call.get("start", 0), call.get("limit", 50)
    return found[start:start + limit]


@route("GET", "/cluster/tasks")
async def cluster(call: Call) -> list[dict[str, Any]]:
    """Recent tasks of the cluster: one's own, all with Sys.Audit on /."""
    every = call.may("/", "Sys.Audit")
    found = []
    for task in reversed(list(call.api.tasks)):
        if every or own(call, task.user):
            entry = {**_entry(task), "saved": "1" if not task.running else "0"}
            if not task.running:
                entry |= {"endtime": task.end, "status": task.status}
            found.append(entry)
    return found[:25]


@route("GET", "/nodes/{node}/tasks/{upid}")
async def below(call: Call) -> list[dict[str, str]]:
    """What can be asked of a task."""
    return [{"name": "log"}, {"name": "status"}]


@route("GET", "/nodes/{node}/tasks/{upid}/status")
async def status(call: Call) -> dict[str, Any]:
    """One task; `exitstatus` is there once it has stopped."""
    _need(call, "Sys.Audit")
    task = call.api.tasks.find(call.text("upid"))
    if task is None:
        raise BadParameters({"upid": "no such task"})
    state = {"status": "running"} if task.running else {"status": "stopped", "exitstatus": task.status}
    return _entry(task) | state


@route("GET", "/nodes/{node}/tasks/{upid}/log")
async def log(call: Call) -> list[dict[str, Any]] | dict[str, Any]:
    """Lines `{n, t}` of the log, 50 unless `limit` says otherwise (0: all); of an unknown task one line alone."""
    _need(call, "Sys.Audit")
    task = call.api.tasks.find(call.text("upid"))
    if task is None:
        call.total = 1
        return {"n": 1, "t": NO_FILE}
    lines = task.lines or ["no content"]
    call.total = len(lines)
    start, limit = call.get("start", 0), call.get("limit", 50) or call.total
    return [{"n": start + i + 1, "t": text} for i, text in enumerate(lines[start:start + limit])]


@route("DELETE", "/nodes/{node}/tasks/{upid}")
async def stop(call: Call) -> None:
    """Interrupt a task; one that has ended, or is unknown, is left alone."""
    _need(call, "Sys.Modify")
    task = call.api.tasks.find(call.text("upid"))
    if task:
        call.api.tasks.stop(task)
