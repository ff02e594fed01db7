"""The kinds of value that fields have: each takes Proxmox VE's spelling and Pulumi's, and has one normal form."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Strict, WithJsonSchema

from homebackup.model.declare import Given
from homebackup.model.plain import printable
from pverules import formats
from pverules.calendar import CalendarEvent, InvalidSchedule, meaning, normalise

_UTC = ZoneInfo("UTC")
_SINCE = 1_767_225_600
"""New Year 2026: what a schedule means hardly depends on the day, but one for a year that is over never runs."""
_SYSTEM = frozenset("/home /media /mnt /opt /root /srv /tmp /var /var/lib /var/log /var/tmp".split())
_SYSTEM_TREES = tuple("/bin/ /boot/ /dev/ /etc/ /lib/ /lib64/ /proc/ /run/ /sbin/ /sys/ /usr/".split())
_LAN = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
_TAILSCALE = (ipaddress.ip_network("100.64.0.0/10"), ipaddress.ip_network("fd7a:115c:a1e0::/48"))


def fitting(fits: Callable[[str], Any], what: str) -> AfterValidator:
    """A rule: the text has to fit, else it "is not WHAT"."""

    def holds(text: str) -> str:
        if not fits(text):
            raise ValueError(f"{text!r} is not {what}")
        return text

    return AfterValidator(holds)


def truth(value: Any) -> Any:
    """Proxmox VE's and people's spellings of a truth value; anything else is left for the type to refuse."""
    if isinstance(value, (int, float)) and value in (0, 1):
        return bool(value)
    return (
        {"1": True, "yes": True, "on": True, "true": True, "0": False, "no": False, "off": False, "false": False}.get(
            value.lower(), value
        )
        if isinstance(value, str)
        else value
    )


def whole(value: Any) -> Any:
    """Numbers arrive as floats from Pulumi and as text from Proxmox VE."""
    if isinstance(value, bool):
        raise ValueError("must be a whole number")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value) else value


def items(value: Any) -> Any:
    """A list, a set or Proxmox VE's list text (comma, semicolon or blanks between) as a set."""
    if isinstance(value, str):
        value = formats.split_list(value)
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        return value
    try:
        return frozenset(value)
    except TypeError:
        raise ValueError("must be a list of single values, not of lists or mappings") from None


