"""The formats Proxmox VE gives its identifiers: predicates, lists, and its own words for a value that does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable

_VMID = re.compile(r"[1-9][0-9]{2,8}")
_STORAGE_ID = re.compile(r"[a-z][a-z0-9\-_.]*[a-z0-9]", re.IGNORECASE | re.ASCII)
_JOB_ID = re.compile(r"[a-z][a-z0-9_-]+", re.IGNORECASE | re.ASCII)
_NODE = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?")
_STORAGE_PATH = re.compile(r"/[-/a-zA-Z0-9_.@]+")
_SEPARATORS = re.compile(r"[,;\s]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class InvalidFormat(ValueError):
    """A value that does not fit its format; the text is Proxmox's, without the newline it adds."""


def is_vmid(text: str) -> bool:
    """Whether `text` is a guest's number: 100 to 999999999, no leading zero."""
    return _VMID.fullmatch(text) is not None


def is_storage_id(text: str) -> bool:
    """Whether `text` may name a storage: two characters or more, a letter first, a letter or digit last, any case."""
    return _STORAGE_ID.fullmatch(text) is not None


def is_job_id(text: str) -> bool:
    """Whether `text` may name a job: two characters or more of letters, digits, `_` and `-`, a letter first."""
    return _JOB_ID.fullmatch(text) is not None


def is_node(text: str) -> bool:
    """Whether `text` may name a node: one label of a host name."""
    return _NODE.fullmatch(text) is not None


def is_storage_path(text: str) -> bool:
    """Whether `text` may be the path of a directory storage: absolute, of letters, digits and `-/_.@` only."""
    return _STORAGE_PATH.fullmatch(text) is not None


def has_control_character(text: str) -> bool:
    """Whether `text` holds a control character, line feeds and tabs included; such text damages Proxmox's files."""
    return _CONTROL.search(text) is not None


def split_list(text: str) -> list[str]:
    """The elements of a Proxmox list: separated by `,`, `;` or white space, empty ones dropped, order kept."""
    return [element for element in _SEPARATORS.split(text) if element]


_RULES: dict[str, tuple[Callable[[str], bool], str]] = {
    "pve-vmid": (is_vmid, "value does not look like a valid VM ID"),
    "pve-storage-id": (is_storage_id, "storage ID '{}' contains illegal characters"),
    "pve-configid": (is_job_id, "invalid configuration ID '{}'"),
    "pve-node": (is_node, "value does not look like a valid node name"),
}


def complaint(format_name: str, text: str) -> str | None:
    """Proxmox's sentence about a value that does not fit the named format, or None when it fits.

    `format_name` is the schema's: `pve-vmid`, `pve-storage-id`, `pve-configid` or `pve-node`, each also with `-list`
    behind it, which checks every element. KeyError for any other name.
    """
    single = format_name.removesuffix("-list")
    fits, words = _RULES[single]
    elements = [text] if single == format_name else split_list(text)
    return next((words.format(element) for element in elements if not fits(element)), None)


def require(format_name: str, text: str) -> str:
    """`text` itself when it fits the named format; raises InvalidFormat with Proxmox's sentence otherwise."""
    words = complaint(format_name, text)
    if words is not None:
        raise InvalidFormat(words)
    return text
