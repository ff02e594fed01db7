"""What the program of this run has declared so far: a provider meets its resources one after the other."""

from collections.abc import Mapping
from typing import Any

from homebackup.model.declare import UNKNOWN, Declared, Value
from homebackup.model.spelling import wire_form


class Said:
    """The sections that a program declares, by API path and name, and the jobs whose losses it acknowledges.

    A run without a program, as `pulumi destroy`, says nothing: all that it does is meant.
    """

    def __init__(self) -> None:
        self.sections: dict[str, dict[str, Mapping[str, Any]]] = {}
        self.acknowledged: set[str] = set()

    def hear(self, cls: type[Declared], inputs: Mapping[str, Value]) -> None:
        """Remember a resource, as far as it is a section and all of it is known; the inputs are right."""
        api = getattr(cls, "api", None)
        if api is None or UNKNOWN in inputs.values():
            return
        section = wire_form(cls(**inputs))
        self.sections.setdefault(api, {})[str(section[cls.key.wire])] = section
        self.acknowledged.update(inputs.get("acknowledge") or ())

    def of(self, api: str) -> Mapping[str, Mapping[str, Any]]:
        """The sections at an API path, by name."""
        return self.sections.get(api, {})
