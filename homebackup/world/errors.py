"""Everything that can go wrong outside this program, as one tree of exceptions whose text is a sentence.

    Trouble
    ├── Missing        it does not exist
    ├── Refused        understood and refused; `errors` names the parameters
    │   └── Problems   the provider's configuration is wrong (connection.py)
    ├── Denied         a privilege is missing; `path` and `privilege` say which
    │   └── NotLoggedIn    wrong password, token or key
    ├── Changed        somebody changed it meanwhile
    ├── Busy           a lock is held, or the thing is in use
    ├── Unreachable    no answer, or none that came from Proxmox VE; `maybe_done` if a change may have happened
    ├── Untrusted      a certificate or host key is not the known one; `old` and `new` name both
    └── Failed         a command or a task failed; `exit` and `stderr` say how

`str(error)` is always one line, *subject: who said what; what to do*, without control characters and without secrets.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from homebackup.model.plain import one_line


class Again(enum.IntEnum):
    """How often a call may be made in all that ended in an error."""

    NEVER = 1
    """Once: nobody knows whether it was done, or nothing would be different."""
    READING = 3
    """A few times if it only reads: the connection was refused or lost."""
    ALWAYS = 1_000
    """As often as patience lasts, writing included: it was certainly not done, and soon may be."""


class Trouble(Exception):
    """Something outside this program did not work; the text is one sentence for the owner."""

    again = Again.NEVER
    """Whether the same call may be made again."""

    def __init__(self, subject: str, said: str, remedy: str) -> None:
        self.subject = one_line(subject)
        self.said = one_line(said)
        self.remedy = one_line(remedy)
        super().__init__(self.subject, self.said, self.remedy)

    def __str__(self) -> str:
        return f"{self.subject}: {self.said}; {self.remedy}"


class Missing(Trouble):
    """It does not exist."""


class Refused(Trouble):
    """It was understood and refused; `errors` maps a parameter to the reason, as far as reasons were given by name."""

    def __init__(self, subject: str, said: str, remedy: str, *, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(subject, said, remedy)
        self.errors = dict(errors or {})


class Denied(Trouble):
    """A privilege is missing: `privilege` (alternatives joined by `|`) on `path`, both empty when not told."""

    def __init__(self, subject: str, said: str, remedy: str, *, path: str = "", privilege: str = "") -> None:
        super().__init__(subject, said, remedy)
        self.path = path
        self.privilege = privilege


class NotLoggedIn(Denied):
    """The password, token or key was not accepted."""


class Changed(Trouble):
    """Somebody else changed it between our reading and our writing; nothing was overwritten."""


class Busy(Trouble):
    """A lock is held by somebody else, or the thing is in use; nothing was done."""


class Unreachable(Trouble):
    """No answer came, or none that Proxmox VE gave.

    `maybe_done` is true when a change had been sent, so that it may have happened all the same.
    """

    def __init__(self, subject: str, said: str, remedy: str, *, maybe_done: bool = False) -> None:
        super().__init__(subject, said, remedy)
        self.maybe_done = maybe_done


class Untrusted(Trouble):
    """A certificate or an ssh host key is not the pinned or known one.

    `old` is the fingerprint that was expected (empty when none was known), `new` the one that was shown.
    """

    def __init__(self, subject: str, said: str, remedy: str, *, old: str = "", new: str = "") -> None:
        super().__init__(subject, said, remedy)
        self.old = old
        self.new = new


class Failed(Trouble):
    """A command or a task ended badly: `exit` is the command's exit code, `stderr` what it printed about it."""

    def __init__(self, subject: str, said: str, remedy: str, *, exit: int = 1, stderr: str = "") -> None:
        super().__init__(subject, said, remedy)
        self.exit = exit
        self.stderr = stderr


def sentence(error: BaseException) -> str:
    """Any error for the owner: a trouble's own text, what the system said of a file, else where to report a defect."""
    if isinstance(error, Trouble):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{one_line(str(error.filename))}: the system said {error.strerror}; see that it may be used"
    kind, said = type(error).__name__, one_line(str(error)) or "no more is known"
    return f"homebackup: unexpected {kind}: {said}; this is a defect, please report it with this line"
