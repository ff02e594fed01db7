"""What a resource asks of the world, as data: the world carries it out, a preview prints it, a test compares it."""

import difflib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
            f"{name}={'[secret]' if name in self.hidden else shlex.quote(_flat(value))}"
            for name, value in sorted(self.params.items())
            if name != "digest"
        ]
        return [" ".join([self.method, self.path, *shown])]


@dataclass(frozen=True)
class Run:
    """One command on the host, given up after `timeout` seconds; an exit code outside `accept` is a failure."""

    argv: tuple[str, ...]
    timeout: float = 30.0
    accept: frozenset[int] = frozenset({0})

    def lines(self) -> list[str]:
        """How a preview shows it."""
        return ["# " + shlex.join(self.argv)]


@dataclass(frozen=True)
class Write:
    """A file on the host replaced at once; refused with `Changed` unless its bytes are still `before`.

    `before` and `after` are whole contents, None for no file. `verify` names what has to accept the new bytes
    before they take the place of the old: "fstab" is `findmnt --verify`. `mode` is that of a new file;
    an existing file keeps its owner, mode and ACL.
    """

    path: str
    before: bytes | None
    after: bytes | None
    verify: str | None = None
    mode: int = 0o644

    def lines(self) -> list[str]:
        """How a preview shows it: the lines that go and come."""
        if self.after is None:
            return [f"remove {self.path}"]
        verb = "write" if self.before is None else "edit"
        old, new = (_text(b).splitlines() for b in (self.before or b"", self.after))
        changed = [line for line in difflib.ndiff(old, new) if line[:1] in "+-"]
        return [f"{verb} {self.path}", *(f"  {line}" for line in changed)]


Step = Call | Run | Write
"""Anything the world can be asked to do."""


@dataclass(frozen=True)
class Plan:
    """Steps in their order.

    `undo` puts the host back when a step fails after the first `undo_from` of them were done. `blocked` says why
    the plan cannot be carried out now, though nothing is wrong with it: a preview shows it, nothing is started. It is
    `busy` when somebody uses the thing, else a part of the site cannot be seen.
    """

    steps: tuple[Step, ...] = ()
    undo: tuple[Step, ...] = ()
    undo_from: int = 0
    blocked: str = ""
    busy: bool = False

    def lines(self) -> list[str]:
        """How a preview shows all of it."""
        return [line for step in self.steps for line in step.lines()]


def _flat(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")
