"""Everything that can go wrong at one moment, by the way that the moment goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from homebackup.model.steps import Call, Step, Write

ALWAYS = -1


@dataclass(frozen=True)
class Break:
    """One thing that goes wrong: fault rules of the lab, and what has to be done beside them."""

    name: str
    rules: tuple[dict[str, Any], ...] = ()
    hasty: bool = False
    """The answer is waited for only a moment."""
    cut: bool = False
    """Only half of what the command is sent arrives."""
    room: int | None = None
    """Bytes left on the host's root disk."""
    nas_off: bool = False
    killed: str = ""
    """`before`, `in` or `after` it the process is killed."""
    until_missed: bool = False
    """It goes wrong in the middle of a script; further positions are tried until one lies behind its end."""


def _ssh(name: str, when: str, effect: str, *, hasty: bool = False, **more: Any) -> Break:
    return Break(name, ({"on": "ssh", "when": when, "effect": effect, **more},), hasty)


def _api(name: str, when: str, effect: str, *, hasty: bool = False, **more: Any) -> Break:
    return Break(name, ({"on": "api", "when": when, "effect": effect, **more},), hasty)


_GONE = {"on": "ssh", "when": "before", "effect": "drop", "times": ALWAYS}
_LOCK = "cfs-lock 'file-storage_cfg' error: got lock request timeout"
_DENIED = "Permission check failed (/storage, Datastore.Allocate)"
_WHEREVER = (
    *(Break(f"killed {when} it", killed=when) for when in ("before", "in", "after")),
    Break("the disk is full", room=0),
    Break("the NAS is switched off", nas_off=True),
)
_SSH = (
    _ssh("it fails", "before", "fail", message="sh: injected"),
    _ssh("everything fails from here on", "before", "fail", times=ALWAYS),
    _ssh("ssh drops before it", "before", "drop"),
    _ssh("ssh drops after it", "after", "drop"),
    _ssh("the host is gone from here on", "before", "drop", times=ALWAYS),
    Break("the host is gone after it", ({"on": "ssh", "when": "after", "effect": "drop"}, _GONE)),
    _ssh("no answer, not done", "before", "hang", hasty=True),
    _ssh("no answer, done", "after", "hang", hasty=True),
)
_PVESH = (
    _ssh("the lock is held", "before", "fail", message=_LOCK),
    _ssh("the lock stays held", "before", "fail", message=_LOCK, times=ALWAYS),
    _ssh("a privilege is missing", "before", "fail", message=_DENIED),
)
_HTTPS = (
    _api("500 before it", "before", "status"),
    _api("500 without a reason before it", "before", "status", message=""),
    _api("500 after it", "after", "status"),
    _api("500 from here on", "before", "status", times=ALWAYS),
    _api("500 after it and from then on", "after", "status", times=ALWAYS),
    _api("403 before it", "before", "status", status=403, message=_DENIED),
    _api("401 before it", "before", "status", status=401, message="authentication failure"),
    _api("503 before it", "before", "status", status=503, message="Service Unavailable"),
    _api("596 once", "before", "status", status=596, message="Broken pipe"),
    _api("596 from here on", "before", "status", status=596, message="Broken pipe", times=ALWAYS),
    _api("595 after it", "after", "status", status=595, message="Connection refused"),
    _api("the lock is held", "before", "status", message=_LOCK),
    _api("the lock stays held", "before", "status", message=_LOCK, times=ALWAYS),
    _api("reset before it", "before", "reset"),
    _api("reset after it", "after", "reset"),
    _api("reset from here on", "before", "reset", times=ALWAYS),
    _api("a web page before it", "before", "html", status=502),
    _api("a web page after it", "after", "html", status=200),
    _api("half an answer", "after", "half"),
    _api("an empty answer", "after", "empty"),
    _api("no answer, not done", "before", "hang", hasty=True),
    _api("no answer, done", "after", "hang", hasty=True),
    _api("done when nobody waits any more", "before", "hang", hasty=True, seconds=0.4),
)


def breaks(moment: Step | str, way: str) -> Iterator[Break]:
    """All that can go wrong at a moment: a look, or a step of a plan; `way` is how the API is reached."""
    asks = isinstance(moment, Call) or (isinstance(moment, str) and moment.startswith("GET"))
    if asks:
        yield from (*_SSH, *_PVESH) if way == "ssh" else _HTTPS
    else:
        yield from _SSH
    if not isinstance(moment, str):
        yield from _WHEREVER
    if isinstance(moment, Write):
        yield Break("half of the content arrives", cut=True)
        size = len(moment.after or b"")
        rooms = sorted({1, size // 2, size, size + 1, size * 2})
        yield from (Break(f"{room} bytes are left", room=room) for room in rooms)
    if not asks or way == "ssh":
        yield from positions(9 if moment == "look" else 1)


def positions(stride: int) -> Iterator[Break]:
    """A script that breaks off after so many of its commands, with ssh lost; comes last, since it has no end."""
    for number in count(0, stride):
        rule = {"on": "ssh", "when": "during", "effect": "drop", "after_commands": number}
        yield Break(f"it breaks off after {number} commands", (rule,), until_missed=True)
