"""The API over HTTP as pveproxy speaks it: requests decoded, actors known, answers and faults sent."""

import asyncio
import json
from typing import Any
from urllib.parse import unquote, unquote_plus

from aiohttp import web

from lab.faults import Faults, Rule
from lab.journal import Journal
from lab.pve.api import Answer, Api, failure
from lab.pve.call import Actor
from lab.pve.errors import ApiError, Unavailable
from lab.pve.login import actor_of
from lab.pve.routes import METHODS

PREFIX = "/api2/json"
SERVER = "pve-api-daemon/3.0"
SECRETS = {"password", "otp", "tfa-challenge", "cipassword", "ticket", "value"}
HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


class Edge:
    """One API served over HTTP. `delay` is what a 401 takes, in seconds; Proxmox takes three."""

    def __init__(self, api: Api, faults: Faults, journal: Journal, delay: float) -> None:
        self.api, self.faults, self.journal, self.delay = api, faults, journal, delay

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, faults included; each is in the journal."""
        path = unquote(request.raw_path.partition("?")[0]).removeprefix(PREFIX) or "/"
        entry = self.journal.add("api", self.api.clock.now(), method=request.method, path=path, status=0)
        rule = self.faults.match("api", method=request.method, path=path)
        if rule and rule.nas:
            self.api.nas.on = rule.nas == "on"
        if rule and rule.when == "before" and (spoilt := await self._spoilt(rule, request, None)):
            entry["status"] = spoilt.status
            return spoilt
        answer, actor, params = await self._answer(request, path)
        shown = {key: "***" if key in SECRETS else value for key, value in params.items()}
        entry.update(user=actor.user, params=shown, status=answer.status)
        if rule and rule.when != "before" and (spoilt := await self._spoilt(rule, request, answer)):
            return spoilt
        if answer.status == 401:
            await asyncio.sleep(self.delay)
        return response(answer)

    async def _answer(self, request: web.Request, path: str) -> tuple[Answer, Actor, dict[str, Any]]:
        actor, params = Actor(""), {}
        try:
            if request.method not in METHODS:
                raise Unavailable(f"method '{request.method}' not available", body=False)
            if not (request.path == PREFIX or request.path.startswith(PREFIX + "/")):
                raise Unavailable("no such uri", body=False)
            actor = actor_of(self.api, request.method, path, request.headers)
            params = await decoded(request)
        except ApiError as error:
            return failure(error), actor, params
        return await self.api.call(actor, request.method, path, params), actor, params

    async def _spoilt(self, rule: Rule, request: web.Request, answer: Answer | None) -> web.StreamResponse | None:
        """What a fault makes of the answer; None where the request goes on as if nothing had happened."""
        if rule.effect == "hang":
            await asyncio.sleep(rule.seconds or 10**6)
            return None
        if rule.effect in ("status", "fail"):
            return response(Answer(rule.status, rule.message, message=rule.message + "\n"))
        if rule.effect in ("reset", "drop"):
            if request.transport:
                request.transport.abort()
            return web.Response(status=500)
        if rule.effect == "html":
            return web.Response(status=rule.status, text=HTML, content_type="text/html")
        if rule.effect == "empty":
            return web.Response(status=200, body=b"")
        if rule.effect == "half":
            whole = body_of(answer or Answer(200, "OK", []))
            return web.Response(body=whole[: len(whole) // 2], content_type="application/json")
        return None


def application(api: Api, faults: Faults, journal: Journal, *, delay: float = 3.0) -> web.Application:
    """The aiohttp application that serves the API."""
    app = web.Application(client_max_size=16 * 2**20)
    app.router.add_route("*", "/{path:.*}", Edge(api, faults, journal, delay).handle)
    return app


async def decoded(request: web.Request) -> dict[str, Any]:
    """The parameters of a request: body (form or JSON), then the query, which wins."""
    params: dict[str, Any] = {}
    raw = await request.read() if request.body_exists else b""
    if raw:
        if request.content_type == "application/json":
            params = _json(raw)
        elif request.content_type == "application/x-www-form-urlencoded":
            params = pairs(raw.decode("utf-8", "replace"))
        else:
            raise Unavailable(f"upload 'Content-Type '{request.content_type}' not implemented", body=False)
    return params | pairs(request.raw_path.partition("?")[2])


def _json(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError as error:
        raise Unavailable(f"malformed JSON string: {error}", body=False) from None
    if not isinstance(found, dict):
        raise Unavailable("Not a HASH reference", body=False)
    return found


def pairs(text: str) -> dict[str, Any]:
    """The parameters of a form or query; a repeated key becomes a list, a key without `=` is dropped."""
    found: dict[str, Any] = {}
    for part in text.replace(";", "&").split("&"):
        key, equals, value = part.partition("=")
        if not equals:
            continue
        key, value = unquote_plus(key), unquote_plus(value)
        known = found.get(key)
        found[key] = value if known is None else [*known, value] if isinstance(known, list) else [known, value]
    return found


def body_of(answer: Answer) -> bytes:
    """The JSON of an answer."""
    content: dict[str, Any] = {"data": answer.data}
    for key in ("errors", "message", "total"):
        if (value := getattr(answer, key)) is not None:
            content[key] = value
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def response(answer: Answer) -> web.Response:
    """The HTTP response of an answer; a failure ends the connection."""
    built = web.Response(
        status=answer.status, reason=answer.reason.strip() or None, body=body_of(answer) if answer.body else b""
    )
    built.headers.update(
        {
            "Server": SERVER,
            "Cache-Control": "max-age=0",
            "Pragma": "no-cache",
            "Content-Type": "application/json;charset=UTF-8",
        }
    )
    if answer.status >= 400:
        built.force_close()
    return built
