"""Many questions in one ssh round trip: shell commands and calls of the API, run side by side on the host."""

from __future__ import annotations

import asyncio
import base64
import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from homebackup.model.seen import Unseen
from homebackup.world.answers import Asked
from homebackup.world.errors import Trouble, Unreachable
from homebackup.world.live_site import LiveSite
from homebackup.world.pvesh import command, refusal
from homebackup.world.session import Ran
from homebackup.world.wire import encode

LIMIT = 55.0
"""Seconds for a whole batch; each command has a shorter deadline of its own."""
AT_ONCE = 8
"""Commands side by side; `pvesh` keeps a core busy for more than half a second."""

Hear = Callable[[int, int], None]
"""Is told how many questions were answered, and how many were asked so far."""

_BEGIN = r"""
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
keep() { n=$1; shift; "$@" > "$work/$n.out" 2> "$work/$n.err"; echo $? > "$work/$n.exit"; }
"""
_END = r"""
wait
n=0
while [ -f "$work/$n.exit" ]; do
  printf '%s,%s,%s\n' "$(cat "$work/$n.exit")" "$(base64 -w0 < "$work/$n.out")" "$(base64 -w0 < "$work/$n.err")"
  n=$((n + 1))
done
echo end of batch
"""


@dataclass(frozen=True)
class Get:
    """One reading call of the API."""

    path: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Answers:
    """What came back of a batch, by the keys of its questions."""

    gets: dict[str, Any | Unseen]
    runs: dict[str, Ran | Unseen]


class Batch:
    """Asks a site many things at once: over ssh in one command, or with the calls of the API over https beside it."""

    def __init__(self, live: LiveSite, functions: str = "", hear: Hear = lambda answered, asked: None) -> None:
        """`functions` are those of sh that its commands may use; `hear` is told of every answer."""
        self._live, self._hear = live, hear
        self._asked = self._answered = 0
        self._functions = functions
        self._pvesh = live.connection.api == "ssh"

    async def ask(self, gets: Mapping[str, Get], runs: Mapping[str, str]) -> Answers:
        """The answers; `runs` are simple commands of sh. What fails is Unseen and stops no other."""
        self._count(asked=len(gets) + len(runs))
        if self._pvesh:
            asked = {key: _pvesh(get) for key, get in gets.items()}
            # The commands first, so that those that wait for a silent NAS wait side by side.
            ran = await self._run([*runs.values(), *asked.values()])
            said = dict(zip([*runs, *asked], ran, strict=True))
            host = self._live.connection.host
            return Answers(
                {key: _data(Asked(host, "GET", get.path), said[key]) for key, get in gets.items()},
                {key: said[key] for key in runs},
            )
        ran, *answered = await asyncio.gather(
            self._run(list(runs.values())), *(self._call(get) for get in gets.values())
        )
        return Answers(dict(zip(gets, answered, strict=True)), dict(zip(runs, ran, strict=True)))

    async def _call(self, get: Get) -> Any | Unseen:
        try:
            return await self._live.api.call("GET", get.path, get.params)
        except Trouble as trouble:
            return unseen(trouble)
        finally:
            self._count(answered=1)

    async def _run(self, commands: list[str]) -> list[Ran | Unseen]:
        if not commands:
            return []
        lines = [
            f"keep {n} {command} &" + ("\nwait" if n % AT_ONCE == AT_ONCE - 1 else "")
            for n, command in enumerate(commands)
        ]
        script = "\n".join([_BEGIN, self._functions, *lines, _END])
        try:
            ran = await self._live.host.run("sh -s", stdin=script.encode(), timeout=LIMIT)
        except Trouble as trouble:
            return [unseen(trouble)] * len(commands)
        finally:
            self._count(answered=len(commands))
        *rows, last = ran.stdout.decode("ascii", "replace").splitlines() or [""]
        if last != "end of batch" or len(rows) != len(commands):
            said = f"host {self._live.connection.host}: its answer ended early ({ran.said or ran.exit})"
            return [Unseen(said, "run this again")] * len(commands)
        full = Unseen(
            f"host {self._live.connection.host}: its /tmp takes no file", "make room there, and run this again"
        )
        return [full if row.startswith(",") else _ran(row) for row in rows]

    def _count(self, *, asked: int = 0, answered: int = 0) -> None:
        self._asked += asked
        self._answered += answered
        self._hear(self._answered, self._asked)


def unseen(trouble: Trouble) -> Unseen:
    """A trouble as the reason why something is not known."""
    return Unseen(f"{trouble.subject}: {trouble.said}", trouble.remedy)


def _ran(row: str) -> Ran:
    code, out, err = row.split(",")
    return Ran(int(code), base64.b64decode(out), base64.b64decode(err))


def _pvesh(get: Get) -> str:
    wire = encode(Asked("", "GET", get.path), get.params)
    return shlex.join(["timeout", "-k", "2", "20", *command("GET", get.path, wire)])


def _data(asked: Asked, ran: Ran | Unseen) -> Any | Unseen:
    """The data that pvesh printed."""
    if isinstance(ran, Unseen):
        return ran
    if ran.exit in (124, 137):
        return Unseen(f"{asked.subject}: pvesh on {asked.host} did not answer in time", "run this again")
    if ran.exit in (126, 127):
        remedy = "see that it is a node of Proxmox VE, and that root logs in there"
        return unseen(Unreachable(asked.subject, f"there is no pvesh on {asked.host} ({ran.said})", remedy))
    if ran.exit != 0:
        error = refusal(asked, ran.stderr.decode("utf-8", "replace") or ran.text)
        return unseen(error) if isinstance(error, Trouble) else Unseen(str(error))
    try:
        return json.loads(ran.text or "null")
    except ValueError:
        return Unseen(f"{asked.subject}: pvesh on {asked.host} printed something that is no JSON", "run this again")
