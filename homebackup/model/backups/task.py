"""A vzdump task, and what its log says of each guest."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GuestRun:
    """One guest's part in a task.

    `started` is an epoch; `ok` is None while it is not known how it ended; `seconds` and `size` (bytes of the archive)
    are None where the log does not tell; `said` is the error, empty when there is none.
    """

    vmid: int
    started: int
    ok: bool | None
    seconds: int | None = None
    size: int | None = None
    said: str = ""


@dataclass(frozen=True)
class Task:
    """One vzdump task; `ended` is None while it runs, `status` then empty, else `OK`, `WARNINGS: N` or the error."""

    upid: str
    node: str
    started: int
    ended: int | None
    status: str
    guests: tuple[GuestRun, ...] = ()
