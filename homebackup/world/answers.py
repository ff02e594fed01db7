"""What an answer of the Proxmox VE API means: a pure mapping from status, message and errors to one error class.

The texts are those of Proxmox VE 8.4. An HTTP reason phrase is never looked at: `pvesh` has none, and over https it
holds only the first line of the message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from homebackup.world.errors import Again, Busy, Changed, Denied, Missing, NotLoggedIn, Refused, Trouble, Unreachable

FROM_BETWEEN = frozenset({502, 503, 504})
"""Statuses that a proxy gives when the server behind it does not answer."""

MAYBE_DONE = "it may or may not have been done: refresh to see what is there, then run again"
"""The remedy when nobody knows whether a change was made."""

_AGAIN = {595: Again.READING, 596: Again.ALWAYS}


class Asked(NamedTuple):
    """A call of the API, as far as an error has to name it: the host, the method in capitals, the path.

    `name` is what a new section is called, when it is one that is to be made.
    """

    host: str
    method: str
    path: str
    name: str = ""

    @property
    def writes(self) -> bool:
        """Whether the call can change something."""
        return self.method != "GET"

    @property
    def subject(self) -> str:
        """What the call is about, in the owner's words: `vzdump job nightly`, `storage nas`, `guest 103`."""
        path = f"{self.path}/{self.name}" if self.name else self.path
        for pattern, noun in _NOUNS:
            if found := re.fullmatch(pattern, path):
                return f"{noun} {found.group(1)}"
        return f"{self.method} {self.path}"


_NOUNS = (
    (r"/cluster/backup/([^/]+)(?:/.*)?", "vzdump job"),
    (r"/storage/([^/]+)", "storage"),
    (r"/nodes/[^/]+/storage/[^/]+/content/(.+)", "volume"),
    (r"/nodes/[^/]+/storage/([^/]+)(?:/.*)?", "storage"),
    (r"/nodes/[^/]+/tasks/([^/]+)(?:/.*)?", "task"),
    (r"/nodes/[^/]+/(?:qemu|lxc)/(\d+)(?:/.*)?", "guest"),
)

_PARAMETERS = "Parameter verification failed"
_INNER = re.compile(r"\A(\d{3}) (?=[A-Za-z])")
_PARAMETER = re.compile(r"([A-Za-z][\w.\[\]-]*): ?(.*)")
_PERMISSION = re.compile(r"Permission check failed(?: \((?P<path>/[^,]*), (?P<privilege>[^)]*)\))?")
_MISSING = re.compile(
    r"does not exist|[Nn]o such (?:vzdump )?(?:job|storage|task|token|user|pool)\b|unable to find configuration file"
    r"|volume_size_info on .* failed - no format"
)
_NAMED = re.compile(r"'([^']+)'|\bVM (\d+)\b")
_ON_NODE = re.compile(r" on node '[^']*'")
_CHANGED = re.compile(r"detected modified configuration|checksum mismatch \(file change")
_LOCK_TIMEOUT = re.compile(r"cfs-lock .*got lock request timeout")
_BUSY = re.compile(r"can't lock file|can't acquire lock|\bis locked\b")


def parameter_errors(message: str) -> dict[str, str]:
    """The reasons by parameter in the lines after `Parameter verification failed.`; empty for any other message."""
    head, _, rest = message.partition("\n")
    if _PARAMETERS not in head:
        return {}
    errors: dict[str, str] = {}
    key = ""
    for line in rest.splitlines():
        found = _PARAMETER.fullmatch(line)
        if found and not (key and found.group(1).startswith(f"{key}.")):
            key = found.group(1)
            errors[key] = found.group(2)
        elif key and line.strip():
            errors[key] += f" {line.strip()}"  # a property string's reason names its parts on lines of their own
    return errors


