"""The control URL of a lab: move its clock, switch its NAS, break things, count what it was asked."""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from lab.faults import BadRule
from lab.pve.pace import pace_of
from lab.pve.side import side

if TYPE_CHECKING:
    from lab.box import Box

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Misuse(Exception):
    """A control request that cannot be done; the text says why."""


class Control:
    """The handlers of one box; each answers JSON, or 400 with `{"error": sentence}`."""

    def __init__(self, box: "Box") -> None:
        self.box = box

    async def body(self, request: web.Request) -> dict[str, Any]:
        """The JSON object of a request; nothing is an empty one."""
        raw = await request.read()
        try:
            data = json.loads(raw) if raw else {}
        except ValueError as error:
            raise Misuse(f"control: the body is no JSON: {error}") from None
        if not isinstance(data, dict):
            raise Misuse("control: the body is no JSON object")
        return data

    async def reset(self, request: web.Request) -> Any:
        """Back to the fixture."""
        await self.box.reset()

    async def reboot(self, request: web.Request) -> Any:
        """Power the node off and on."""
        await self.box.reboot()

    async def side(self, request: web.Request) -> Any:
        """A change that is no API call: `{"args": ["mount", "/mnt/x"]}`."""
        args = (await self.body(request)).get("args") or []
        if args[:1] == ["reboot"]:
            return await self.box.reboot()
        try:
            await side(self.box.api, args)
        except (LookupError, TypeError, OSError) as error:
            raise Misuse(f"side action {' '.join(map(str, args))}: {error}") from error
        return None

    async def nas(self, request: web.Request) -> Any:
        """Switch, fill or empty the NAS: `{"power": "off"}`, `{"full": true}`; set its clock: `{"ahead": 300}`.

        `{"squash": "guest"}` and `{"client": ADDRESS}` change its rules of NFS, `{"strangers": false}` lets nobody
        write whom it does not know.
        """
        data, nas = await self.body(request), self.box.nas
        if data.get("power", "on") not in ("on", "off"):
            raise Misuse(f"nas: power is '{data['power']}', not on or off")
        if "power" in data:
            nas.on = data["power"] == "on"
        nas.full = bool(data.get("full", nas.full))
        nas.ahead = float(data.get("ahead", nas.ahead))
        nas.strangers = bool(data.get("strangers", nas.strangers))
        given = {"squash": "root_squash", "client": "client", "privilege": "privilege"}
        changed = {word: data[key] for key, word in given.items() if key in data}
        nas.rules = {share: [rule | changed for rule in rules] for share, rules in nas.rules.items()}
        return {"power": "on" if nas.on else "off", "full": nas.full}

    async def dsm(self, request: web.Request) -> Any:
        """Change the NAS's management: `{"expire": 106}` ends every session with that code, other keys set their own.

        `{"meanwhile": {COMMAND: {SHARE: RULES}}}` saves rules right after a command was answered, `{"rules": …}` now,
        `{"nfs": …}` settings of the service, `{"fails": {COMMAND: CODE}}` lets a command fail once.
        """
        data, dsm = await self.body(request), self.box.dsm
        if dsm is None:
            raise Misuse("dsm: this lab's NAS has none")
        for key, value in data.items():
            if key == "expire":
                dsm.end_sessions(int(value))
            elif key in ("rules", "nfs"):
                getattr(dsm.nas, key).update(value)
            elif key in dsm.changeable:
                setattr(dsm, key, value)
            else:
                raise Misuse(f"dsm: '{key}' is none of expire, rules, nfs, {', '.join(sorted(dsm.changeable))}")
        shown = {key: getattr(dsm, key) for key in sorted(dsm.changeable)}
        return {**shown, "rules": dsm.nas.rules, "nfs": dsm.nas.nfs, "sessions": len(dsm.sessions)}

    async def disk(self, request: web.Request) -> Any:
        """Leave only so many bytes on the root disk: `{"free": 0}`; null lifts it."""
        free = (await self.body(request)).get("free")
        self.box.root.spaces.limit(None if free is None else int(free))
        return {"free": self.box.root.usage("/")[2]}

    async def clock(self, request: web.Request) -> Any:
        """Move the clock: `{"advance": seconds}` or `{"set": epoch}`; answered when all timers due have run."""
        data, clock = await self.body(request), self.box.clock
        if "set" in data:
            clock.set(float(data["set"]))
        elif "advance" in data:
            clock.set(clock.now() + float(data["advance"]))
        await clock.settled()
        return {"now": clock.now(), "local": clock.local().isoformat()}

    async def patience(self, request: web.Request) -> Any:
        """How long waits for a silent NAS last, of what they last in reality: `{"scale": 0.01}`."""
        self.box.machine.patience = float((await self.body(request)).get("scale", 1.0))
        return {"scale": self.box.machine.patience}

    async def pace(self, request: web.Request) -> Any:
        """How long backups and restores take, of what they take in reality: `{"factor": 0}`."""
        pace = pace_of(self.box.api)
        pace.factor = float((await self.body(request)).get("factor", 0.0))
        return {"factor": pace.factor}

    async def run(self, request: web.Request) -> Any:
        """Run a script on the node as an operator at its console would: `{"script": ...}`; not in the journal."""
        code, out, err = await self.box.machine.shell(str((await self.body(request)).get("script", "")))
        return {"exit": code, "stdout": out.decode("utf-8", "replace"), "stderr": err.decode("utf-8", "replace")}

    async def add_fault(self, request: web.Request) -> Any:
        """Put a fault rule in force."""
        try:
            self.box.faults.add(await self.body(request))
        except (BadRule, TypeError) as error:
            raise Misuse(str(error)) from error
        return {"rules": len(self.box.faults.rules)}

    async def faults(self, request: web.Request) -> Any:
        """The rules in force, with how often each hit."""
        return [vars(rule) for rule in self.box.faults.rules]

    async def clear_faults(self, request: web.Request) -> Any:
        """Nothing goes wrong any more."""
        self.box.faults.clear()

    async def requests(self, request: web.Request) -> Any:
        """Every API request and ssh command so far."""
        return self.box.journal.entries

    async def clear_requests(self, request: web.Request) -> Any:
        """Forget them."""
        self.box.journal.clear()

    async def state(self, request: web.Request) -> Any:
        """What is mounted, who waits, what time it is: for looking at a lab."""
        return {
            "mounts": [m.proc_mounts().rstrip() for m in self.box.root.mounts],
            "processes": {p.pid: " ".join(p.argv)[:200] for p in self.box.machine.processes.values()},
            "nas": {"power": "on" if self.box.nas.on else "off", "full": self.box.nas.full},
            "now": self.box.clock.now(),
        }


def control_application(box: "Box") -> web.Application:
    """The aiohttp application behind the control URL."""
    control, app = Control(box), web.Application(client_max_size=16 * 2**20)
    for method, path, action in (
        ("POST", "/reset", control.reset),
        ("POST", "/reboot", control.reboot),
        ("POST", "/side", control.side),
        ("POST", "/nas", control.nas),
        ("POST", "/disk", control.disk),
        ("POST", "/dsm", control.dsm),
        ("POST", "/clock", control.clock),
        ("POST", "/patience", control.patience),
        ("POST", "/pace", control.pace),
        ("POST", "/run", control.run),
        ("POST", "/faults", control.add_fault),
        ("GET", "/faults", control.faults),
        ("DELETE", "/faults", control.clear_faults),
        ("GET", "/requests", control.requests),
        ("DELETE", "/requests", control.clear_requests),
        ("GET", "/state", control.state),
    ):
        app.router.add_route(method, path, _answered(action))
    return app


def _answered(action: Callable[[web.Request], Awaitable[Any]]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(await action(request))
        except Misuse as error:
            return web.json_response({"error": str(error)}, status=400)

    return handle
