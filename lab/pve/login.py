"""Who a request comes from: API token, ticket with CSRF token, or nobody where none is needed (PVE::HTTPServer)."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lab.pve.call import Actor
from lab.pve.errors import Unauthorized

if TYPE_CHECKING:
    from lab.pve.api import Api

OPEN = {("GET", "/access/domains"), ("GET", "/access/ticket"), ("POST", "/access/ticket")}
TOKEN = re.compile(r"PVEAPIToken=(?P<token>.*)=(?P<secret>[^=]*)")
COOKIE = re.compile(r"(?:^|[;\s])PVEAuthCookie=([^;]*)")


def actor_of(api: "Api", method: str, path: str, headers: Mapping[str, str]) -> Actor:
    """The actor of a request; raises Unauthorized with the reason Proxmox gives."""
    if (method, path) in OPEN:
        return Actor("")
    authorization = headers.get("Authorization", "")
    if authorization.startswith("PVEAPIToken"):
        return _by_token(api, authorization)
    cookie = COOKIE.search(headers.get("Cookie", "")) or COOKIE.search(authorization)
    if cookie is None or not cookie[1]:
        raise Unauthorized("No ticket")
    user = api.tickets.user(unquote(cookie[1]))
    if user is None:
        raise Unauthorized("permission denied - invalid PVE ticket")
    _need_enabled(api, user)
    if method != "GET" and not api.tickets.csrf_fits(user, headers.get("CSRFPreventionToken", "")):
        raise Unauthorized("Permission denied - invalid csrf token")
    return Actor(user)


def _by_token(api: "Api", authorization: str) -> Actor:
    match = TOKEN.fullmatch(authorization)
    if match is None:
        raise Unauthorized("no tokenid specified")
    full = unquote(match["token"])
    user, _, name = full.partition("!")
    _need_enabled(api, user)
    token = api.access.token(full)
    if token is None:
        raise Unauthorized(f"no such token '{name}' for user '{user}'")
    if 0 < token.expire <= api.clock.now():
        raise Unauthorized(f"token '{name}' access expired")
    if api.access.secret(full) != match["secret"]:
        raise Unauthorized("invalid token value!")
    return Actor(full)


def _need_enabled(api: "Api", name: str) -> None:
    user = api.access.user(name)
    if user is None:
        raise Unauthorized(f"no such user ('{name}')")
    if not user.enable:
        raise Unauthorized(f"user '{name}' is disabled")
    if 0 < user.expire <= api.clock.now():
        raise Unauthorized(f"user '{name}' access expired")
