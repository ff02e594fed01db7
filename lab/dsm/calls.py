"""The calls of DSM's web API: what each is handed, how it fails, and where its modules register it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.dsm.state import Dsm

MODULES = ("backup", "nfs", "shares")
"""Where calls are defined."""


class DsmError(Exception):
    """What DSM answers as `{"success": false, "error": {"code": …}}`."""

    def __init__(self, code: int, errors: Any = None) -> None:
        super().__init__(code)
        self.code, self.errors = code, errors


@dataclass(frozen=True)
class Asked:
    """One call by somebody who is logged in: the NAS, and the parameters, which arrived as JSON."""

    dsm: "Dsm"
    params: Mapping[str, Any]

    def need(self, name: str, kind: type = str) -> Any:
        """A parameter; error 101 when it is missing or of another type."""
        value = self.params.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise DsmError(101)
        return value


Handler = Callable[[Asked], Any]
CALLS: dict[tuple[str, str], Handler] = {}
VERSIONS: dict[str, tuple[int, int]] = {}
"""The lowest and highest version of each API."""


def call(command: str, versions: tuple[int, int] = (1, 1)) -> Callable[[Handler], Handler]:
    """Register a handler for an API and its method, with a blank between."""

    def register(handler: Handler) -> Handler:
        api, _, method = command.partition(" ")
        CALLS[api, method] = handler
        VERSIONS[api] = versions
        return handler

    return register


def load() -> None:
    """Import every module that defines calls."""
    for module in MODULES:
        import_module(f"lab.dsm.{module}")
