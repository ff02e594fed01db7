"""What a resource asks of the world, as data: the world carries it out, a preview prints it, a test compares it."""

import difflib
import itertools
import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from homebackup.model.hidden import SECRET, Hidden, clean
from homebackup.model.inside import inside, label

MANY, FEW = 40, 3
"""Lines above which a change of a file in the repository is not shown as a whole, and those that are shown then."""
Service = Literal["home-assistant", "dsm"]
"""What a site has beside Proxmox VE and its host."""


@dataclass(frozen=True)
class Call:
    """One writing request to the Proxmox VE API; `hidden` names the parameters that are secret."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    def lines(self) -> list[str]:
        """How a preview shows it; the digest, which only guards the write, is left out."""
        shown = [
            f"{name}={SECRET if name in self.hidden else shlex.quote(_flat(value))}"
            for name, value in sorted(self.params.items())
            if name != "digest"
        ]
        return [" ".join([self.method, self.path, *shown])]

    def secrets(self) -> Iterator[str]:
        """The values of its secret parameters, wherever a text repeats them."""
        yield from (_flat(self.params[name]) for name in self.hidden & self.params.keys())

    def hiding(self, hidden: Hidden) -> "Call":
        """The same call, whose lines do not tell these secrets."""
        return replace(self, hidden=self.hidden | (hidden.parameters & self.params.keys()))


@dataclass(frozen=True)
class Run:
    """One command on the host, given up after `timeout` seconds; an exit code outside `accept` is a failure.

    It is run inside of a `guest`, as `lxc/103`, where one is named, or `here`, on this machine. `hidden` are the
    secrets that may stand in it.
    """

    argv: tuple[str, ...]
    timeout: float = 30.0
    accept: frozenset[int] = frozenset({0})
    hidden: frozenset[str] = frozenset()
    guest: str = ""
    here: bool = False

    def lines(self) -> list[str]:
        """How a preview shows it."""
        argv = inside(self.guest, self.argv, self.timeout) if self.guest else self.argv
        return [clean(("here: " if self.here else "# ") + shlex.join(argv), self.hidden)]

    def secrets(self) -> Iterator[str]:
        """What no text may tell."""
        yield from self.hidden

    def hiding(self, hidden: Hidden) -> "Run":
        """The same command, whose lines do not tell these secrets."""
        return replace(self, hidden=self.hidden | hidden.texts)


@dataclass(frozen=True)
class Write:
    """A file replaced at once; refused with `Changed` unless its bytes are still `before`.

    It is on the host, in a `guest` of it (`qemu/102`), or `here`: in the owner's repository on this machine, its path
    relative to the project.

    `before` and `after` are whole contents, None for no file. `verify` names what has to accept the new bytes
    before they take the place of the old: "fstab" is `findmnt --verify`. `mode` is that of a new file;
    an existing file keeps its owner, mode and ACL. `hidden` are the secrets that may stand in it. `edit` makes the same
    change of other bytes, which somebody else wrote meanwhile; it has none where it does not fit any more.
    """

    path: str
    before: bytes | None
    after: bytes | None
    verify: str | None = None
    mode: int = 0o644
    here: bool = False
    hidden: frozenset[str] = frozenset()
    edit: Callable[[bytes], bytes | None] | None = field(default=None, compare=False)
    guest: str = ""

    def onto(self, content: bytes | None) -> "Write | None":
        """The same change of a file that has these bytes now; None when there is none."""
        after = self.edit(content) if self.edit and content is not None else None
        return None if after is None else replace(self, before=content, after=after)

    def lines(self) -> list[str]:
        """How a preview shows it: the lines that go and come."""
        where = " here" if self.here else f" in {label(self.guest)}" if self.guest else ""
        if self.after is None:
            return [f"remove {self.path}{where}"]
        verb = "write" if self.before is None else "edit"
        old, new = (_text(b).splitlines() for b in (self.before or b"", self.after))
        changed = [clean(line, self.hidden) for line in changed_lines(old, new)]
        if self.here and len(changed) > MANY:
            changed = [*changed[:FEW], f"… and {len(changed) - FEW} more lines, which pulumi preview --diff shows"]
        return [f"{verb} {self.path}{where}", *(f"  {line}" for line in changed)]

    def secrets(self) -> Iterator[str]:
        """What no text may tell."""
        yield from self.hidden

    def hiding(self, hidden: Hidden) -> "Write":
        """The same change, whose lines do not tell these secrets."""
        return replace(self, hidden=self.hidden | hidden.texts)


@dataclass(frozen=True)
class Answered:
    """Stands in a request for what the service's answer to the request before it has by this name."""

    name: str

    def __str__(self) -> str:
        return f"[the {self.name} answered before]"


