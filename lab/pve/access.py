"""Who may do what: privileges of users and tokens by /etc/pve/user.cfg, as PVE::AccessControl decides."""

from collections.abc import Iterable, Mapping

from lab.pve.errors import BadParameters, Died, Forbidden
from lab.pve.files import TOKENS, USERS, Files
from lab.pve.privileges import ALL
from lab.pve.usercfg import Realm, Token, User, UserConfig, parse, parse_tokens, written, written_tokens


class Access:
    """The user configuration as it is in the file now, and the questions one asks of it."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._known: tuple[UserConfig, dict[tuple[str, str], dict[str, int]]] | None = None

    @property
    def config(self) -> UserConfig:
        """Users, tokens, groups, roles, pools and ACLs. Do not modify: see `change`."""
        return self.files.parsed(USERS, parse)

    def secret(self, token: str) -> str | None:
        """The UUID of a token."""
        return self.files.parsed(TOKENS, parse_tokens).get(token)

    def change(self) -> UserConfig:
        """A copy of the configuration to modify and `save`."""
        return parse(self.files.text(USERS))

    def save(self, config: UserConfig) -> None:
        """Write the configuration."""
        self.files.write(USERS, written(config))

    def set_secret(self, token: str, secret: str | None) -> None:
        """Store or (None) forget the UUID of a token."""
        known = dict(self.files.parsed(TOKENS, parse_tokens))
        known.pop(token, None)
        self.files.write(TOKENS, written_tokens(known | ({token: secret} if secret else {})))

    def user(self, name: str) -> User | None:
        """The user, None where there is no such one."""
        return self.config.users.get(name)

    def token(self, full: str) -> Token | None:
        """The token USER!ID, None where there is no such one."""
        user, _, name = full.partition("!")
        known = self.user(user)
        return known.tokens.get(name) if known else None

    def enabled(self, name: str, now: float) -> bool:
        """Whether the user exists, is enabled and not expired."""
        user = self.user(name)
        return bool(user and user.enable and not 0 < user.expire <= now)

    def realms(self) -> Iterable[Realm]:
        """The realms of the node: the two that always exist."""
        return Realm("pam", "Linux PAM standard authentication"), Realm("pve", "Proxmox VE authentication server")

    def roles(self, user: str, path: str) -> dict[str, int]:
        """Roles of a user or token on a path -> whether each propagates; pools are not looked at."""
        token = self.token(user) if "!" in user else None
        if token and not token.privsep:
            return self.roles(user.partition("!")[0], path)
        config, roles = self.config, {}
        parts = [part for part in path.split("/") if part]
        for i in range(len(parts) + 1):
            acl = config.acl.get("/" + "/".join(parts[:i]))
            final = i == len(parts)
            if acl is None:
                continue
            own = {role: on for role, on in acl.get(user, {}).items() if final or on}
            if own:
                roles = own
                continue
            through = {
                role: on
                for who, granted in acl.items()
                if who.startswith("@") and user in config.groups.get(who[1:], ())
                for role, on in granted.items()
                if final or on
            }
            roles = through or roles
        return {"NoAccess": roles["NoAccess"]} if "NoAccess" in roles else roles

    def permissions(self, user: str, path: str) -> Mapping[str, int]:
        """Privileges of a user or token on a path -> whether each propagates."""
        if user == "root@pam":
            return dict.fromkeys(ALL, 1)
        config = self.config
        if self._known is None or self._known[0] is not config:
            self._known = config, {}
        known = self._known[1]
        if (user, path) not in known:
            known[user, path] = self._permissions(config, user, path)
        return known[user, path]

    def _permissions(self, config: UserConfig, user: str, path: str) -> dict[str, int]:
        owner, is_token, _ = user.partition("!")
        if is_token:
            token = self.token(user)
            if token is None:
                return {}
            if not token.privsep:
                return dict(self.permissions(owner, path))
        roles = self.roles(user, path)
        pooled = self._pool_roles(config, user, path)
        if pooled and "NoAccess" not in roles:
            roles = {"NoAccess": 0} if "NoAccess" in pooled else dict.fromkeys(pooled, 0) | roles
        found: dict[str, int] = {}
        for role, on in roles.items():
            for privilege in config.roles.get(role, ()):
                found[privilege] = int(found.get(privilege, 0) or bool(on))
        if is_token:
            own = self.permissions(owner, path)
            found = {p: int(on and own[p]) for p, on in found.items() if p in own}
        return found

    def _pool_roles(self, config: UserConfig, user: str, path: str) -> set[str]:
        kind, _, name = path.strip("/").partition("/")
        if kind not in ("vms", "storage"):
            return set()
        found: set[str] = set()
        for pool in config.pools.values():
            if name in (pool.guests if kind == "vms" else pool.storages):
                found.update(self.roles(user, f"/pool/{pool.name}"))
        return found

    def may(self, user: str, path: str, privileges: Iterable[str], *, any_of: bool = False) -> bool:
        """Whether the user or token has the privileges (all, or any) on the path."""
        has = self.permissions(user, path)
        return any(p in has for p in privileges) if any_of else all(p in has for p in privileges)

    def need(self, user: str, path: str, privileges: Iterable[str], *, any_of: bool = False) -> None:
        """Raise Forbidden, naming the first missing privilege (or all of them, any of which would do)."""
        wanted = tuple(privileges)
        if self.may(user, path, wanted, any_of=any_of):
            return
        has = self.permissions(user, path)
        missing = "|".join(wanted) if any_of else next(p for p in wanted if p not in has)
        raise Forbidden(f"{path}, {missing}")

    def need_pool(self, name: str) -> None:
        """Raise Forbidden, in the words of a permission check, unless the pool exists."""
        if name not in self.config.pools:
            raise Forbidden(f"pool '{name}' does not exist")

    def need_user(self, name: str) -> User:
        """The user; raises Died where there is no such one."""
        user = self.user(name)
        if user is None:
            raise Died(f"no such user ('{name}')")
        return user

    def forget(self, kind: str, name: str) -> None:
        """Drop the ACL entries on `/KIND/NAME` and the pool memberships of a storage or guest (`vms`) that is gone."""
        config = self.change()
        touched = config.acl.pop(f"/{kind}/{name}", None) is not None
        for pool in config.pools.values():
            members = pool.guests if kind == "vms" else pool.storages
            touched |= name in members
            members.pop(name, None)
        if touched:
            self.save(config)


def no_such_token(user: str, name: str) -> Died:
    """What asking for an unknown token dies with."""
    return Died(f"no such token '{name}' for user '{user}'")


def token_exists() -> BadParameters:
    """What making a token a second time is refused with."""
    return BadParameters({"tokenid": "Token already exists."})