def _sequence(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else value


def _options(value: Any) -> Any:
    """Each option by itself, so that none hides behind a comma."""
    parts = _sequence(value)
    if not isinstance(parts, tuple) or not all(isinstance(part, str) for part in parts):
        return value
    return tuple(option for part in parts for option in part.split(",") if option)


Text = Annotated[str, AfterValidator(printable)]
"""One line of text."""
Flag = Annotated[bool, BeforeValidator(truth)]
"""True or false; 0, 1, yes, no, on and off are understood."""
Whole = Annotated[int, Strict(), BeforeValidator(whole)]
"""A whole number."""


def at_least(least: int, most: int | None = None) -> AfterValidator:
    """A rule: a number within limits."""

    def holds(number: int) -> int:
        if number < least or (most is not None and number > most):
            raise ValueError(f"must be at least {least}" if most is None else f"must be {least} to {most}")
        return number

    return AfterValidator(holds)


def at_most_long(limit: int) -> AfterValidator:
    """A rule: a text no longer than Proxmox VE keeps."""

    def holds(text: str) -> str:
        if len(text) > limit:
            raise ValueError(f"may only be {limit} characters long")
        return text

    return AfterValidator(holds)


StorageId = Annotated[
    str,
    fitting(
        formats.is_storage_id, "a storage name (a letter, then letters, digits and - _ . and a letter or digit last)"
    ),
]
JobId = Annotated[
    str,
    fitting(formats.is_job_id, "a job name (a letter, then letters, digits, - and _, at least one of them)"),
    at_most_long(50),
]
NodeName = Annotated[str, fitting(formats.is_node, "a node name")]
AbsolutePath = Annotated[str, AfterValidator(printable), fitting(re.compile(r"/.*").fullmatch, "an absolute path")]
ExportPath = Annotated[AbsolutePath, AfterValidator(lambda path: path.rstrip("/") or "/")]
"""A directory that a server exports."""
PoolId = Annotated[str, fitting(re.compile(r"[A-Za-z0-9.\-_]+(/[A-Za-z0-9.\-_]+)*").fullmatch, "a pool name")]


def _vmid(value: Any) -> int:
    number = whole(value)
    if not isinstance(number, int) or not 100 <= number <= 999_999_999:
        raise ValueError(f"{value!r} is not a VMID (a whole number from 100 to 999999999)")
    return number


Vmid = Annotated[int, BeforeValidator(_vmid)]
"""The number of a guest."""
Vmids = Annotated[
    frozenset[Vmid], BeforeValidator(items), WithJsonSchema({"type": "array", "items": {"type": "integer"}})
]
"""Guests, as a set."""
Nodes = Annotated[
    frozenset[NodeName], BeforeValidator(items), WithJsonSchema({"type": "array", "items": {"type": "string"}})
]
"""Node names, as a set."""
Lines = Annotated[
    tuple[Text, ...], BeforeValidator(_sequence), WithJsonSchema({"type": "array", "items": {"type": "string"}})
]
"""Texts in their order."""
MountOptions = Annotated[
    tuple[Annotated[Text, fitting(re.compile(r"\S+").fullmatch, "a mount option")], ...],
    BeforeValidator(_options),
    WithJsonSchema({"type": "array", "items": {"type": "string"}}),
]
"""Mount options in their order, one an element."""


def storage_path(path: str) -> str:
    """The path without doubled or trailing slashes; raises ValueError for what Proxmox VE takes for no path."""
    normal = "/" + "/".join(part for part in path.split("/") if part)
    if path[:1] != "/" or not formats.is_storage_path(normal) or {".", ".."} & set(normal.split("/")):
        raise ValueError(f"{path!r} is not an absolute path of letters, digits and - _ . @")
    return normal


def _mount_point(path: str) -> str:
    normal = storage_path(path)
    if normal in _SYSTEM or f"{normal}/".startswith(_SYSTEM_TREES):
        raise ValueError(f"{path!r} is a directory of the system, not a place to mount a NAS")
    return normal


StoragePath = Annotated[str, AfterValidator(storage_path)]
"""A directory as Proxmox VE takes it for a storage."""
MountPoint = Annotated[str, AfterValidator(_mount_point)]
"""A directory of its own to mount something on."""


def _lan_address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is not an address; name the NAS by its LAN address, which works without DNS at boot"
        ) from None
    if any(address in network for network in _TAILSCALE):
        raise ValueError(
            f"{text} is a Tailscale address; mount by the LAN address, the tunnel is not up when the host boots "
            "(lan-address)"
        )
    if not any(address in network for network in _LAN):
        raise ValueError(f"{text} is not a LAN address (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or fc00::/7)")
    return str(address)


LanAddress = Annotated[str, AfterValidator(_lan_address)]
"""An address of the local network, never of a tunnel."""


def _schedule(text: str) -> str:
    try:
        return normalise(CalendarEvent.parse(printable(text)))
    except InvalidSchedule as error:
        raise ValueError(f"{text!r} is not a schedule of Proxmox VE ({error})") from None


def _runs(text: str) -> str:
    if CalendarEvent.parse(text).next_after(0, _UTC) is None:
        raise ValueError(f"{text!r} never runs: there is no such day")
    return text


def _surprises(text: Any) -> list[str]:
    """What the schedule means where that is not what it looks like; the node's zone is not known here."""
    event = CalendarEvent.parse(str(text))
    _runs(str(text))
    return [f"schedule {said}" for said in meaning(event, _UTC, _SINCE)]


def _as_typed(text: str) -> str:
    _schedule(text)
    return _runs(text)


Schedule = Annotated[str, AfterValidator(_schedule), at_most_long(128), Given(_surprises)]
"""A calendar event of Proxmox VE, in one spelling."""
DeclaredSchedule = Annotated[str, AfterValidator(_as_typed), at_most_long(128)]
"""A schedule as a person types it, which runs some day; what it really means is told from this spelling."""
