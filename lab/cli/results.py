"""Answers of the API printed: as JSON or YAML, or as a table whose columns the call declares."""

from collections.abc import Mapping, Sequence
from typing import Any

from lab.cli.serialising import as_json, as_pretty_json, as_yaml
from lab.cli.tables import Column, Look, cell, table

FORMATS = ("text", "json", "json-pretty", "yaml")
FORMAT_OPTIONS: dict[str, dict[str, Any]] = {
    "output-format": {"type": "string", "enum": list(FORMATS), "optional": 1, "default": "text"},
    "human-readable": {"type": "boolean", "optional": 1, "default": 1},
    "noborder": {"type": "boolean", "optional": 1, "default": 0},
    "noheader": {"type": "boolean", "optional": 1, "default": 0},
    "quiet": {"type": "boolean", "optional": 1},
}
"""Options that any command that prints an answer takes."""

_BYTES = "size used avail total maxmem mem disk maxdisk netin netout diskread diskwrite maxswap swap"
_FRACTIONS = {"used_fraction": "*", "cpu": "/nodes /cluster/resources"}
_TITLES = {
    "/nodes/{node}/tasks": {
        "id": "ID",
        "node": "Node",
        "pid": "PID",
        "starttime": "Starttime",
        "type": "Type",
        "upid": "UPID",
        "user": "User",
        "endtime": "Endtime",
        "status": "Status",
    },
}
LISTS: dict[str, dict[str, str]] = {
    "/access/users": dict.fromkeys(["userid"], "string")
    | {
        "comment": "string?",
        "email": "string?",
        "enable": "boolean?",
        "expire": "integer?",
        "firstname": "string?",
        "groups": "string?",
        "keys": "string?",
        "lastname": "string?",
        "realm-type": "string?",
        "tfa-locked-until": "integer?",
        "tokens": "string?",
        "totp-locked": "boolean?",
    },
    "/access/users/{userid}/token": {
        "tokenid": "string",
        "comment": "string?",
        "expire": "integer?",
        "privsep": "boolean?",
    },
    "/access/acl": {"path": "string", "propagate": "boolean?", "roleid": "string", "type": "string", "ugid": "string"},
    "/access/roles": {"roleid": "string", "privs": "string?", "special": "boolean?"},
    "/pools": {"poolid": "string", "comment": "string?"},
}
"""Columns of lists whose calls declare none here: name -> type, with a question mark where a row may lack it."""


def _renderer(template: str, name: str) -> str:
    if name in _BYTES.split() and template != "/nodes/{node}/storage/{storage}/status":
        return "bytes"
    if name == "uptime":
        return "duration"
    where = _FRACTIONS.get(name, "")
    return "fraction_as_percentage" if where == "*" or template in where.split() else ""


def _columns(template: str, properties: Mapping[str, Any]) -> list[Column]:
    """The columns of a table: what every row has first, each part in alphabetical order."""
    titles = _TITLES.get(template, {})
    names = sorted(properties, key=lambda name: (bool(properties[name].get("optional")), name))
    return [
        Column(name, titles.get(name, ""), str(properties[name].get("type", "string")), _renderer(template, name))
        for name in names
    ]


def declared(template: str, returns: Mapping[str, Any]) -> list[Column]:
    """The columns of a call's answer, empty where it declares none."""
    if template in LISTS:
        return _columns(
            template,
            {
                name: {"type": kind.rstrip("?"), "optional": kind.endswith("?")}
                for name, kind in LISTS[template].items()
            },
        )
    items = returns.get("items") if returns.get("type") == "array" else returns
    return _columns(template, (items or {}).get("properties") or {})


def as_text(data: Any, columns: Sequence[Column], look: Look) -> str:
    """The answer for people: a table, `key`/`value` lines for an object, nothing for nothing."""
    if data is None:
        return ""
    if isinstance(data, dict):
        known = list(columns) or [Column(name) for name in sorted(data)]
        rows = [{"key": c.name, "value": cell(data[c.name], c, look)} for c in known if data.get(c.name) is not None]
        return table(rows, [Column("key"), Column("value")], look) if rows else ""
    if not isinstance(data, list):
        text = cell(data, Column("value"), look) + "\n"
        return text if look.utf8 else text.encode("ascii", "replace").decode()
    if not data:
        return ""
    if not isinstance(data[0], dict):
        return "".join(cell(item, Column("value"), look) + "\n" for item in data)
    return table(data, columns or [Column(name) for name in sorted({key for row in data for key in row})], look)


def printed(data: Any, shape: str, columns: Sequence[Column], look: Look) -> str:
    """The answer in one of the FORMATS; nothing at all for null."""
    if data is None:
        return ""
    if shape == "json":
        return as_json(data) + "\n"
    if shape == "json-pretty":
        return as_pretty_json(data) + "\n"
    return as_yaml(data) if shape == "yaml" else as_text(data, columns, look)
