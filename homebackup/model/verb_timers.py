"""The systemd timers that run verbs: what each verb is for, and the units of a stack's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from homebackup.model.systemd import word
from homebackup.model.timer import UNITS, Timer

VerbName = Literal["notify", "digest", "verify", "drill"]
"""What can be run by the clock."""
VERBS: tuple[VerbName, ...] = get_args(VerbName)
ENVIRONMENT = "/etc/homebackup/environment"
"""The file that has the stack's passphrase, or names the file that has it; no unit holds a secret."""
OF_A_USER = "%h/.config/homebackup/environment"
"""The same for the units of somebody who is not root."""
_WORDS: Mapping[VerbName, tuple[str, ...]] = {
    "notify": ("notify",),
    "digest": ("notify", "--digest"),
    "verify": ("verify", "--deep"),
    "drill": ("drill", "--next"),
}
_DOES: Mapping[VerbName, str] = {
    "notify": "Tell what changed in the backups of stack {}",
    "digest": "Tell how the backups of stack {} stand",
    "verify": "Read the archives of stack {} to their end",
    "drill": "Try whether an archive of stack {} can be restored",
}
_LONGEST: Mapping[VerbName, str] = {"notify": "15min", "digest": "15min", "verify": "1d", "drill": "1d"}
_SERVICE = """\
# Kept by homebackup.
[Unit]
Description={does}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
{user}Environment={path}
EnvironmentFile=-{environment}
ExecStart={command}
TimeoutStartSec={longest}
"""
_TIMER = """\
# Kept by homebackup.
[Unit]
Description={does}

[Timer]
OnCalendar={when}
RandomizedDelaySec=2min
Persistent=true

[Install]
WantedBy=timers.target
"""


@dataclass(frozen=True)
class Machine:
    """The machine that we are on, as far as a timer goes: who and where we are, and what is there of one timer.

    `units` is the directory of our units, those of the system where we are `root`. `files` are the timer's by their
    paths, `timers` its state by its name, as a look at the host tells them; `lacking` is why systemd does not answer.
    """

    name: str
    user: str
    python: str
    path: str
    folder: str
    units: str = UNITS
    root: bool = True
    files: Mapping[str, bytes] = field(default_factory=dict)
    timers: Mapping[str, str] = field(default_factory=dict)
    lacking: str = ""

    @property
    def systemctl(self) -> tuple[str, ...]:
        """How our systemd is told."""
        return ("systemctl",) if self.root else ("systemctl", "--user")

    def timer(self, stack: str, verb: VerbName, when: str) -> Timer:
        """The timer that runs a verb on a stack; `when` is in systemd's spelling."""
        unit = unit_of(stack, verb)
        command = (self.python, "-m", "homebackup.commands", *_WORDS[verb], "--stack", stack, "--cwd", self.folder)
        values = {
            "does": _DOES[verb].format(stack).replace("%", "%%"),
            "when": when,
            "user": f"User={self.user}\n".replace("%", "%%") if self.root else "",
            "path": word(f"PATH={self.path}"),
            "environment": ENVIRONMENT if self.root else OF_A_USER,
            "command": " ".join(word(part).replace("$", "$$") for part in command),
            "longest": _LONGEST[verb],
        }
        texts = {f"{unit}.service": _SERVICE, f"{unit}.timer": _TIMER}
        return Timer(
            f"{unit}.timer", {name: text.format(**values) for name, text in texts.items()}, self.units, self.systemctl
        )

    def event(self, stack: str, verb: VerbName) -> str:
        """When the timer runs as its file says, in systemd's spelling; empty without one."""
        text = self.files.get(f"{self.units}/{unit_of(stack, verb)}.timer", b"").decode("utf-8", "replace")
        found = re.search(r"^OnCalendar=(.*)$", text, re.MULTILINE)
        return found[1] if found else ""


def unit_of(stack: str, verb: VerbName) -> str:
    """The name of the units without its ending."""
    return f"homebackup-{verb}-{stack}"
