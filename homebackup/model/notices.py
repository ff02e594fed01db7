"""The texts that stand beside a resource in a preview, written and read by one hand: what will be done, or why not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from homebackup.model.steps import Blocked

Kind = Literal["will do", "unknown", "in use"]
"""Steps that `pulumi up` will do, a part of the site that cannot be seen, or something that somebody uses."""

_WILL_DO = "pulumi up will do:"
_INDENT = "  "
_SAID: tuple[Kind, ...] = ("unknown", "in use")


@dataclass(frozen=True)
class Notice:
    """One such text: the lines of the steps, or the one sentence that says why."""

    kind: Kind
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """As Pulumi shows it."""
        if self.kind == "will do":
            return "\n".join([_WILL_DO, *(_INDENT + line for line in self.lines)])
        return f"{self.kind}: {' '.join(self.lines)}"


def will_do(lines: Iterable[str]) -> Notice:
    """What `pulumi up` will do, a line or more for each step."""
    return Notice("will do", tuple(lines))


def unknown(said: str) -> Notice:
    """What cannot be seen now."""
    return Notice("unknown", (said,))


def blocked(why: Blocked) -> Notice:
    """What stops a plan before its first step."""
    return Notice("in use" if why.busy else "unknown", (f"{why.said}; {why.remedy}",))


def read(text: str) -> Notice | None:
    """The notice that a text is, None when it is none."""
    head, *rest = text.split("\n")
    if head == _WILL_DO and all(line.startswith(_INDENT) for line in rest):
        return Notice("will do", tuple(line.removeprefix(_INDENT) for line in rest))
    kind = next((kind for kind in _SAID if text.startswith(f"{kind}: ")), None)
    return kind and Notice(kind, (text.removeprefix(f"{kind}: "),))
