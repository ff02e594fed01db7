"""Which function answers which call: `@route` ties one to a method and path template whose schema is data."""

import importlib
import json
import pkgutil
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.pve.errors import Unavailable
from lab.pve.schema import Schema

if TYPE_CHECKING:
    from lab.pve.call import Call

Handler = Callable[["Call"], Awaitable[Any]]
METHODS = ("GET", "POST", "PUT", "DELETE")
FOLDER = Path(__file__).with_name("parameters")
RECORDED: dict[str, Any] = json.loads((FOLDER / "recorded.json").read_text())
FORMATS: dict[str, Any] = RECORDED["formats"]
STORAGE_TYPES: dict[str, Any] = RECORDED["storage_types"]


def _calls() -> dict[str, dict[str, Any]]:
    calls: dict[str, dict[str, Any]] = dict(RECORDED["calls"])
    for path in sorted(FOLDER.glob("*.json")):
        if path.name != "recorded.json":
            calls.update(json.loads(path.read_text())["calls"])
    return calls


CALLS = _calls()


@dataclass(frozen=True)
class Route:
    """One method on one path template, with what it declares."""

    method: str
    template: str
    handler: Handler
    schema: Schema
    permissions: dict[str, Any]
    proxied: bool
    """Whether the call is answered by the node named in the path."""


@dataclass
class Branch:
    """A node of the tree of paths."""

    children: dict[str, "Branch"] = field(default_factory=dict)
    wildcard: "Branch | None" = None
    name: str = ""
    routes: dict[str, Route] = field(default_factory=dict)


TREE = Branch()
GREEDY = "volume"
"""The one path parameter that takes the rest of the path, slashes included."""


def route(method: str, template: str) -> Callable[[Handler], Handler]:
    """Make the coroutine function the answer to a call; its parameters and permissions come from parameters/*.json."""
    call = CALLS.get(f"{method} {template}")
    if call is None:
        raise LookupError(f"lab/pve/parameters: '{method} {template}' has no schema; add it to a file there")
    others = [re.escape(key).replace(r"\[n\]", r"\d+") for key in call.get("other_accepted_config_keys", [])]
    schema = Schema(call["parameters"], additional=bool(call.get("additionalProperties")), others="|".join(others))

    def register(handler: Handler) -> Handler:
        branch = TREE
        for part in template.strip("/").split("/") if template != "/" else []:
            if part.startswith("{"):
                branch.wildcard = branch.wildcard or Branch(name=part[1:-1])
                branch = branch.wildcard
            else:
                branch = branch.children.setdefault(part, Branch())
        branch.routes[method] = Route(
            method, template, handler, schema, call.get("permissions", {"user": "all"}), call.get("proxyto") == "node"
        )
        return handler

    return register


def find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route of a call and the parameters in its path; raises Unavailable as Proxmox does."""
    load()
    if method not in METHODS:
        raise Unavailable(f"method '{method}' not available", body=False)
    branch, found = TREE, {}
    parts = [part for part in path.split("/") if part]
    for i, part in enumerate(parts):
        if part in branch.children:
            branch = branch.children[part]
        elif branch.wildcard:
            branch = branch.wildcard
            found[branch.name] = "/".join(parts[i:]) if branch.name == GREEDY else part
            if branch.name == GREEDY:
                break
        else:
            raise Unavailable(f"Method '{method} {path}' not implemented")
    if method not in branch.routes:
        raise Unavailable(f"Method '{method} {path}' not implemented")
    return branch.routes[method], found


@cache
def load() -> None:
    """Import every module of the package, so that all routes are registered."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"lab.pve.{module.name}")
