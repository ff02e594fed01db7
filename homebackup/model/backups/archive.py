"""Archives and leftovers in a storage's dump directory."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """A file with the name that vzdump gives a complete archive.

    `kind` is `qemu`, `lxc` or `openvz`; `time` the epoch at which its backup started, read from the name in the node's
    zone; `size` is in bytes; `written` the epoch of its last change, None when only the API told of it; `notes` the
    first line of its notes, None where there are none or nobody looked.
    """

    storage: str
    name: str
    kind: str
    vmid: int
    time: int
    size: int
    written: float | None
    notes: str | None
    protected: bool
    folder: str


@dataclass(frozen=True)
class Leftover:
    """Something in a dump directory that is no archive and belongs to none.

    `why` is one of `unfinished` (an archive still being written, or never ended), `temporary` (vzdump's directory for
    its work), `log without archive`, `notes without archive`, `link` (never followed) and `name of its own`; `size` is
    in bytes, of a directory that of its files. `vmid` and `time` (epoch) are read from a name that vzdump gave. A name
    is foreign text and may hold anything.
    """

    storage: str
    name: str
    size: int
    written: float | None
    why: str
    vmid: int | None = None
    time: int | None = None


@dataclass(frozen=True)
class Dump:
    """Everything in one storage's dump directory; not `complete` when there was more than is looked at.

    It is `late` when time ran out before all of it was listed.

    `clock` is when it was listed, counted like the times of the archives, and `free` the bytes left then
    on its file system; None where nobody asked.
    """

    storage: str
    folder: str
    archives: tuple[Archive, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    complete: bool = True
    clock: float | None = None
    free: int | None = None
    late: bool = False
