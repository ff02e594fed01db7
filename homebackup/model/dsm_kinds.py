"""The kinds of value that the management of a Synology NAS has: shared folders, their clients, folders in them."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from homebackup.model.declare import Given
from homebackup.model.kinds import Text, fitting, items
from homebackup.model.plain import printable

FLAVORS = ("sys", "kerberos", "kerberos_integrity", "kerberos_privacy")
"""How users of an NFS client may prove who they are; `sys` is by number."""


def _everybody(client: Any) -> list[str]:
    return [f"{client} lets every machine in that reaches the NAS"] if str(client) in ("*", "0.0.0.0/0") else []


def _folders(value: Any) -> Any:
    found = items(value)
    if not isinstance(found, frozenset) or not found:
        raise ValueError("must be a list of one or more folders")
    return frozenset(_folder(str(one)) for one in found)


def _folder(path: str) -> str:
    normal = "/" + "/".join(part for part in printable(path).split("/") if part)
    if path[:1] != "/" or normal == "/" or {".", ".."} & set(normal.split("/")):
        raise ValueError(f"{path!r} is no folder as Hyper Backup names it, such as /backups")
    return normal


Share = Annotated[Text, fitting(re.compile(r"[^#/\s][^#/]*").fullmatch, "the name of a shared folder")]
"""A shared folder: the folder right below a volume."""
Client = Annotated[
    Text,
    fitting(re.compile(r"[\w.:*?/@\[\]-]+").fullmatch, "an address, a network or a host name"),
    Given(_everybody),
]
"""Whom a shared folder is exported to."""
Access = Literal["rw", "ro"]
Squash = Literal["none", "root-to-admin", "root-to-guest", "all-to-admin", "all-to-guest"]
"""Which users of a client are taken for another."""
Flavors = Annotated[
    frozenset[Literal["sys", "kerberos", "kerberos_integrity", "kerberos_privacy"]],
    BeforeValidator(items),
    WithJsonSchema({"type": "array", "items": {"type": "string"}}),
]
"""A set of FLAVORS."""
Folders = Annotated[
    frozenset[str], BeforeValidator(_folders), WithJsonSchema({"type": "array", "items": {"type": "string"}})
]
"""Folders as Hyper Backup names them: the shared folder first, without its volume."""
TaskName = Annotated[Text, fitting(str.strip, "the name of a task"), AfterValidator(str.strip)]


def share_of(export: str) -> str:
    """The shared folder that an exported directory lies in: the one right below the volume; empty for none."""
    parts = export.split("/")
    return parts[2] if len(parts) > 2 else ""
