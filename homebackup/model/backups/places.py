"""Where storages keep their archives on a node."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pverules.formats import split_list

NETWORK = frozenset({"nfs", "cifs"})
"""Storages that Proxmox VE mounts by itself."""


@dataclass(frozen=True)
class Place:
    """The directory of a storage's archives; `mount` is where something has to be mounted for it, or empty."""

    storage: str
    folder: str
    mount: str = ""


def folder(path: str, directories: Any = None) -> str:
    """The dump directory of a storage at a path; `directories` is its `content-dirs` in any spelling."""
    if isinstance(directories, str):
        directories = dict(part.partition("=")[::2] for part in directories.split(","))
    below = str((directories or {}).get("backup") or "dump").strip("/")
    return f"{path.rstrip('/')}/{below}"


def for_backups(storages: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The storages that may hold archives and are in use."""
    return [s for s in storages if "backup" in split_list(str(s.get("content", ""))) and not s.get("disable")]


def place(storage: Mapping[str, Any], node: str) -> Place | None:
    """Where a storage keeps its archives on a node; None where they are no files there."""
    nodes = split_list(str(storage.get("nodes") or ""))
    path = str(storage.get("path") or "")
    if not path or (nodes and node not in nodes):
        return None
    said = str(storage.get("is_mountpoint", "0")).lower()
    mount = "" if said in ("0", "no", "off", "false", "none") else said
    if said in ("1", "yes", "on", "true") or storage.get("type") in NETWORK:
        mount = path
    return Place(str(storage["storage"]), folder(path, storage.get("content-dirs")), mount.rstrip("/"))
