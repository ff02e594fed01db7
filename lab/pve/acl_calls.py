"""/access/acl: who has which role on which path (PVE::API2::ACL)."""

import re
from typing import Any

from lab.pve.access import no_such_token
from lab.pve.call import Call
from lab.pve.declared import need_modify
from lab.pve.errors import BadParameters, Died, Forbidden, reraised
from lab.pve.formats import split_list
from lab.pve.routes import route
from lab.pve.usercfg import UserConfig, normal_path

WHO = ("users", "groups", "tokens")
WORD = r"[A-Za-z0-9.\-_]+"
PATHS = re.compile(
    "|".join(
        (
            "/",
            "/access",
            f"/access/(?:groups|realm)(?:/{WORD})?",
            f"/mapping(?:/{WORD}){{0,2}}",
            f"/nodes(?:/{WORD})?",
            f"/pool(?:/{WORD}){{0,3}}",
            "/sdn",
            f"/sdn/(?:controllers|dns|ipams)(?:/{WORD})?",
            f"/sdn/zones(?:/{WORD}){{0,2}}(?:/[1-9][0-9]{{0,3}})?",
            f"/storage(?:/{WORD})?",
            "/vms(?:/[1-9][0-9]{2,})?",
        )
    )
)
"""The paths on which something may be granted."""


@route("GET", "/access/acl")
async def acl(call: Call) -> list[dict[str, Any]]:
    """The ACL entries of paths whose ACL one may change, or all with Sys.Audit on /access."""
    everything, found = call.may("/access", "Sys.Audit"), []
    for path, entries in call.access.config.acl.items():
        if not everything and not _may_change(call, path):
            continue
        for who, granted in entries.items():
            kind = "group" if who.startswith("@") else "token" if "!" in who else "user"
            found += [
                {"path": path, "ugid": who.removeprefix("@"), "roleid": role, "propagate": on, "type": kind}
                for role, on in granted.items()
            ]
    return found


def _may_change(call: Call, path: str) -> bool:
    try:
        need_modify(call.access, call.actor.user, path)
    except Forbidden:
        return False
    return True


@route("PUT", "/access/acl")
async def change(call: Call) -> None:
    """Grant or (`delete`) take away roles on a path."""
    if not any(call.get(key) for key in WHO):
        raise BadParameters(dict.fromkeys(WHO, "either 'users', 'groups' or 'tokens' is required."))
    path, drop = normal_path(call.text("path")), bool(call.get("delete"))
    if not drop and not PATHS.fullmatch(path):
        raise BadParameters({"path": f"invalid ACL path '{call.text('path')}'"})
    with reraised("ACL update failed"):
        config = call.access.change()
        for role in split_list(call.text("roles")):
            if role not in config.roles:
                raise Died(f"role '{role}' does not exist")
            _need_superset(call, path, role, config, drop=drop)
            for who in _whom(call, config):
                if drop:
                    config.revoke(path, who, role)
                else:
                    config.grant(path, who, role, int(call.get("propagate", 1)))
        call.access.save(config)


def _need_superset(call: Call, path: str, role: str, config: UserConfig, *, drop: bool) -> None:
    """Without Permissions.Modify one hands out no privilege that one has not."""
    has = call.access.permissions(call.actor.user, path)
    if "Permissions.Modify" not in has and not config.roles[role] <= has.keys():
        why = "requires 'Permissions.Modify' or superset of privileges."
        raise BadParameters({"role": f"Cannot {'remove' if drop else 'add'} role '{role}' - {why}"})


def _whom(call: Call, config: UserConfig) -> list[str]:
    groups, users, tokens = (split_list(call.text(key)) for key in ("groups", "users", "tokens"))
    for group in groups:
        if group not in config.groups:
            raise Died(f"group '{group}' does not exist")
    for user in users:
        if user not in config.users:
            raise Died(f"user '{user}' does not exist")
    for token in tokens:
        owner, _, name = token.partition("!")
        if owner not in config.users:
            raise Died(f"no such user ('{owner}')")
        if name not in config.users[owner].tokens:
            raise no_such_token(owner, name)
    return [*(f"@{group}" for group in groups), *users, *tokens]
