"""A verdict on a guest, app or entry of the inventory: whether it can be restored, from when, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

State = Literal["OK", "LATE", "STALE", "FAILED", "BROKEN", "UNPROTECTED", "DEFERRED", "UNKNOWN"]
STATES: tuple[State, ...] = ("BROKEN", "FAILED", "STALE", "UNPROTECTED", "LATE", "UNKNOWN", "DEFERRED", "OK")
"""Every state, the worst first."""
QUIET = frozenset({"OK", "DEFERRED"})
"""States that need nobody."""


@dataclass(frozen=True)
class Verdict:
    """One verdict.

    `said` and `remedy` are a sentence each, without their subject and full stop. `newest` is the epoch of the newest
    archive that is whole as far as can be seen, `size` its bytes; `next_run` the epoch of the next run of its `job`.
    `missed` runs were scheduled after the newest archive, the first of them at the epoch `since`. `last_run` is `ok`,
    `failed`, `running` or empty. The newest archive was `verified` (epoch) by a quick or deep check, its `depth`. The
    last drill of the guest, whichever archive it was of, was at the epoch `drilled`; `drill` is `ok` or `failed`.
    `counted` is False for what nobody can look at by design. An entry of the inventory is `of` a guest or app, and says
    the `same` where nothing else is to be said of it.
    """

    name: str
    kind: str
    state: State
    said: str
    remedy: str
    tier: str = ""
    job: str = ""
    next_run: int | None = None
    newest: int | None = None
    size: int | None = None
    critical: bool = False
    vmid: int | None = None
    archive: str = ""
    storage: str = ""
    notes: str = ""
    protected: bool = False
    missed: int = 0
    since: int | None = None
    last_run: str = ""
    counted: bool = True
    verified: int | None = None
    depth: str = ""
    drilled: int | None = None
    drill: str = ""
    of: str = ""
    same: bool = False

    @property
    def label(self) -> str:
        """What people call it: the VMID and the name of a guest, the name of an app."""
        return f"{self.vmid} {self.name}" if self.kind == "guest" else self.name


def ago(seconds: float) -> str:
    """How long ago something was, as exact as one wants to know it: `40 min ago`, `16 h ago`, `3 days ago`."""
    return f"{about(seconds)} ago"


def about(seconds: float) -> str:
    """A length of time in its largest whole unit of which there are at least two."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{round(seconds / length)} {unit}"
    return "a minute"


Worst = Literal["well", "attention", "critical", "unknown"]


def worst(verdicts: Iterable[Verdict], *, attention: bool = False, critical: bool = False) -> Worst:
    """What all together come to: something critical goes before something unknown, and that before the rest.

    `attention` and `critical` tell what else was found.
    """
    counted = [verdict for verdict in verdicts if verdict.counted]
    bad = [verdict for verdict in counted if verdict.state not in (*QUIET, "UNKNOWN")]
    if critical or any(verdict.critical for verdict in bad):
        return "critical"
    if any(verdict.state == "UNKNOWN" for verdict in counted):
        return "unknown"
    return "attention" if bad or attention else "well"
