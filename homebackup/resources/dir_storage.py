"""A directory on the node, offered to Proxmox VE as a storage of type `dir`."""

from typing import Annotated, ClassVar, Literal

from homebackup.model.declare import aside, key, replaces, resource, written
from homebackup.model.kinds import Flag, Lines, Nodes, StorageId, StoragePath, Whole, at_least
from homebackup.model.options import Bandwidth, Content, ContentDirs, MountMarker, Retention
from homebackup.model.spelling import Absent, Wire
from homebackup.resources._section import Section


@resource
class DirStorage(Section):
    """A directory that Proxmox VE keeps volumes in; deleting the resource deletes the entry, never a file."""

    noun: ClassVar[str] = "storage"
    api: ClassVar[str] = "/storage"
    turn: ClassVar[str] = api
    fixed: ClassVar = {"type": "dir"}

    storage: Annotated[StorageId, key]
    """Name of the storage in Proxmox VE."""
    path: Annotated[StoragePath, replaces]
    """Directory on the node; Proxmox VE writes archives to `dump` below it."""
    content: Annotated[Content, written] = frozenset({"backup"})
    """Kinds of volume kept here."""
    prune_backups: Retention | None = None
    """How many archives of a guest survive a prune; the retention of a job, where it has one, is used instead."""
    shared: Annotated[Flag, Absent(False), written] = False
    """Every node sees the same files at the path; this mounts nothing."""
    is_mountpoint: Annotated[MountMarker, Absent("no"), Wire("is_mountpoint")] = "no"
    """Refuse to use the storage while nothing is mounted at its path (yes), or at another path; without it an unmounted
    NAS becomes a directory on the root disk."""
    nodes: Nodes | None = None
    """Nodes that offer the storage; every node when not given."""
    disable: Annotated[Flag, Absent(False)] = False
    """Keep the entry and stop using it."""
    content_dirs: ContentDirs | None = None
    """Directories below the path, by kind of content, where they are not Proxmox VE's own (`dump` for backup)."""
    max_protected_backups: Annotated[Whole, at_least(-1)] | None = None
    """Protected archives a guest may have; -1 is any number. Proxmox VE's default depends on the user's privileges."""
    create_base_path: Flag | None = None
    """Create the path when it is missing; Proxmox VE does unless this is false."""
    create_subdirs: Flag | None = None
    """Create `dump` and the other directories below the path; Proxmox VE does unless this is false."""
    mkdir: Flag | None = None
    """The older switch for creating the path and the directories below it."""
    format: Literal["raw", "qcow2", "subvol", "vmdk"] | None = None
    """Format of new disk images; raw when not given."""
    preallocation: Literal["off", "metadata", "falloc", "full"] | None = None
    """How new raw and qcow2 images are allocated; metadata when not given."""
    bwlimit: Bandwidth | None = None
    """Limits in KiB/s by kind of transfer."""
    acknowledge: Annotated[Lines | None, aside] = None
    """Jobs that may lose archives by a change; one that takes archives of another job away is refused."""
