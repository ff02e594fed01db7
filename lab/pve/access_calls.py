"""/access: tickets, realms, users, ACLs, roles and what one may do."""

import secrets
from collections.abc import Iterator
from typing import Any

from lab.pve.access import no_such_token
from lab.pve.call import Call
from lab.pve.errors import BadParameters, Died, LoginFailed
from lab.pve.formats import split_list
from lab.pve.routes import route
from lab.pve.token_calls import token_shown
from lab.pve.usercfg import User, UserConfig, normal_path

CAPABILITIES = {
    "/": ("dc", ("SDN", "Sys.Audit", "Sys.Modify")),
    "/access": ("access", ("Group.Allocate", "User.Modify", "Permissions.Modify")),
    "/mapping": ("mapping", ("Mapping", "Permissions.Modify")),
    "/nodes": ("nodes", ("Sys", "Permissions.Modify")),
    "/sdn": ("sdn", ("SDN", "Permissions.Modify")),
    "/storage": ("storage", ("Datastore", "Permissions.Modify")),
    "/vms": ("vms", ("VM", "Permissions.Modify")),
}
WHO = ("users", "groups", "tokens")


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
    cap = {
        label: {p: 1 for p in call.access.permissions(name, path) if f"{p}.".startswith(tuple(f"{w}." for w in wanted))}
        for path, (label, wanted) in CAPABILITIES.items()
    }
    return {
        "username": name, "ticket": api.tickets.issue(name), "CSRFPreventionToken": api.tickets.csrf(name), "cap": cap,
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
    found = {path: dict(call.access.permissions(who, path)) for path in sorted(set(_paths(call.access.config)))}
    return {path: has for path, has in found.items() if has}


def _paths(config: UserConfig) -> Iterator[str]:
    """Every path on which somebody may have been granted something."""
    yield from ("/", "/access", "/access/groups", "/mapping", "/nodes", "/pool", "/sdn", "/storage", "/vms")
    for path in config.acl:
        parts = path.strip("/").split("/")
        yield from (f"/{'/'.join(parts[:i])}" for i in range(1, len(parts) + 1))
    for pool in config.pools.values():
        yield from (f"/vms/{vmid}" for vmid in pool.guests)
        yield from (f"/storage/{name}" for name in pool.storages)


@route("GET", "/access/users")
async def users(call: Call) -> list[dict[str, Any]]:
    """The users one may see: all with User.Modify or Sys.Audit, oneself always."""
    actor = call.actor.owner
    everyone = call.may("/access/groups", "User.Modify", "Sys.Audit", any_of=True)
    listed = [
        {"userid": name, "realm-type": name.partition("@")[2], **_shown(user)}
        for name, user in sorted(call.access.config.users.items())
        if everyone or name == actor
    ]
    wanted = call.get("enabled")
    return [user for user in listed if wanted is None or user["enable"] == wanted]


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
    return {**_shown(found), "groups": groups} | ({"tokens": tokens} if tokens else {})


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


@route("GET", "/access/acl")
async def acl(call: Call) -> list[dict[str, Any]]:
    """The ACL entries of paths on which one may change permissions (or audit /access)."""
    everything = call.may("/access", "Sys.Audit")
    return [
        {"path": path, "ugid": who.lstrip("@"), "roleid": role, "propagate": on,
         "type": "group" if who.startswith("@") else "token" if "!" in who else "user"}
        for path, entries in call.access.config.acl.items()
        if everything or call.may(path, "Permissions.Modify")
        for who, granted in entries.items()
        for role, on in granted.items()
    ]


@route("PUT", "/access/acl")
async def change_acl(call: Call) -> None:
    """Grant or (`delete`) take away roles on a path."""
    if not any(call.get(key) for key in WHO):
        raise BadParameters(dict.fromkeys(WHO, "either 'users', 'groups' or 'tokens' is required."))
    path, config = normal_path(call.text("path")), call.access.change()
    whom = [*split_list(call.text("users")), *split_list(call.text("tokens")),
            *(f"@{group}" for group in split_list(call.text("groups")))]
    for role in split_list(call.text("roles")):
        if role not in config.roles:
            raise Died(f"role '{role}' does not exist")
        for who in whom:
            owner, _, name = who.partition("!")
            if who.startswith("@"):
                if who[1:] not in config.groups:
                    raise Died(f"group '{who[1:]}' does not exist")
            elif owner not in config.users:
                raise Died(f"no such user ('{owner}')")
            elif name and name not in config.users[owner].tokens:
                raise no_such_token(owner, name)
            if call.get("delete"):
                config.revoke(path, who, role)
            else:
                config.grant(path, who, role, int(call.get("propagate", 1)))
    call.access.save(config)
