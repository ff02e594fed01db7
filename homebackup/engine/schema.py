"""The provider's schema and its reference pages, derived from the declarations."""

from typing import Any

from homebackup.engine import VERSION
from homebackup.model.declare import (
    Declared,
    Field,
    aside,
    docstrings,
    key,
    observed,
    remembered,
    replaces,
    root_only,
    secret,
)
from homebackup.resources import RESOURCES
from homebackup.world.connection import Connection

SECRET_CONFIG = ("password", "token", "home_assistant_token", "dsm_password", "dsm_device")
"""Configuration that is secret."""


def provider_schema() -> dict[str, Any]:
    """The schema as `pulumi package get-schema` prints it."""
    config = _config()
    return {
        "name": "homebackup",
        "version": VERSION,
        "description": "Backups of a Proxmox VE site as code: the NFS mount, the storage and the vzdump jobs.",
        "config": {"variables": config},
        "provider": {"inputProperties": config, "type": "object"},
        "resources": {f"homebackup:index:{name}": _resource(cls) for name, cls in RESOURCES.items()},
        "language": {"python": {"respectSchemaVersion": True}},
    }


def _resource(cls: type[Declared]) -> dict[str, Any]:
    inputs = [f for f in cls.fields if not {observed, remembered} & f.marks]
    return {
        "description": _prose(cls.__doc__),
        "inputProperties": {f.camel: _property(f) for f in inputs},
        "requiredInputs": [f.camel for f in inputs if f.required],
        "properties": {f.camel: _property(f) for f in cls.fields},
        "required": [f.camel for f in cls.fields if f.required or observed in f.marks],
    }


def _property(f: Field) -> dict[str, Any]:
    return {
        **value_type(f),
        "description": f.doc,
        **({"secret": True} if secret in f.marks else {}),
        **({"replaceOnChanges": True} if {replaces, key} & f.marks else {}),
    }


def value_type(f: Field) -> dict[str, Any]:
    """The field's type in Pulumi's schema language."""
    said = f.adapter.json_schema()
    said = next((option for option in said.get("anyOf", []) if option.get("type") != "null"), said)
    if said.get("type") == "array":
        return {"type": "array", "items": {"type": said.get("items", {}).get("type", "string")}}
    if said.get("type") == "object":
        values = said["additionalProperties"].get("type")
        return {"type": "object", "additionalProperties": {"type": values} if values else {"$ref": "pulumi.json#/Any"}}
    return {"type": said["type"]}


def _config() -> dict[str, Any]:
    docs = docstrings(Connection)
    return {
        field.alias or name: {
            "type": "string",
            "description": docs.get(name, ""),
            **({"secret": True} if name in SECRET_CONFIG else {}),
        }
        for name, field in Connection.model_fields.items()
    }


def reference(cls: type[Declared]) -> str:
    """The reference page of a resource, as Markdown."""
    rows = [f"| `{f.camel}` | {_type_name(f)} | {_default(f)} | {f.doc}{_notes(f)} |" for f in cls.fields]
    head = [
        f"## {cls.__name__}",
        "",
        _prose(cls.__doc__),
        "",
        "| property | type | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows, ""])


def _prose(doc: str | None) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (doc or "").split("\n\n"))


def _type_name(f: Field) -> str:
    said = value_type(f)
    return (
        f"list of {said['items']['type']}"
        if said["type"] == "array"
        else "mapping"
        if said["type"] == "object"
        else str(said["type"])
    )


def _default(f: Field) -> str:
    if observed in f.marks:
        return f"seen, wanted is `{f.default}`"
    if remembered in f.marks:
        return "remembered"
    if f.required:
        return "required"
    return "not set" if f.default is None else f"`{_shown(f)}`"


def _shown(f: Field) -> str:
    if isinstance(f.default, bool):
        return str(f.default).lower()
    return (
        ",".join(sorted(f.default))
        if isinstance(f.default, frozenset)
        else ",".join(f.default)
        if isinstance(f.default, tuple)
        else f.default
    )


def _notes(f: Field) -> str:
    notes = []
    if {replaces, key} & f.marks:
        notes.append("A change replaces the resource.")
    if aside in f.marks:
        notes.append("It is never compared.")
    if root_only in f.marks:
        notes.append("Only over ssh or as root@pam with a password.")
    return "".join(f" {note}" for note in notes)
