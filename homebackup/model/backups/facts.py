"""Everything that one gather found of a site's backups; what could not be seen says so in its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from homebackup.model.backups.archive import Dump
from homebackup.model.backups.drill import Drilled
from homebackup.model.backups.home_assistant import HomeAssistantFacts
from homebackup.model.backups.task import Task
from homebackup.model.backups.verification import Verified
from homebackup.model.off_site import OffSiteTask
from homebackup.model.seen import Unseen

if TYPE_CHECKING:
    from homebackup.model.site import Site


@dataclass(frozen=True)
class Volume:
    """A disk or mount point of a guest, as `scsi0`, and whether its jobs take it along, with Proxmox VE's reason."""

    name: str
    included: bool
    reason: str


@dataclass(frozen=True)
class Guest:
    """A guest of the cluster; `kind` is `qemu` or `lxc`; `volumes` are those of the jobs that have the guest."""

    vmid: int
    kind: str
    name: str
    node: str
    running: bool = False
    template: bool = False
    volumes: tuple[Volume, ...] | Unseen = ()
    disk: int = 0
    """Bytes that its first disk may hold; 0 where Proxmox VE does not tell."""


@dataclass(frozen=True)
class Space:
    """Bytes of a storage."""

    total: int
    used: int
    free: int


@dataclass(frozen=True)
class AppFile:
    """A file that an app made as its backup; `size` in bytes, `written` an epoch.

    It had so many `bytes` when it was made, where a file beside it tells that.
    """

    name: str
    size: int
    written: float
    bytes: int | None = None


@dataclass(frozen=True)
class SiteFacts:
    """One gather.

    `now` is the epoch by the host's clock, `zone` the node's, `skew` the seconds by which the host's clock is ahead of
    ours (None when unknown); `way` is `ssh`, `https` or `both`. `nas` tells whether the NAS answered on its NFS port.
    `jobs` and `storages` are sections as the API gives them; `dumps` and `space` are by storage, `members` the guests
    that a job takes by its name, for enabled jobs, and `apps` the files of an app by its name, for those whose files
    are on the node. `counting` is by job the epoch from which on its runs count, for jobs that were made or changed
    since they last ran; `verified` is what verifications found, `drilled` what drills came to, of now and before;
    `off_site` are tasks of Hyper Backup by name, None for one that is declared and not there.
    `neighbours` are other sites that use the same NAS, as they are declared; `home_assistant` is what that says of its
    own backups, None where nobody asks it.
    """

    now: float
    zone: str
    way: str
    skew: float | None = None
    nas: bool | Unseen = True
    jobs: tuple[Mapping[str, Any], ...] | Unseen = ()
    storages: tuple[Mapping[str, Any], ...] | Unseen = ()
    guests: tuple[Guest, ...] | Unseen = ()
    dumps: Mapping[str, Dump | Unseen] = field(default_factory=dict)
    space: Mapping[str, Space | Unseen] = field(default_factory=dict)
    tasks: tuple[Task, ...] | Unseen = ()
    members: Mapping[str, frozenset[int] | Unseen] = field(default_factory=dict)
    apps: Mapping[str, tuple[AppFile, ...] | Unseen] = field(default_factory=dict)
    counting: Mapping[str, int] | Unseen = field(default_factory=dict)
    verified: tuple[Verified, ...] | Unseen = ()
    drilled: tuple[Drilled, ...] | Unseen = ()
    off_site: Mapping[str, OffSiteTask | Unseen | None] = field(default_factory=dict)
    neighbours: "tuple[Site, ...] | Unseen" = ()
    home_assistant: HomeAssistantFacts | Unseen | None = None
