"""Whom to tell, as a stack's configuration names them: targets of notifications and the address of a dead-man check."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import SecretStr

from homebackup.model.configuration import DEADMAN, NAMESPACE, NOTIFY
from homebackup.world.connection import Problems


@dataclass(frozen=True)
class Recipients:
    """The targets as apprise writes them, in their order, and the address that a dead-man check is pinged at."""

    targets: tuple[SecretStr, ...] = ()
    deadman: SecretStr | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no text may tell: an address is as good as a password to whoever has it."""
        return tuple(secret.get_secret_value() for secret in (*self.targets, *filter(None, (self.deadman,))))

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """What a stack's configuration says, by full key; raises Problems, in which no address stands."""
        targets = _list(config.get(f"{NAMESPACE}:{NOTIFY}") or [])
        deadman = str(config.get(f"{NAMESPACE}:{DEADMAN}") or "").strip()
        if deadman and not _is_web(deadman):
            raise Problems({DEADMAN: "is no address that begins with https:// or http://, as a dead-man check has it"})
        return cls(tuple(map(SecretStr, targets)), SecretStr(deadman) if deadman else None)


def _list(said: Any) -> list[str]:
    """The targets of a list, of its JSON, or of a text with white space between them."""
    if isinstance(said, str):
        if not said.lstrip().startswith("["):
            return said.split()
        try:
            said = json.loads(said)
        except ValueError:
            said = None
    if not isinstance(said, list) or not all(isinstance(target, str) for target in said):
        raise Problems({NOTIFY: "is no list of apprise's addresses, such as ntfy://topic"})
    return [target.strip() for target in said if target.strip()]


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, address))
    except ValueError:
        return False
