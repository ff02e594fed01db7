"""Property strings, Proxmox's way to put several values into one option: `keep-last=3,keep-daily=7`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class InvalidPropertyString(ValueError):
    """A text that is no property string; the text is Proxmox's, without the newline it adds."""


def parse(text: str, default_key: str | None = None) -> dict[str, str]:
    """The values of a property string by key, in the order written; blank parts are skipped.

    A part without `=` belongs to `default_key` (`1,storage=x` with default key `enabled`). Only the shape is checked:
    which keys exist and what they may hold is the schema's business. Raises InvalidPropertyString for a key given
    twice, a part without key where no default exists, and a part that lacks its key or its value.
    """
    values: dict[str, str] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if not equals:
            if default_key is None:
                raise InvalidPropertyString("value without key, but schema does not define a default key")
            key, value = default_key, part
        elif not key or not value:
            raise InvalidPropertyString("missing key in comma-separated list property")
        if key in values:
            raise InvalidPropertyString(f"duplicate key in comma-separated list property: {key}")
        values[key] = value
    return values


def render(values: Mapping[str, object], default_key: str | None = None, order: Iterable[str] = ()) -> str:
    """The property string of `values`: the default key first and bare, then `order`, then the other keys by name.

    Truth values become 1 and 0, None is left out. Raises InvalidPropertyString for a value with a comma, which the
    notation cannot carry.
    """
    rank = {key: place for place, key in enumerate(order)}
    keys = sorted(values, key=lambda key: (key != default_key, rank.get(key, len(rank)), key))
    return ",".join(_part(key, values[key], bare=key == default_key) for key in keys if values[key] is not None)


def _part(key: str, value: object, *, bare: bool) -> str:
    text = str(int(value)) if isinstance(value, bool) else str(value)
    if "," in text:
        raise InvalidPropertyString(f"{key}: the value {text!r} holds a comma, which separates properties")
    return text if bare and "=" not in text else f"{key}={text}"
