"""A command inside of a guest, run through its host, and what it came to.

The QEMU agent tells exit code and output of a command in JSON, whatever that exit code is; `pct` passes them through.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence

from homebackup.model.inside import inside, label
from homebackup.model.seen import Unseen
from homebackup.world.errors import Denied, Failed, Missing, Trouble, Unreachable
from homebackup.world.host import Host
from homebackup.world.session import Ran

MORE = 15.0
"""Seconds that pct and qm may take beside the command."""
_SAID: tuple[tuple[str, type[Trouble], str, str], ...] = (
    (r"Configuration file '\S+' does not exist", Missing, "there is no such guest", "see pct list and qm list"),
    (r"(VM|CT|container) '?\d+'? (is )?not running", Unreachable, "it is not running", "start it and run this again"),
    (
        r"No QEMU guest agent configured",
        Unreachable,
        "its option QEMU guest agent is off",
        "install qemu-guest-agent in it, run qm set {0} --agent 1 and start it anew",
    ),
    (
        r"QEMU guest agent is not running|guest-ping.* (timeout|timed out)",
        Unreachable,
        "its QEMU guest agent does not answer",
        "install qemu-guest-agent in it, and see that it runs",
    ),
    (
        r"guest-exec.* (disabled|not allowed)|[Cc]ommand guest-exec.*(disabled|not found)",
        Denied,
        "its QEMU guest agent runs no commands",
        "allow guest-exec in its /etc/qemu/qemu-ga.conf or /etc/sysconfig/qemu-ga",
    ),
)
"""What the node says of a guest in which nothing can be run, what that means, and what to do."""


async def run(host: Host, guest: str, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 30.0) -> Ran:
    """How the command ended; raises Missing without such a guest, Unreachable where it does not run, and other Trouble.

    The guest's agent takes up to 1 MiB of standard input.
    """
    command = shlex.join(inside(guest, argv, timeout))
    return ended(guest, await host.run(command, stdin=stdin, timeout=timeout + MORE))


def ended(guest: str, ran: Ran) -> Ran:
    """How a command in a guest ended, by how `pct exec` or `qm guest exec` did; raises Trouble."""
    subject, remedy = label(guest), "see what it says, correct it, and run this again"
    if ran.exit:
        for pattern, kind, said, cure in _SAID:
            if re.search(pattern, ran.said):
                raise kind(subject, said, cure.format(guest.partition("/")[2]))
    if guest.startswith("lxc/"):
        return ran
    ran.check(subject, remedy)
    try:
        told = json.loads(ran.stdout)
    except ValueError:
        raise Failed(subject, f"qm guest exec answered {ran.said or 'nothing'}", remedy) from None
    if not told.get("exited"):
        raise Unreachable(subject, "a command in it did not end in time", "see what keeps it, and run this again")
    if told.get("out-truncated") or told.get("err-truncated"):
        raise Failed(
            subject, "a command in it printed more than its agent tells", "run it by hand to see what it prints"
        )
    code = 128 + told["signal"] if told.get("signal") else told.get("exitcode", 0)
    return Ran(int(code), *(_bytes(str(told.get(key, ""))) for key in ("out-data", "err-data")))


def _bytes(text: str) -> bytes:
    """The bytes that the agent told, which come as text, or each as a character of its own."""
    try:
        plain = text.encode("latin-1")
        plain.decode("utf-8")
    except UnicodeError:
        return text.encode("utf-8")
    return plain


def seen(guest: str, ran: Ran | Unseen) -> Ran | Unseen:
    """The same of what one command of many came to, without raising anything."""
    if isinstance(ran, Unseen):
        return ran
    if ran.exit in (124, 137):
        return Unseen(f"{label(guest)}: it does not answer in time", "see what keeps it busy")
    try:
        return ended(guest, ran)
    except Trouble as trouble:
        return Unseen(f"{trouble.subject}: {trouble.said}", trouble.remedy)
