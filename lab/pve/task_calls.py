"""/nodes/NODE/tasks and /cluster/tasks: what the node did and does (PVE::API2::Tasks)."""

from typing import Any

from lab.pve.call import Call
from lab.pve.errors import BadParameters, Died
from lab.pve.formats import split_list
from lab.pve.routes import route
from lab.pve.tasks import Task
from pverules.upid import InvalidUpid, Upid

STATES = frozenset({"ok", "warning", "error", "unknown"})
NO_FILE = "unable to open file - No such file or directory"


def _find(call: Call, privilege: str, *, must: bool = True) -> Task | None:
    """The task of a call; raises unless it is the caller's own or the privilege on the node opens it.

    An unknown one is refused before the privilege is looked at, or (without `must`) is None after that.
    """
    try:
        upid = Upid.parse(call.text("upid"))
    except InvalidUpid:
        raise BadParameters({"upid": "unable to parse worker upid"}) from None
    task = call.api.tasks.find(call.text("upid"))
    if task is None and must:
        raise BadParameters({"upid": "no such task"})
    if not own(call, upid.user):
        call.need(f"/nodes/{call.text('node')}", privilege)
    return task


def own(call: Call, user: str) -> bool:
    """Whether a task of `user` is the caller's own: a user has those of all its tokens, a token only its own."""
    return call.actor.user in (user, user.partition("!")[0])


def kind_of(status: str | None) -> str:
    """`ok`, `warning`, `error` or (of a task that runs) `unknown`, as filters name exit states."""
    if status is None or status == "unexpected status":
        return "unknown"
    if status == "OK":
        return "ok"
    return "warning" if status.startswith("WARNINGS: ") else "error"


def _entry(task: Task) -> dict[str, Any]:
    owner, _, _ = task.user.partition("!")
    entry = {
        "upid": task.upid,
        "node": task.node,
        "pid": task.pid,
        "pstart": task.pstart,
        "starttime": task.start,
        "type": task.kind,
        "id": task.id,
        "user": owner,
    }
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
    states = set(split_list(call.text("statusfilter").lower())) or STATES
    if call.get("errors"):
        states = STATES - {"ok"}
    found = []
    for task in reversed(list(call.api.tasks)):
        if not (every or own(call, task.user)) or (task.running and source == "archive"):
            continue
        if source == "active" and not task.running:
            continue
        fits = (
            call.get("typefilter", task.kind) == task.kind
            and call.text("userfilter").lower() in task.user.partition("!")[0].lower()
            and (call.get("vmid") is None or str(call.get("vmid")) == task.id)
            and kind_of(task.status) in states
            and task.start >= call.get("since", 0)
            and task.start <= call.get("until", task.start)
        )
        if fits:
            ended = {} if task.running else {"endtime": task.end}
            found.append(_entry(task) | ended | {"status": task.status or "RUNNING"})
    call.total = len(found)
    start, limit = call.get("start", 0), call.get("limit", 50)
    return found[start : start + limit]


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
    task = _find(call, "Sys.Audit")
    assert task
    state = {"status": "running"} if task.running else {"status": "stopped", "exitstatus": task.status}
    return _entry(task) | state


@route("GET", "/nodes/{node}/tasks/{upid}/log")
async def log(call: Call) -> list[dict[str, Any]] | dict[str, Any]:
    """Lines `{n, t}` of the log, 50 unless `limit` says otherwise (0: all); of an unknown task one line alone."""
    if call.get("download") and ("start" in call.params or "limit" in call.params):
        raise Died("'download' cannot be used together with 'start' or 'limit' parameters")
    task = _find(call, "Sys.Audit", must=False)
    if task is None:
        call.total = 1
        return {"n": 1, "t": NO_FILE}
    lines = task.lines or ["no content"]
    call.total = len(lines)
    start, limit = call.get("start", 0), call.get("limit", 50) or call.total
    return [{"n": start + i + 1, "t": text} for i, text in enumerate(lines[start : start + limit])]


@route("DELETE", "/nodes/{node}/tasks/{upid}")
async def stop(call: Call) -> None:
    """Interrupt a task; one that has ended is left alone."""
    if task := _find(call, "Sys.Modify"):
        call.api.tasks.stop(task)
