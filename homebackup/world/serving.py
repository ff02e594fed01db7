"""A small web server that only tells: what it answers was made before it is asked, and nobody can change anything."""

import base64
import binascii
import contextlib
import hmac
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from pydantic import SecretStr

from homebackup.world.errors import Refused

SHORTEST = 16
"""Characters of a token; one that can be guessed protects nothing."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_ASK = {str(hdrs.WWW_AUTHENTICATE): 'Basic realm="homebackup", charset="UTF-8"'}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Answer:
    """What is answered; `age` are the seconds since it was true, None when it has none. 503 asks to come back."""

    content: bytes
    type: str = "text/plain; charset=utf-8"
    age: float | None = None
    status: int = 200


def loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def guarded(host: str, token: SecretStr | None) -> SecretStr | None:
    """The token for serving at an address; raises Refused where one is needed, and for one that is too short."""
    if token is None:
        if loopback(host):
            return None
        raise Refused(
            f"serving at {host}",
            "others could reach it, and there is no token",
            "put one into a file for --token-file or into HOMEBACKUP_TOKEN, or serve at 127.0.0.1",
        )
    if len(token.get_secret_value()) < SHORTEST:
        raise Refused("token", f"it is shorter than {SHORTEST} characters", "make one with: openssl rand -hex 24")
    return token


@contextlib.asynccontextmanager
async def serving(
    routes: Mapping[str, Callable[[], Answer]], host: str, port: int, token: SecretStr | None
) -> AsyncIterator[str]:
    """Serves while the block runs; what comes is the address. Raises Refused for one that cannot be served at.

    With a token a request needs it as `Authorization: Bearer` or as the password of any user. Without one only
    requests to a name of this machine are answered, so that no web page can have a browser ask in its own name.
    """
    token = guarded(host, token)
    application = web.Application(middlewares=[_careful(token)])
    for path, answer in routes.items():
        application.router.add_get(path, _handler(answer))
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host.strip("[]"), port).start()
        except OSError as error:
            raise Refused(
                f"serving at {host}, port {port}", f"{error.strerror or error}", "name another with --host or --port"
            ) from None
        bound = runner.addresses[0]
        yield f"http://{f'[{bound[0]}]' if ':' in bound[0] else bound[0]}:{bound[1]}/"
    finally:
        await runner.cleanup()


def _handler(answer: Callable[[], Answer]) -> _Handler:
    async def handle(_: web.Request) -> web.StreamResponse:
        told = answer()
        headers = {hdrs.CONTENT_TYPE: told.type}
        if told.age is not None:
            headers[hdrs.AGE] = str(int(told.age))
        if told.status == 503:
            headers[hdrs.RETRY_AFTER] = "10"
        return web.Response(body=told.content, status=told.status, headers=headers)

    return handle


def _careful(token: SecretStr | None) -> Middleware:
    """What stands before every answer, also before the one that a path does not exist."""

    @web.middleware
    async def careful(request: web.Request, handler: _Handler) -> web.StreamResponse:
        response: web.StreamResponse
        if token is None and not loopback(_asked(request)):
            response = _said(403, "this is only for this machine; serve with a token to be asked by another name")
        elif token is not None and not _knows(request, token):
            response = _said(401, "a token is needed, as a password or as a bearer", _ASK)
        else:
            try:
                response = await handler(request)
            except web.HTTPException as refused:
                response = _said(refused.status, refused.reason.lower())
        response.headers.update(HEADERS)
        return response

    return careful


def _said(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(text=f"{text}\n", status=status, headers=headers)


def _asked(request: web.Request) -> str:
    """The name that a request has for us, empty for one that has none."""
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""


def _knows(request: web.Request, token: SecretStr) -> bool:
    """Whether a request has the token, in a time that does not tell how much of it was right."""
    scheme, _, said = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    given = said.strip().encode("utf-8", "replace")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).partition(b":")[2]
        except binascii.Error:
            given = b""
    elif scheme.lower() != "bearer":
        given = b""
    return hmac.compare_digest(given, token.get_secret_value().encode())
