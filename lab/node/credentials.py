"""Whose rights a process of the node has, and which mounts it sees where those are its own."""

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.node.mounts import MountTable

UID: ContextVar[int] = ContextVar("uid", default=0)
"""The user that a process runs as; its children inherit it."""
NAMESPACE: "ContextVar[MountTable | None]" = ContextVar("namespace", default=None)
"""The mounts that a process and its children see for themselves; None where they see the machine's."""
