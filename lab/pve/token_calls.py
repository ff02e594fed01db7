"""/access/users/USER/token: API tokens made, changed and removed."""

import secrets
from typing import Any
from uuid import UUID

from lab.pve.access import no_such_token, token_exists
from lab.pve.call import Call
from lab.pve.errors import Died
from lab.pve.routes import route
from lab.pve.usercfg import Token

SETTINGS = ("comment", "expire", "privsep")


def _token(call: Call) -> tuple[str, str, Token]:
    user, name = call.text("userid"), call.text("tokenid")
    token = call.access.need_user(user).tokens.get(name)
    if token is None:
        raise no_such_token(user, name)
    return user, name, token


def token_shown(token: Token) -> dict[str, Any]:
    """A token as answers have it, without its secret."""
    return {"expire": token.expire, "privsep": token.privsep} | ({"comment": token.comment} if token.comment else {})


@route("GET", "/access/users/{userid}/token")
async def tokens(call: Call) -> list[dict[str, Any]]:
    """The tokens of a user."""
    found = call.access.need_user(call.text("userid")).tokens
    return [{"tokenid": name, **token_shown(token)} for name, token in sorted(found.items())]


@route("GET", "/access/users/{userid}/token/{tokenid}")
async def token(call: Call) -> dict[str, Any]:
    """One token, without its secret."""
    return token_shown(_token(call)[2])


@route("POST", "/access/users/{userid}/token/{tokenid}")
async def make_token(call: Call) -> dict[str, Any]:
    """Make a token; this answer alone holds its secret. `info` repeats what was sent as text."""
    user, name = call.text("userid"), call.text("tokenid")
    config = call.access.change()
    if user not in config.users:
        raise Died(f"no such user ('{user}')")
    if name in config.users[user].tokens:
        raise token_exists()
    sent: dict[str, Any] = {key: call.params[key] for key in SETTINGS if key in call.params}
    config.users[user].tokens[name] = Token(**sent)
    secret, full = str(UUID(bytes=secrets.token_bytes(16), version=4)), f"{user}!{name}"
    call.access.save(config)
    call.access.set_secret(full, secret)
    return {"full-tokenid": full, "value": secret, "info": {"privsep": 1} | {key: str(v) for key, v in sent.items()}}


@route("PUT", "/access/users/{userid}/token/{tokenid}")
async def change_token(call: Call) -> dict[str, Any]:
    """Change expiry, comment or privilege separation of a token."""
    user, name, _ = _token(call)
    config = call.access.change()
    known = config.users[user].tokens[name]
    for key in SETTINGS:
        if key in call.params:
            setattr(known, key, call.params[key])
    call.access.save(config)
    return token_shown(known)


@route("DELETE", "/access/users/{userid}/token/{tokenid}")
async def remove_token(call: Call) -> None:
    """Remove a token with its ACL entries."""
    user, name, _ = _token(call)
    config, full = call.access.change(), f"{user}!{name}"
    del config.users[user].tokens[name]
    for path in list(config.acl):
        config.revoke(path, full)
    call.access.save(config)
    call.access.set_secret(full, None)
