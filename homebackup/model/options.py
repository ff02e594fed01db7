"""The kinds of value that hold several: retention, fleecing, limits, content and the rest of the option lists."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from homebackup.model.declare import Given
from homebackup.model.kinds import at_most_long, items, storage_path, truth, whole
from homebackup.model.plain import printable
from pverules import formats, property_string
from pverules import retention as rules

CONTENT = ("backup", "images", "import", "iso", "none", "rootdir", "snippets", "vztmpl")
"""What a storage of type `dir` may keep."""


def _mapping(value: Any, default_key: str | None = None) -> dict[str, Any]:
    """A mapping as it is, Proxmox VE's property string (`name=value,name=value`) taken apart."""
    if isinstance(value, str):
        return dict(property_string.parse(printable(value), default_key))
    if not isinstance(value, Mapping):
        raise ValueError("must be a mapping of names to values")
    return {printable(str(name)): one for name, one in value.items()}


def _schema(kind: str = "") -> WithJsonSchema:
    return WithJsonSchema({"type": "object", "additionalProperties": {"type": kind} if kind else {}})


def _counts(least: int, **limits: int | None) -> BeforeValidator:
    """A reader of mappings from these names (`-` for `_`) to whole numbers, each with the most it may be."""
    most = {name.replace("_", "-"): limit for name, limit in limits.items()}

    def read(value: Any) -> dict[str, int]:
        found = _mapping(value)
        for name, number in found.items():
            if name not in most:
                raise ValueError(f"{name!r} is not one of {', '.join(most)}")
            found[name], limit = whole(number), most[name]
            if not isinstance(found[name], int) or not least <= found[name] <= (limit or found[name]):
                reach = f"{least} or more" if limit is None else f"{least} to {limit}"
                raise ValueError(f"{name} must be a whole number, {reach}")
        return found

    return BeforeValidator(read)


def _retention(value: Any) -> dict[str, int]:
    try:
        found = rules.Retention.parse(
            {name: v if isinstance(v, bool) else whole(v) for name, v in _mapping(value).items()}
        )
    except rules.InvalidRetention as error:
        raise ValueError(str(error)) from None
    return found.options


def _nonzero(value: Any) -> list[str]:
    """Refuse zero limits from people: Proxmox VE reads them as keep-all, the opposite of what they look like."""
    options = _retention(value)
    if options == {"keep-all": 1} and truth(_mapping(value).get("keep-all", False)) is not True:
        raise ValueError(
            "limits nothing, Proxmox VE would keep every archive; say {keep-last: 3}, or {keep-all: 1} if that is meant"
        )
    return []


def _declared(value: Any) -> Any:
    _nonzero(value)
    return value


Retention = Annotated[dict[str, int], BeforeValidator(_retention), _schema("integer"), Given(_nonzero)]
"""How many archives a prune keeps, such as {keep-last: 3}; {keep-all: 1} keeps every one."""
DeclaredRetention = Annotated[Retention, BeforeValidator(_declared)]
"""A retention as a person declares it: one that limits nothing has to say so."""


def _fleecing(value: Any) -> dict[str, bool | str]:
    found = _mapping(value, "enabled")
    if unknown := found.keys() - {"enabled", "storage"}:
        raise ValueError(f"{min(unknown)!r} is not one of enabled, storage")
    enabled, storage = truth(found.get("enabled", False)), str(found.get("storage") or "")
    if not isinstance(enabled, bool):
        raise ValueError("enabled must be true or false")
    if (enabled or storage) and not formats.is_storage_id(storage):
        raise ValueError("storage must name a storage when fleecing is enabled")
    return {"enabled": enabled, "storage": storage} if storage else {"enabled": enabled}


Fleecing = Annotated[dict[str, bool | str], BeforeValidator(_fleecing), _schema()]
"""Write what a running guest overwrites during its backup to another storage: {enabled: true, storage: NAME}."""
Performance = Annotated[dict[str, int], _counts(1, max_workers=256, pbs_entries_max=None), _schema("integer")]
"""How hard a backup works: max-workers, pbs-entries-max."""
Bandwidth = Annotated[
    dict[str, int],
    _counts(0, clone=None, default=None, migration=None, move=None, restore=None),
    _schema("integer"),
]
"""Limits in KiB/s by kind of transfer."""


def _content_dirs(value: Any) -> dict[str, str]:
    found = {name: str(place).lstrip("/") for name, place in _mapping(value).items()}
    for name, place in found.items():
        if name not in CONTENT or not re.fullmatch(r"[^,=]+", printable(place)) or ".." in place.split("/"):
            raise ValueError(f"{name}={place} is not a kind of content and a directory below the storage's path")
    return found


ContentDirs = Annotated[dict[str, str], BeforeValidator(_content_dirs), _schema("string")]
"""Directories below the storage's path by kind of content, such as {backup: dump/proxmox}."""


def _content(value: Any) -> Any:
    found = items(value)
    if not isinstance(found, frozenset) or not found:
        raise ValueError(f"must be a list of one or more of {', '.join(CONTENT)}")
    for name in sorted(map(str, found - set(CONTENT))):
        raise ValueError(f"{name!r} is not one of {', '.join(CONTENT)}")
    if "none" in found and len(found) > 1:
        raise ValueError("none and another kind of content exclude each other")
    return found


Content = Annotated[
    frozenset[str], BeforeValidator(_content), WithJsonSchema({"type": "array", "items": {"type": "string"}})
]
"""Kinds of volume a storage keeps, as a set."""


def _mount_marker(value: Any) -> str:
    flag = truth(value)
    if isinstance(flag, bool):
        return "yes" if flag else "no"
    try:
        return storage_path(str(value))
    except ValueError as error:
        raise ValueError(f"{error}; say yes, no or the directory that has to be a mount point") from None


MountMarker = Annotated[str, BeforeValidator(_mount_marker), WithJsonSchema({"type": "string"})]
"""yes, no, or the path that has to be a mount point."""


def _spelling(spellings: Mapping[Any, str]) -> Callable[[Any], Any]:
    return lambda value: spellings.get(value, value) if isinstance(value, (str, int, float)) else value


Compression = Annotated[
    Literal["0", "gzip", "lzo", "zstd"], BeforeValidator(_spelling({1: "lzo", "1": "lzo", 0: "0", "none": "0"}))
]
"""How archives are compressed; 0 is not at all."""


def _addresses(text: str) -> str:
    return ",".join(sorted(formats.split_list(printable(text))))


Addresses = Annotated[str, AfterValidator(_addresses)]
"""Mail addresses or user names, comma between."""


def _notes(text: str) -> str:
    for variable in re.findall(r"\{\{(.*?)\}\}", printable(text)):
        if variable not in ("cluster", "guestname", "node", "vmid"):
            raise ValueError(
                f"{{{{{variable}}}}} is not one of {{{{cluster}}}}, {{{{guestname}}}}, {{{{node}}}}, {{{{vmid}}}}"
            )
    return text


NotesTemplate = Annotated[str, AfterValidator(_notes), at_most_long(1024)]
"""Notes of each archive; {{cluster}}, {{guestname}}, {{node}} and {{vmid}} are filled in; \\n is a line feed."""