def trouble(asked: Asked, status: int, message: str, errors: Mapping[str, str] | None = None) -> Trouble:
    """The error that an answer with `status` >= 400 means.

    `message` is the whole message of the body (or the whole stderr of `pvesh`). A parameter error that Proxmox VE found
    under a lock comes as status 500 with `400 Parameter verification failed.` in the message, and likewise a 403.
    """
    if status == 500 and (inner := _INNER.match(message)):
        status = int(inner.group(1))
        message = message[inner.end() :]
    reasons = {str(k): str(v) for k, v in errors.items()} if errors else parameter_errors(message)
    text = "; ".join(f"{k}: {v.strip()}" for k, v in reasons.items()) or message.strip()
    who = f"Proxmox VE on {asked.host}"
    said = f"{who} says: {text}" if text else f"{who} answered {status} and gave no reason"

    if status == 401:
        said = said if text else f"{who} did not accept the login"
        return NotLoggedIn(asked.subject, said, "check the user and the password or token")
    if status in FROM_BETWEEN:
        return unreachable(asked, f"something between here and {asked.host} answered {status}")
    if 595 <= status <= 599:
        said = f"the API on {asked.host} could not reach the service behind it (status {status})"
        return unreachable(asked, said, sent=status > 596, again=_AGAIN.get(status, Again.NEVER))
    if _MISSING.search(text) and _is_the_thing(asked, text):
        return Missing(asked.subject, said, "create it or correct the name")
    if (status == 403 or _PERMISSION.search(text)) and not _MISSING.search(text):
        return _denied(asked, said, text)
    if _CHANGED.search(text):
        return Changed(asked.subject, said, "nothing was overwritten: run again to plan from what is there now")
    if _LOCK_TIMEOUT.search(text) or _BUSY.search(text):
        busy = Busy(asked.subject, said, "nothing was changed: wait until the other one is done and run again")
        busy.again = Again.ALWAYS if _LOCK_TIMEOUT.search(text) else Again.NEVER
        return busy
    if "hostname lookup" in text:
        return Unreachable(asked.subject, said, "check the name of the node and that it is up")
    if status >= 500 and status != 501 and not text:
        return unreachable(asked, f"{asked.host} answered {status} and nothing else")
    return Refused(asked.subject, said, _remedy(status, text), errors=reasons)


def unreachable(asked: Asked, said: str, *, sent: bool = True, again: Again = Again.NEVER) -> Unreachable:
    """The error for an answer that never came or is none; `sent` tells whether the call may have been acted on."""
    maybe = asked.writes and sent
    remedy = (
        MAYBE_DONE
        if maybe
        else (f"see that {asked.host} is up and that its address and port are right, then run again")
    )
    error = Unreachable(asked.subject, said, remedy, maybe_done=maybe)
    error.again = again
    return error


def _is_the_thing(asked: Asked, text: str) -> bool:
    """Whether what is missing is what was asked for, and not something that the parameters refer to."""
    if "unable to activate storage" in text:
        return False
    names = {form for pair in _NAMED.findall(_ON_NODE.sub("", text)) for name in pair if name for form in _forms(name)}
    return not names or asked.method == "GET" or bool(names & set(asked.path.split("/")))


def _forms(name: str) -> set[str]:
    """A quoted name, and for a path or volume its last component, as it may stand in the path of a call."""
    last = name.rpartition("/")[2]
    return {name, last, last.removesuffix(".conf")}


def _denied(asked: Asked, said: str, text: str) -> Denied:
    found = _PERMISSION.search(text)
    path, privilege = (found["path"] or "", found["privilege"] or "") if found else ("", "")
    if privilege:
        remedy = f"grant {privilege.replace('|', ' or ')} on {path} to the user or token of this program"
    else:
        remedy = "use a user with more privileges, root@pam or ssh for what only root may do"
    return Denied(asked.subject, said, remedy, path=path, privilege=privilege)


def _remedy(status: int, text: str) -> str:
    if "Only root may set this option" in text or "only root@pam may" in text:
        return "log in with the password of root@pam, use ssh (api: ssh), or set it in /etc/vzdump.conf on the node"
    if "unknown section type ''" in text:
        return "an entry of /etc/pve/jobs.cfg is invalid (mostly a bad starttime): correct that file on the node first"
    if status == 501:
        return "this release of Proxmox VE has no such call: see that it is 8.0 or later"
    return "correct it in the declaration and run again"
