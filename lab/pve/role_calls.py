"""/access/roles: the built-in roles and those of the site."""

from typing import Any

from lab.pve.call import Call
from lab.pve.errors import Died
from lab.pve.formats import split_list
from lab.pve.privileges import ALL, BUILT_IN
from lab.pve.routes import route


@route("GET", "/access/roles")
async def roles(call: Call) -> list[dict[str, Any]]:
    """All roles with their privileges."""
    return [
        {"roleid": name, "privs": ",".join(sorted(has)), "special": int(name in BUILT_IN)}
        for name, has in sorted(call.access.config.roles.items())
    ]


@route("GET", "/access/roles/{roleid}")
async def role(call: Call) -> dict[str, int]:
    """The privileges of one role."""
    found = call.access.config.roles.get(call.text("roleid"))
    if found is None:
        raise Died(f"role '{call.text('roleid')}' does not exist")
    return dict.fromkeys(sorted(found), 1)


def _privileges(call: Call) -> frozenset[str]:
    wanted = split_list(call.text("privs"))
    for privilege in wanted:
        if privilege not in ALL:
            raise Died(f"invalid privilege '{privilege}'")
    return frozenset(wanted)


@route("POST", "/access/roles")
async def make_role(call: Call) -> None:
    """Make a role."""
    config, name = call.access.change(), call.text("roleid")
    if name in config.roles:
        raise Died(f"create role failed: role '{name}' already exists")
    config.roles[name] = _privileges(call)
    call.access.save(config)


@route("PUT", "/access/roles/{roleid}")
async def change_role(call: Call) -> None:
    """Replace or (`append`) add to the privileges of a role."""
    config, name = _own(call, "update")
    config.roles[name] = _privileges(call) | (config.roles[name] if call.get("append") else frozenset())
    call.access.save(config)


@route("DELETE", "/access/roles/{roleid}")
async def remove_role(call: Call) -> None:
    """Remove a role of the site."""
    config, name = _own(call, "delete")
    del config.roles[name]
    call.access.save(config)


def _own(call: Call, verb: str) -> tuple[Any, str]:
    config, name = call.access.change(), call.text("roleid")
    if name not in config.roles:
        raise Died(f"{verb} role failed: role '{name}' does not exist")
    if name in BUILT_IN:
        done = "modified" if verb == "update" else "deleted"
        raise Died(f"{verb} role failed: auto-generated role '{name}' cannot be {done}")
    return config, name