@dataclass(frozen=True)
class Replaced:
    """What a request replaces as a whole, by the reading command that tells it: its answer before, and after.

    The request is refused with `Changed` when it says something else than `before` right before, and has failed when it
    does not say `after` right after; the order of a list's elements means nothing there.
    """

    command: str
    data: Mapping[str, Any]
    before: Any
    after: Any


@dataclass(frozen=True)
class Ask:
    """One writing request to a service beside Proxmox VE: Home Assistant, or the NAS's own management.

    The command is a websocket type of Home Assistant's, or an API of DSM's and its method with a blank between.
    `hidden` are the secrets that stand in its data; `replaces` guards what it replaces as a whole.
    """

    service: Service
    command: str
    data: Mapping[str, Any] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    replaces: Replaced | None = None

    def lines(self) -> list[str]:
        """How a preview shows it."""
        said = json.dumps(self.data, sort_keys=True, ensure_ascii=False, default=_listed)
        escaped = (json.dumps(secret, ensure_ascii=False)[1:-1] for secret in self.hidden)
        return [clean(f"{self.service} {self.command} {said}", self.hidden.union(escaped))]

    def secrets(self) -> Iterator[str]:
        """What no text may tell."""
        yield from self.hidden

    def hiding(self, hidden: Hidden) -> "Ask":
        """The same request, whose lines do not tell these secrets."""
        return replace(self, hidden=self.hidden | hidden.texts)


Step = Call | Run | Write | Ask
"""Anything the world can be asked to do."""


@dataclass(frozen=True)
class Blocked:
    """Why a plan is not carried out now, and what the owner can do.

    A part of the site is `unknown`, somebody has the thing `in use`, or it is `refused` until the owner says that what
    it takes away may go.
    """

    said: str
    remedy: str
    kind: Literal["unknown", "in use", "refused"] = "unknown"


@dataclass(frozen=True)
class Plan:
    """Steps in their order.

    `undo` puts the host back when a step fails after the first `undo_from` of them were done. A `blocked` plan is
    shown in a preview; nothing of it is started. `losses` are what it takes away, a line each, and `unseen` says why
    that is not all that it may take away; `doubts` are what will not do afterwards what it is meant to.
    """

    steps: tuple[Step, ...] = ()
    undo: tuple[Step, ...] = ()
    undo_from: int = 0
    blocked: Blocked | None = None
    losses: tuple[str, ...] = ()
    unseen: str = ""
    doubts: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """How a preview shows all of it."""
        return [line for step in self.steps for line in step.lines()]

    def then(self, after: "Plan") -> "Plan":
        """Both, to be shown as one."""
        return Plan(
            self.steps + after.steps,
            blocked=self.blocked or after.blocked,
            losses=self.losses + after.losses,
            unseen="; ".join(filter(None, (self.unseen, after.unseen))),
            doubts=self.doubts + after.doubts,
        )

    def hiding(self, hidden: Hidden) -> "Plan":
        """The same plan, whose lines do not tell these secrets."""
        steps, undo = (tuple(step.hiding(hidden) for step in part) for part in (self.steps, self.undo))
        return replace(self, steps=steps, undo=undo)


def changed_lines(old: list[str], new: list[str]) -> Iterator[str]:
    """The lines that go, with `- ` before them, and those that come, with `+ `, in the file's order."""
    for line in itertools.islice(difflib.unified_diff(old, new, lineterm="", n=0), 2, None):
        if not line.startswith("@@"):
            yield f"{line[0]} {line[1:]}"


def _flat(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _listed(value: Any) -> Any:
    return str(value) if isinstance(value, Answered) else sorted(value)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")
