"""/etc/pve/user.cfg and priv/token.cfg: users, tokens, groups, roles, pools and ACLs as their text says, and back."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, unquote

from lab.pve.privileges import BUILT_IN


class Realm(NamedTuple):
    """Where users log in."""

    name: str
    comment: str


@dataclass
class Token:
    """An API token: `expire` in seconds since the epoch, 0 for never."""

    expire: int = 0
    privsep: int = 1
    comment: str = ""


@dataclass
class User:
    """A user USER@REALM."""

    enable: int = 1
    expire: int = 0
    firstname: str = ""
    lastname: str = ""
    email: str = ""
    comment: str = ""
    keys: str = ""
    tokens: dict[str, Token] = field(default_factory=dict)


@dataclass
class Pool:
    """A pool; members are kept as keys, in order."""

    name: str
    comment: str = ""
    guests: dict[str, None] = field(default_factory=dict)
    storages: dict[str, None] = field(default_factory=dict)


@dataclass
class UserConfig:
    """All of user.cfg."""

    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, dict[str, None]] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    """Comments of groups."""
    roles: dict[str, frozenset[str]] = field(default_factory=lambda: dict(BUILT_IN))
    pools: dict[str, Pool] = field(default_factory=dict)
    acl: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    """Path -> user, token or @group -> role -> whether it propagates."""

    def grant(self, path: str, who: str, role: str, propagate: int = 1) -> None:
        """Add an ACL entry."""
        self.acl.setdefault(path, {}).setdefault(who, {})[role] = propagate

    def revoke(self, path: str, who: str, role: str | None = None) -> None:
        """Remove an ACL entry, or all of `who` on the path."""
        granted = self.acl.get(path, {}).get(who, {})
        if role is None:
            granted.clear()
        granted.pop(role or "", None)
        if path in self.acl and not granted:
            self.acl[path].pop(who, None)
            if not self.acl[path]:
                del self.acl[path]


def normal_path(path: str) -> str:
    """An ACL path with one slash in front, none at the end, none twice."""
    return "/" + "/".join(part for part in path.split("/") if part)


def parse(text: str) -> UserConfig:
    """The configuration in a text; lines it cannot read are passed over, as Proxmox does (with a warning)."""
    config = UserConfig()
    config.users.setdefault("root@pam", User())
    for line in text.splitlines():
        kind, *rest = line.strip().split(":")
        fields = [*rest, *[""] * 9]
        if kind == "user":
            name, enable, expire, first, last, email, comment, keys = fields[:8]
            config.users[name] = User(
                int(enable == "1"), int(expire or 0), unquote(first), unquote(last), email, unquote(comment), keys
            )
        elif kind == "token":
            owner, _, token = fields[0].partition("!")
            if owner in config.users and len(token) > 1:
                config.users[owner].tokens[token] = Token(int(fields[1] or 0), int(fields[2] or 0), unquote(fields[3]))
        elif kind == "group":
            config.groups[fields[0]] = dict.fromkeys(_names(fields[1]))
            config.comments[fields[0]] = unquote(fields[2])
        elif kind == "role":
            if fields[0] not in BUILT_IN:
                config.roles[fields[0]] = frozenset(_names(fields[1]))
        elif kind == "pool":
            config.pools[fields[0]] = Pool(
                fields[0], unquote(fields[1]), dict.fromkeys(_names(fields[2])), dict.fromkeys(_names(fields[3]))
            )
        elif kind == "acl":
            for who in _names(fields[2]):
                for role in _names(fields[3]):
                    config.grant(normal_path(fields[1]), who, role, int(fields[0] == "1"))
    return config


def written(config: UserConfig) -> str:
    """The text of a configuration, sections in Proxmox's order."""
    lines: list[str] = []
    for name, user in sorted(config.users.items()):
        lines.append(
            _line(
                "user",
                name,
                user.enable,
                user.expire,
                quote(user.firstname),
                quote(user.lastname),
                user.email,
                _comment(user.comment),
                user.keys,
            )
        )
        for token, known in sorted(user.tokens.items()):
            lines.append(_line("token", f"{name}!{token}", known.expire, known.privsep, _comment(known.comment)))
    lines.append("")
    for name, members in sorted(config.groups.items()):
        lines.append(_line("group", name, ",".join(sorted(members)), _comment(config.comments.get(name, ""))))
    lines.append("")
    for name, pool in sorted(config.pools.items()):
        lines.append(_line("pool", name, _comment(pool.comment), _joined(pool.guests), _joined(pool.storages)))
    lines.append("")
    for name, privileges in sorted(config.roles.items()):
        if name not in BUILT_IN:
            lines.append(_line("role", name, ",".join(sorted(privileges))))
    lines.append("")
    for path, entries in sorted(config.acl.items()):
        for who, granted in sorted(entries.items()):
            for on in sorted(set(granted.values())):
                names = sorted(role for role, propagate in granted.items() if propagate == on)
                lines += [_line("acl", on, path, who, ",".join(names))]
    return "\n".join(lines) + "\n"


def parse_tokens(text: str) -> dict[str, str]:
    """USER!TOKEN -> its UUID."""
    return {name: secret for name, _, secret in (line.partition(" ") for line in text.splitlines()) if secret}


def written_tokens(tokens: dict[str, str]) -> str:
    """The text of token.cfg."""
    return "".join(f"{name} {secret}\n" for name, secret in tokens.items())


def _line(*fields: object) -> str:
    return ":".join(map(str, fields)) + ":"


def _comment(text: str) -> str:
    return quote(text, safe=" /@,;()+=!'*~_.-")


def _joined(names: Iterable[str]) -> str:
    return ",".join(sorted(names))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.replace(";", ",").split(",") if name.strip()]
