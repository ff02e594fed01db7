"""A call that starts a task of a node, begun so that the task does not hang on our connection.

Over ssh, `pvesh` waits for the task and ends it when nobody reads what it prints any more. So it runs in a session of
its own, and the task is found in the node's list.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
from collections.abc import Awaitable, Callable

from homebackup.model.steps import Call
from homebackup.world.answers import Asked
from homebackup.world.batch import Get
from homebackup.world.errors import Trouble, Unreachable
from homebackup.world.live_site import LiveSite
from homebackup.world.pvesh import command, refusal
from homebackup.world.wire import encode

BEGINNING = 30.0
"""Seconds in which a task is in the node's list, or `pvesh` says why it is not."""

Ours = Callable[[str], Awaitable[bool | None]]
"""Whether the task of a UPID is that of the call; None where it does not tell yet."""

_BEGIN = r"""
work=$(mktemp -d /run/homebackup.XXXXXX) || exit 1
setsid sh -c '
  work=$1
  shift
  "$@" > "$work/said" 2>&1
  echo $? > "$work/exit" && mv "$work/exit" "$work/ended"
  n=0
  while [ -e "$work" ] && [ $n -lt 30 ]; do sleep 2; n=$((n + 1)); done
  rm -rf "$work"
' - "$work" "$@" < /dev/null > /dev/null 2>&1 &
echo "$work"
"""
_ENDED = 'cat "$1/ended" "$1/said" 2>/dev/null || true'


async def _any(_upid: str) -> bool | None:
    return True


async def begin(live: LiveSite, call: Call, listed: Get, name: str = "", ours: Ours = _any) -> str:
    """Make the call; what it answers, the UPID of its task. Raises Trouble, Unreachable where nobody knows.

    `listed` lists the tasks among which it is the only new one that may be `ours`, `name` says what the call is about.
    """
    if live.connection.api == "https":
        return str(await live.api.call(call.method, call.path, call.params))
    asked = Asked(live.connection.host, call.method, call.path, name)
    known = await _tasks(live, listed)
    words = command(call.method, call.path, encode(asked, call.params))
    ran = await live.host.run(shlex.join(["sh", "-c", _BEGIN, "-", *words]))
    work = ran.check(f"host {asked.host}").text.strip()
    likely: dict[str, bool | None] = {}
    try:
        async with asyncio.timeout(BEGINNING):
            while True:
                if upid := await _answer(live, asked, work):
                    return upid
                fresh = {upid: await ours(upid) for upid in sorted(await _tasks(live, listed) - known)}
                likely = {upid: told for upid, told in fresh.items() if told is not False}
                if None in likely.values():
                    continue
                if len(likely) > 1:
                    said = f"two tasks began at the same moment, {' and '.join(likely)}, and one of them is this"
                    raise Unreachable(asked.subject, said, "look at both on the node", maybe_done=True)
                if likely:
                    return next(iter(likely))
    except TimeoutError:
        if len(likely) == 1:
            return next(iter(likely))
        said = f"no task of it began within {BEGINNING:g} s"
        raise Unreachable(asked.subject, said, "look at the node's list of tasks", maybe_done=True) from None
    finally:
        with contextlib.suppress(Trouble):
            await live.host.run(shlex.join(["rm", "-rf", "--", work]))


async def _answer(live: LiveSite, asked: Asked, work: str) -> str | None:
    """What `pvesh` answered where it has ended already; raises what it failed with."""
    code, _, said = (await live.host.run(shlex.join(["sh", "-c", _ENDED, "-", work]))).text.partition("\n")
    if not code.isdecimal():
        return None
    if code != "0":
        raise refusal(asked, said)
    for line in reversed(said.splitlines()):
        with contextlib.suppress(ValueError):
            return str(json.loads(line))
    return None


async def _tasks(live: LiveSite, listed: Get) -> set[str]:
    return {str(task["upid"]) for task in await live.api.call("GET", listed.path, listed.params) or ()}
