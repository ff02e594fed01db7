"""The site as its owner declares it: NAS, mount, storage, guests, tiers and the windows to stay clear of."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from homebackup.model.kinds import (
    AbsolutePath,
    DeclaredSchedule,
    ExportPath,
    Flag,
    JobId,
    LanAddress,
    MountOptions,
    MountPoint,
    NodeName,
    StorageId,
    Text,
    Vmid,
)
from homebackup.model.options import Compression, Content, DeclaredRetention, NotesTemplate
from homebackup.model.reasons import reason

SITE = "site"
"""The key of a stack's configuration that holds the site, in the namespace of its project."""
TMPDIR = "/var/tmp"  # noqa: S108 -- vzdump's own directory for temporary files on the host
"""Where vzdump stages a container's configuration."""
TMPDIR_REASON = (
    "an unprivileged container's backup runs as a mapped user that cannot write its temporary files to the NAS, "
    "so they are staged on the host"
)


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
        populate_by_name=True,
        hide_input_in_errors=True,
    )


def _minutes(text: Any) -> int:
    """HH:MM as minutes since midnight."""
    hours, _, minutes = str(text).partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and int(hours) < 24 and int(minutes) < 60):
        raise ValueError(f"{text!r} is not a time of day such as 02:00")
    return int(hours) * 60 + int(minutes)


def _network(text: Any) -> Any:
    try:
        return ipaddress.ip_network(str(text))
    except ValueError as error:
        raise ValueError(f"{error}; write the LAN as in 10.0.0.0/24") from None


Lan = Annotated[ipaddress.IPv4Network | ipaddress.IPv6Network, BeforeValidator(_network)]
"""A network with the length of its prefix."""
Classification = Literal["critical", "important", "rebuildable"]
"""What the loss of a guest would mean."""


class Nas(_Part):
    """The NAS."""

    name: Text = "NAS"
    address: LanAddress
    """Its address in the LAN."""


class Mount(_Part):
    """How the host mounts the export that archives go to."""

    export: ExportPath
    target: MountPoint
    options: MountOptions
    immutable: Flag = True
    """The directory underneath takes no file while the NAS is away."""
    heal: Flag = True
    """A timer on the host mounts again when the NAS is back."""


class Storage(_Part):
    """The storage in Proxmox VE that archives go to."""

    name: StorageId
    content: Content = frozenset({"backup"})
    retention: DeclaredRetention | None = None
    shared: Flag = False
    is_mountpoint: Flag = True
    """Proxmox VE refuses to write while nothing is mounted."""


class Guest(_Part):
    """A virtual machine or container of the site."""

    kind: Literal["qemu", "lxc"]
    name: Text
    classification: Classification
    stale_after_hours: Annotated[int, Field(gt=0)]
    """Age of the newest archive from which on the guest is stale."""
    notes: Text = ""


class Tier(_Part):
    """Guests that are backed up together: one vzdump job."""

    job: JobId
    guests: Annotated[tuple[Vmid, ...], Field(min_length=1)]
    schedule: DeclaredSchedule
    retention: DeclaredRetention
    rationale: Text = ""
    storage: StorageId | None = None
    """The site's storage unless named."""
    enabled: Flag = True
    mode: Literal["snapshot", "suspend", "stop"] = "snapshot"
    compress: Compression = "zstd"
    tmpdir: AbsolutePath | None = None
    """Given by itself to a tier with a container."""
    notes_template: NotesTemplate = "{{guestname}}"
    repeat_missed: Flag = False


class Window(_Part):
    """A time of day in which something else needs the NAS."""

    name: Text
    start: Annotated[int, BeforeValidator(_minutes), Field(alias="from")]
    end: Annotated[int, BeforeValidator(_minutes), Field(alias="until")]


class Site(_Part):
    """Everything the owner declares of a site."""

    name: Text
    node: NodeName
    lan: Lan
    nas: Nas
    mount: Mount
    storage: Storage
    guests: Mapping[Vmid, Guest]
    tiers: Mapping[Text, Tier]
    """They are made one after the other in the order of their names, which is how Pulumi hands them over."""
    windows: tuple[Window, ...] = ()

    def tmpdir(self, tier: Tier) -> str | None:
        """The tier's directory for temporary files: as declared, else the host's when it has a container."""
        has_container = any(self.guests[vmid].kind == "lxc" for vmid in tier.guests)
        return tier.tmpdir or (TMPDIR if has_container else None)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Pairs of a property's path and what is wrong with it beside the others."""
        if ipaddress.ip_address(self.nas.address) not in self.lan:
            yield "nas.address", f"{self.nas.address} is not in the site's LAN {self.lan}; mount by the LAN address"
        if "hard" in self.mount.options or not {"soft", "softerr"} & set(self.mount.options):
            yield (
                "mount.options",
                "must have soft and not hard: a hard mount hangs the hypervisor when the NAS is switched off",
            )
        if "backup" not in self.storage.content:
            yield "storage.content", "must have backup, or Proxmox VE writes no archive to the storage"
        claimed: dict[int, str] = {}
        jobs: dict[str, str] = {}
        for name, tier in self.tiers.items():
            if tier.job in jobs:
                yield f"tiers.{name}.job", f"{tier.job} is the job of tier {jobs[tier.job]} already"
            jobs[tier.job] = name
            if tier.storage not in (None, self.storage.name):
                yield f"tiers.{name}.storage", f"{tier.storage} is no storage of this site; it has {self.storage.name}"
            for position, vmid in enumerate(tier.guests):
                where = f"tiers.{name}.guests[{position}]"
                if vmid not in self.guests:
                    yield where, f"guest {vmid} is not declared under guests"
                if vmid in claimed:
                    yield where, f"guest {vmid} is in tier {claimed[vmid]} already; a guest belongs to one tier"
                claimed.setdefault(vmid, name)
        for vmid in self.guests:
            if vmid not in claimed:
                yield f"guests.{vmid}", f"guest {vmid} is in no tier, so nothing would back it up"


class InvalidSite(ValueError):
    """A site's configuration that cannot be used; `problems` maps each property's path to what is wrong with it."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("\n".join(f"{path}: {said}" for path, said in self.problems.items()))


def read_site(config: Any, root: str = "site") -> Site:
    """The site that a stack's configuration declares; raises InvalidSite with every problem, its path below `root`."""
    try:
        site = Site.model_validate(config)
    except ValidationError as error:
        raise InvalidSite({_path(root, config, e["loc"]): reason(e) for e in error.errors()}) from None
    if problems := dict(site.problems()):
        raise InvalidSite({f"{root}.{path}": said for path, said in problems.items()})
    return site


def _path(root: str, config: Any, location: tuple[int | str, ...]) -> str:
    path, place = root, config
    for part in location:
        if part == "[key]":  # pydantic's mark on what is wrong with a mapping's key
            continue
        if isinstance(place, Mapping):
            path, place = f"{path}.{part}", place.get(part)
        else:
            path, place = f"{path}[{part}]", place[part] if isinstance(part, int) else None
    return path
