"""/access: tickets, realms, users and what one may do."""

import secrets
from typing import Any

from lab.pve.call import Call
from lab.pve.capabilities import capabilities, known_paths
from lab.pve.declared import allowed_groups
from lab.pve.errors import Died, LoginFailed
from lab.pve.formats import split_list
from lab.pve.routes import route
from lab.pve.token_calls import token_shown
from lab.pve.usercfg import User


@route("GET", "/access/ticket")
async def no_ticket(call: Call) -> None:
    """Nothing: for clients that probe."""


@route("POST", "/access/ticket")
async def ticket(call: Call) -> dict[str, Any]:
    """Log in with a password or a valid ticket."""
    api, name = call.api, call.text("username")
    if realm := call.get("realm"):
        name = f"{name}@{realm}"
    if not call.access.enabled(name, call.clock.now()):
        raise LoginFailed
    password = call.text("password")
    if api.tickets.user(password) != name and not secrets.compare_digest(password.encode(), api.password.encode()):
        raise LoginFailed
    if call.get("path"):
        call.access.need(name, call.text("path"), split_list(call.text("privs")))
    return {
        "username": name,
        "ticket": api.tickets.issue(name),
        "CSRFPreventionToken": api.tickets.csrf(name),
        "cap": capabilities(call.access, name),
    }


@route("GET", "/access/domains")
async def domains(call: Call) -> list[dict[str, Any]]:
    """The realms."""
    return [{"realm": realm.name, "type": realm.name, "comment": realm.comment} for realm in call.access.realms()]


@route("GET", "/access/permissions")
async def permissions(call: Call) -> dict[str, Any]:
    """Path -> privilege -> whether it propagates, for the caller or (with Sys.Audit on /access) another."""
    who = call.get("userid", call.actor.user)
    if who != call.actor.user and who.partition("!")[0] != call.actor.user:
        call.need("/access", "Sys.Audit")
    if path := call.get("path"):
        return {path: dict(call.access.permissions(who, path))}
    found = {path: dict(call.access.permissions(who, path)) for path in sorted(known_paths(call.access.config))}
    return {path: has for path, has in found.items() if has}


@route("GET", "/access/users")
async def users(call: Call) -> list[dict[str, Any]]:
    """The users one may see: all with User.Modify or Sys.Audit, oneself always."""
    config, privileges, wanted = call.access.config, ["User.Modify", "Sys.Audit"], call.get("enabled")
    everyone = call.may("/access/groups", *privileges, any_of=True)
    groups = allowed_groups(call.access, call.actor.user, privileges)
    found = []
    for name, user in sorted(config.users.items()):
        visible = everyone or name == call.actor.user or any(name in config.groups[group] for group in groups)
        if not visible or wanted not in (None, user.enable):
            continue
        entry = {"userid": name, "realm-type": name.partition("@")[2], **_shown(user)}
        if call.get("full"):
            entry["groups"] = ",".join(sorted(g for g, members in config.groups.items() if name in members))
            if user.tokens:
                entry["tokens"] = [{"tokenid": t, **token_shown(known)} for t, known in sorted(user.tokens.items())]
        found.append(entry)
    return found


def _shown(user: User) -> dict[str, Any]:
    texts = {key: getattr(user, key) for key in ("firstname", "lastname", "email", "comment", "keys")}
    return {"enable": user.enable, "expire": user.expire, **{key: text for key, text in texts.items() if text}}


@route("GET", "/access/users/{userid}")
async def user(call: Call) -> dict[str, Any]:
    """One user."""
    name = call.text("userid")
    found = call.access.need_user(name)
    groups = sorted(g for g, members in call.access.config.groups.items() if name in members)
    tokens = {token: token_shown(known) for token, known in found.tokens.items()}
    return {**_shown(found), "groups": groups, "tokens": tokens or None}


@route("POST", "/access/users")
async def make_user(call: Call) -> None:
    """Make a user; its password is that of every user of the lab."""
    config, name = call.access.change(), call.text("userid")
    if name in config.users:
        raise Died(f"create user failed: user '{name}' already exists")
    if name.partition("@")[2] not in {realm.name for realm in call.access.realms()}:
        raise Died(f"create user failed: domain '{name.partition('@')[2]}' does not exist")
    config.users[name] = User()
    _set_user(call, config.users[name])
    for group in split_list(call.text("groups")):
        config.groups.setdefault(group, {})[name] = None
    call.access.save(config)


@route("PUT", "/access/users/{userid}")
async def change_user(call: Call) -> None:
    """Change a user."""
    config, name = call.access.change(), call.text("userid")
    if name not in config.users:
        raise Died(f"update user failed: no such user ('{name}')")
    _set_user(call, config.users[name])
    call.access.save(config)


def _set_user(call: Call, user: User) -> None:
    for key in ("enable", "expire", "firstname", "lastname", "email", "comment", "keys"):
        if key in call.params:
            setattr(user, key, call.params[key])


@route("DELETE", "/access/users/{userid}")
async def remove_user(call: Call) -> None:
    """Remove a user with its tokens, memberships and ACL entries."""
    config, name = call.access.change(), call.text("userid")
    if name not in config.users:
        raise Died(f"delete user failed: no such user ('{name}')")
    for full in [name, *(f"{name}!{token}" for token in config.users.pop(name).tokens)]:
        for path in list(config.acl):
            config.revoke(path, full)
        call.access.set_secret(full, None)
    for members in config.groups.values():
        members.pop(name, None)
    call.access.save(config)
