"""DSM's web API over HTTP: what it offers, logins, and calls whose parameters are JSON."""

import json
from typing import Any

from aiohttp import web

from lab.dsm import calls
from lab.dsm.calls import Asked, DsmError
from lab.dsm.state import Dsm
from lab.journal import Journal

SECRETS = frozenset({"passwd", "otp_code", "device_id", "_sid"})
OWN = frozenset({"api", "version", "method", "_sid", "SynoToken"})
ENTRY, QUERY, AUTH = "/webapi/entry.cgi", "/webapi/query.cgi", "/webapi/auth.cgi"
LOGIN, OFFER = "SYNO.API.Auth", "SYNO.API.Info"


class Edge:
    """One DSM served over HTTP; each request is in the journal, without its secrets."""

    def __init__(self, dsm: Dsm, journal: Journal) -> None:
        self.dsm, self.journal = dsm, journal
        calls.load()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; a NAS that is off answers nothing."""
        if not self.dsm.nas.on:
            if request.transport:
                request.transport.abort()
            return web.Response(status=500)
        form = await request.post() if request.method == "POST" else {}
        params = {**request.query, **{name: value for name, value in form.items() if isinstance(value, str)}}
        command = f"{params.get('api', '')} {params.get('method', '')}"
        shown = {name: "***" if name in SECRETS else value for name, value in params.items()}
        entry = self.journal.add("dsm", self.dsm.clock.now(), command=command, params=shown, status=0)
        try:
            answer: dict[str, Any] = {"success": True}
            if (data := self._answer(request, params, command)) is not None:
                answer["data"] = data
        except DsmError as error:
            entry["status"] = error.code
            answer = {"success": False, "error": {"code": error.code}}
            if error.errors:
                answer["error"]["errors"] = error.errors
        self.dsm.nas.rules.update(self.dsm.meanwhile.pop(command, {}))
        if command in self.dsm.lost and request.transport:
            self.dsm.lost.remove(command)
            request.transport.abort()
        return web.json_response(answer)

    def _answer(self, request: web.Request, params: dict[str, str], command: str) -> Any:
        api, method, version = params.get("api", ""), params.get("method", ""), _number(params.get("version"))
        if api == OFFER:
            if request.path not in (QUERY, ENTRY) or method != "query":
                raise DsmError(103)
            return self._offered()
        if api == LOGIN:
            if request.path not in (AUTH, ENTRY) or not 3 <= version <= self.dsm.login_version:
                raise DsmError(104)
            return self._auth(request, params, method, version)
        if api not in calls.VERSIONS or request.path != ENTRY:
            raise DsmError(102)
        self.dsm.check(params.get("_sid", ""), request.headers.get("X-SYNO-TOKEN", ""))
        if (api, method) not in calls.CALLS:
            raise DsmError(103)
        least, most = calls.VERSIONS[api]
        if not least <= version <= most:
            raise DsmError(104)
        if code := self.dsm.fails.pop(command, 0):
            raise DsmError(code)
        return calls.CALLS[api, method](Asked(self.dsm, _decoded(params)))

    def _offered(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            api: {"path": "entry.cgi", "minVersion": least, "maxVersion": most, "requestFormat": "JSON"}
            for api, (least, most) in sorted(calls.VERSIONS.items())
        }
        return {LOGIN: {"path": "entry.cgi", "minVersion": 1, "maxVersion": self.dsm.login_version}, **found}

    def _auth(self, request: web.Request, params: dict[str, str], method: str, version: int) -> Any:
        if method == "logout":
            self.dsm.sessions.pop(params.get("_sid", ""), None)
            return None
        if method != "login":
            raise DsmError(103)
        if not request.secure:  # DSM wants secrets wrapped in its own encryption there
            raise DsmError(400)
        return self.dsm.log_in(params, version)


def application(dsm: Dsm, journal: Journal) -> web.Application:
    """The aiohttp application that serves the NAS's management."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", Edge(dsm, journal).handle)
    return app


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def _decoded(params: dict[str, str]) -> dict[str, Any]:
    """The parameters of an API whose request format is JSON; error 101 for one that is none."""
    try:
        return {name: json.loads(value) for name, value in params.items() if name not in OWN}
    except ValueError:
        raise DsmError(101) from None
