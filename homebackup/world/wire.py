"""Parameters in the form the API takes, and secrets out of the texts that come back; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import SecretStr

from homebackup.model.plain import control
from homebackup.world.answers import Asked
from homebackup.world.errors import Refused

Wire = dict[str, str | list[str]]
"""Parameters ready to send: a text, or several texts for a parameter that is repeated."""

MULTILINE = frozenset({"notes"})
"""Parameters that may hold line feeds; a control character in any other property can damage Proxmox VE's files."""

SECRET = frozenset({"password", "cipassword", "confirmation-password", "encryption-key", "keyring"})
"""Parameters of the API that are secret whatever their Python type."""

HIDDEN = "(hidden)"


def encode(asked: Asked, params: Mapping[str, Any]) -> Wire:
    """The parameters as text: booleans 1 and 0, a list repeated, None left out; control characters are Refused."""
    _refuse_path(asked)
    wire: Wire = {}
    for name, value in params.items():
        _refuse_control(asked, name, name)
        if value is None:
            continue
        if isinstance(value, list | tuple | set | frozenset):
            wire[name] = [_text(asked, name, item) for item in value]
        else:
            wire[name] = _text(asked, name, value)
    return wire


def secrets_of(params: Mapping[str, Any]) -> dict[str, str]:
    """The secret parameters and their plain values."""
    secrets = {k: v.get_secret_value() for k, v in params.items() if isinstance(v, SecretStr)}
    return secrets | {k: str(v) for k, v in params.items() if k in SECRET and k not in secrets and v is not None}


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret replaced."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    return text


def _text(asked: Asked, name: str, value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise TypeError(f"{asked.method} {asked.path}: {name} is a {type(value).__name__}, which the API does not take")
    _refuse_control(asked, name, value)
    return value


def _refuse_control(asked: Asked, name: str, value: str) -> None:
    text = value.replace("\n", "") if name in MULTILINE else value
    if (place := control(text)) is not None:
        reason = f"it holds the control character U+{ord(text[place]):04X}"
        raise Refused(
            asked.subject, f"{name} was not sent, because {reason}", "remove that character", errors={name: reason}
        )


def _refuse_path(asked: Asked) -> None:
    _refuse_control(asked, "the path", asked.path)
    if not asked.path.startswith("/") or {".", ".."} & set(asked.path.split("/")):
        raise Refused(
            asked.subject, f"{asked.path!r} is no path of the API, and nothing was sent", "correct the name in it"
        )
