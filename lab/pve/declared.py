"""The permissions that calls declare as data, checked before their parameters are (RPCEnvironment)."""

from collections.abc import Mapping
from typing import Any

from lab.pve.access import Access
from lab.pve.errors import ApiError, Forbidden
from lab.pve.formats import split_list
from lab.pve.usercfg import normal_path

MODIFIERS = {"/storage/": "Datastore.Allocate", "/vms/": "VM.Allocate", "/pool/": "Pool.Allocate"}
"""Who has this privilege on such a path may change its ACL, too."""


def need_declared(access: Access, user: str, permissions: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Raise Forbidden unless the user meets what a call declares (parameters/*.json, `permissions`)."""
    if permissions.get("user") == "world":
        return
    if not user:
        raise Forbidden("user != null")
    if user == "root@pam" or permissions.get("user") == "all":
        return
    if "check" not in permissions:
        raise Forbidden("user != root@pam")
    _need(access, user, permissions["check"], params)


def _need(access: Access, user: str, check: list[Any], params: Mapping[str, Any]) -> None:
    kind, *rest = check
    if kind == "and":
        for part in rest:
            _need(access, user, part, params)
    elif kind == "or":
        if not any(_meets(access, user, part, params) for part in rest):
            raise Forbidden
    elif kind == "userid-param":
        access.need_user(str(params.get("userid")))
        if user != params.get("userid"):
            raise Forbidden
    elif kind == "userid-group":
        _need_group(access, user, rest[0], dict(zip(rest[1::2], rest[2::2], strict=True)), params)
    elif kind == "perm-modify":
        need_modify(access, user, _path(rest[0], params))
    else:
        options = dict(zip(rest[2::2], rest[3::2], strict=True))
        if "require_param" in options and params.get(options["require_param"]) is None:
            raise Forbidden
        access.need(user, _path(rest[0], params), rest[1], any_of=bool(options.get("any")))


def _meets(access: Access, user: str, check: list[Any], params: Mapping[str, Any]) -> bool:
    try:
        _need(access, user, check, params)
    except ApiError:
        return False
    return True


def _path(template: str, params: Mapping[str, Any]) -> str:
    return normal_path(template.format_map({key: str(value) for key, value in params.items()}))


def _need_group(
    access: Access, user: str, privileges: list[str], options: Mapping[str, str], params: Mapping[str, Any]
) -> None:
    """Privileges on all groups, or on a group that the user of the call is (or shall be) in."""
    named, existing = str(params.get("userid")), options.get("groups_param") != "create"
    if existing:
        access.need_user(named)
    if access.may(user, "/access/groups", privileges, any_of=True):
        return
    groups = allowed_groups(access, user, privileges)
    if "groups_param" in options:
        wanted = split_list(str(params.get("groups") or ""))
        for group in wanted or [""]:
            if group not in groups:
                where = f"/access/groups/{group}".rstrip("/")
                raise Forbidden(f"{where}, {'|'.join(privileges)}")
    if existing and not any(named in access.config.groups[group] for group in groups):
        raise Forbidden


def allowed_groups(access: Access, user: str, privileges: list[str]) -> list[str]:
    """The groups on which the user has any of the privileges."""
    return [
        group for group in access.config.groups if access.may(user, f"/access/groups/{group}", privileges, any_of=True)
    ]


def need_modify(access: Access, user: str, path: str) -> None:
    """Raise Forbidden unless the user may change the ACL of the path."""
    wanted = ["Permissions.Modify", *(privilege for front, privilege in MODIFIERS.items() if path.startswith(front))]
    access.need(user, path, wanted, any_of=True)
