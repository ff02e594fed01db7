"""The secrets that a program gives a resource: which fields hold them, and the texts that would tell them; pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from homebackup.model.declare import UNKNOWN, Field, key, secret

SECRET = "[secret]"  # noqa: S105 -- what stands in a secret's place, here as in Pulumi's own texts
"""What an owner reads instead."""
WHOLE = 4
"""Characters below which a secret is only hidden where it stands alone: a 1 says nothing inside of 10.0.0.1."""


@dataclass(frozen=True)
class Hidden:
    """Secret fields by the declaration's `names` and by Proxmox VE's `parameters`, and the `texts` of their values.

    A resource's key is no secret in a text, since Pulumi shows it as the resource's id.
    """

    names: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, fields: Iterable[Field], names: Collection[str], *values: Mapping[str, Any]) -> Self:
        """What is hidden of the fields named, and of those declared secret; `values` are whatever is known of them."""
        hidden = [f for f in fields if f.name in names or secret in f.marks]
        said = (known.get(f.name) for f in hidden if key not in f.marks for known in values)
        return cls(
            frozenset(f.name for f in hidden),
            frozenset(f.wire for f in hidden if key not in f.marks),
            frozenset(text for value in said for text in _texts(value)),
        )

    def also(self, fields: Iterable[Field], *values: Mapping[str, Any]) -> "Hidden":
        """The same fields, with more of their values."""
        return Hidden(self.names, self.parameters, self.texts | Hidden.of(fields, self.names, *values).texts)

    def clean(self, text: str) -> str:
        """The text without the secrets."""
        return clean(text, self.texts)


def clean(text: str, secrets: Iterable[str]) -> str:
    """The text with each secret replaced, the longest first, since one may hold another."""
    for hidden in sorted(secrets, key=len, reverse=True):
        whole = re.escape(hidden)
        text = re.sub(whole if len(hidden) >= WHOLE else rf"(?<!\w){whole}(?!\w)", SECRET, text)
    return text


def _texts(value: Any) -> Iterator[str]:
    """The texts in a value, whatever its form; there is nothing to hide in a yes or no."""
    if value is None or value is UNKNOWN or isinstance(value, bool) or value == "":
        return
    if isinstance(value, Mapping):
        yield from (text for inner in value.values() for text in _texts(inner))
    elif isinstance(value, (list, tuple, frozenset)):
        yield from (text for inner in value for text in _texts(inner))
    else:
        yield str(value)
