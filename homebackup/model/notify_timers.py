"""The systemd timers that tell: each hour what changed, each Monday how all stands."""

from collections.abc import Sequence

from homebackup.model.systemd import word
from homebackup.model.timer import Timer

ENVIRONMENT = "/etc/homebackup/environment"
"""The file that has the stack's passphrase, or names the file that has it; no unit holds a secret."""
_SERVICE = """\
# Kept by homebackup.
[Unit]
Description={does}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User={user}
Environment={path}
EnvironmentFile=-{environment}
ExecStart={command}
TimeoutStartSec=15min
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
_BOTH = (
    ("notify", "Tell what changed in the backups of stack {}", "hourly", ()),
    ("digest", "Tell how the backups of stack {} stand", "Mon 08:30", ("--digest",)),
)


def timers(stack: str, command: Sequence[str], user: str, path: str) -> tuple[Timer, ...]:
    """The timers for a stack; `command` is `homebackup notify` with its options, `path` the PATH that it needs."""
    return tuple(_timer(stack, *what, command=command, user=user, path=path) for what in _BOTH)


def _timer(
    stack: str, name: str, does: str, when: str, more: Sequence[str], *, command: Sequence[str], user: str, path: str
) -> Timer:
    unit = f"homebackup-{name}-{stack}"
    texts = {f"{unit}.service": _SERVICE, f"{unit}.timer": _TIMER}
    values = {
        "does": does.format(stack).replace("%", "%%"),
        "when": when,
        "user": user.replace("%", "%%"),
        "path": word(f"PATH={path}"),
        "environment": ENVIRONMENT,
        "command": " ".join(word(part).replace("$", "$$") for part in (*command, *more)),
    }
    return Timer(f"{unit}.timer", {unit_: text.format(**values) for unit_, text in texts.items()})
