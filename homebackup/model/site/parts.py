"""The parts of a site as its owner declares them: mount, storage, guests, apps, tiers, windows, inventory."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from homebackup.model.kinds import (
    AbsolutePath,
    DeclaredSchedule,
    ExportPath,
    Flag,
    JobId,
    MountOptions,
    MountPoint,
    StorageId,
    Text,
    Vmid,
    Whole,
    at_least,
    fitting,
)
from homebackup.model.options import Compression, Content, ContentDirs, DeclaredRetention, NotesTemplate


class Part(BaseModel):
    """A mapping whose keys are the fields' names with dashes, and no other."""

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


def _exempt(text: Any) -> Any:
    vmid, slash, volume = str(text).partition("/")
    if not slash:
        return TypeAdapter(Vmid).validate_python(text)
    if not vmid.isdecimal() or not re.fullmatch(r"[a-z]+\d*", volume):
        raise ValueError(f"{text!r} is neither a VMID nor a disk or mount point of one, such as 103/mp0")
    return f"{TypeAdapter(Vmid).validate_python(vmid)}/{volume}"


def _awaited(text: Any) -> Any:
    found = re.fullmatch(r"guest (\d+) runs", str(text).strip())
    if not found:
        raise ValueError(f"{text!r} is nothing that can be looked at; write it as in guest 101 runs")
    return TypeAdapter(Vmid).validate_python(found[1])


def _network(text: Any) -> Any:
    try:
        return ipaddress.ip_network(str(text))
    except ValueError as error:
        raise ValueError(f"{error}; write the LAN as in 10.0.0.0/24") from None


Lan = Annotated[ipaddress.IPv4Network | ipaddress.IPv6Network, BeforeValidator(_network)]
"""A network with the length of its prefix."""
Classification = Literal["critical", "important", "rebuildable"]
"""What the loss of a guest would mean."""
Hours = Annotated[Whole, at_least(1)]
Exempt = Annotated[int | str, BeforeValidator(_exempt)]
"""A guest by its VMID, or one disk or mount point of a guest as `103/mp0`."""
Reason = Annotated[Text, fitting(str.strip, "a reason")]
"""Why something is left out; it is shown wherever that is."""


class Deferred(Part):
    """A backup that waits, why, and what for; its text is both."""

    reason: Reason
    until: Annotated[int | None, BeforeValidator(_awaited)] = None
    """The guest whose running ends it, as `guest 101 runs`; without it, it ends when its owner takes it out."""

    def __str__(self) -> str:
        return self.reason if self.until is None else f"{self.reason.rstrip('. ')}, until guest {self.until} runs"


Waiting = Annotated[Deferred, BeforeValidator(lambda value: {"reason": value} if isinstance(value, str) else value)]
"""A reason alone, or a mapping of `reason` and `until`."""


class Mount(Part):
    """How the host mounts the export that archives go to."""

    export: ExportPath
    target: MountPoint
    options: MountOptions
    immutable: Flag = True
    """The directory underneath takes no file while the NAS is away."""
    heal: Flag = True
    """A timer on the host mounts again when the NAS is back."""


class Storage(Part):
    """The storage in Proxmox VE that archives go to."""

    name: StorageId
    content: Content = frozenset({"backup"})
    retention: DeclaredRetention | None = None
    """For tiers without one of their own."""
    content_dirs: ContentDirs | None = None
    shared: Flag = False
    is_mountpoint: Flag = True
    """Proxmox VE refuses to write while nothing is mounted."""


class Guest(Part):
    """A virtual machine or container of the site."""

    kind: Literal["qemu", "lxc"]
    name: Text
    classification: Classification
    stale_after_hours: Hours
    """Age of the newest archive from which on the guest is stale."""
    notes: Text = ""
    deferred: Waiting | None = None
    """Why its backup waits; it may then be in no tier."""


class Tier(Part):
    """Guests that are backed up together: one vzdump job."""

    job: JobId
    guests: Annotated[tuple[Vmid, ...], Field(min_length=1)]
    schedule: DeclaredSchedule
    retention: DeclaredRetention | None = None
    """The storage's unless given."""
    horizon_days: Annotated[Whole, at_least(1)] | None = None
    """How far back one wants to be able to go."""
    rationale: Text = ""
    enabled: Flag = True
    mode: Literal["snapshot", "suspend", "stop"] = "snapshot"
    compress: Compression = "zstd"
    tmpdir: AbsolutePath | None = None
    """Given by itself to a tier with a container."""
    notes_template: NotesTemplate = "{{guestname}}"
    repeat_missed: Flag = False
    first_run: Flag = False
    """Back it up within the `pulumi up` that makes its job, or gives it other guests."""


class Window(Part):
    """A time of day, in minutes since midnight, in which something else needs the NAS.

    An end before its start is on the next day.
    """

    name: Text
    start: Annotated[int, BeforeValidator(_minutes), Field(alias="from")]
    end: Annotated[int, BeforeValidator(_minutes), Field(alias="until")]


class Inventory(Part):
    """The list of backups in the owner's own repository, as far as this site keeps it."""

    file: Text
    """The YAML file; a relative path counts from the project's folder."""
    host: Text
    """The node's name in it."""
    entries: Mapping[Text, Text] = {}
    """Names of entries by VMID or app, where they are not those that follow from the site."""
