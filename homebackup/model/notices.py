"""The texts that stand beside a resource in a preview, written and read by one hand: what will be done, or why not."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from homebackup.model.steps import Blocked, Plan

Kind = Literal["will do", "losses", "doubts", "unknown", "in use", "refused"]
"""Steps that `pulumi up` will do, what they take away, what is doubtful afterwards, a part of the site that cannot be
seen, something that somebody uses, or what is not done until the owner says that the losses are meant."""

_HEADS: Mapping[Kind, str] = {"will do": "pulumi up will do:", "losses": "this takes away:", "doubts": "doubtful:"}
_INDENT = "  "
_SAID: tuple[Kind, ...] = ("unknown", "in use", "refused")


@dataclass(frozen=True)
class Notice:
    """One such text: the lines of the steps, losses or doubts, or the one sentence that says why."""

    kind: Kind
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """As Pulumi shows it."""
        if head := _HEADS.get(self.kind):
            return "\n".join([head, *(_INDENT + line for line in self.lines)])
        return f"{self.kind}: {' '.join(self.lines)}"


def will_do(lines: Iterable[str]) -> Notice:
    """What `pulumi up` will do, a line or more for each step."""
    return Notice("will do", tuple(lines))


def losses(lines: Iterable[str]) -> Notice:
    """What is taken away by it."""
    return Notice("losses", tuple(lines))


def doubts(lines: Iterable[str]) -> Notice:
    """What will not do what it is meant to."""
    return Notice("doubts", tuple(lines))


def unknown(said: str) -> Notice:
    """What cannot be seen now."""
    return Notice("unknown", (said,))


def blocked(why: Blocked) -> Notice:
    """What stops a plan before its first step."""
    return Notice(why.kind, (f"{why.said}; {why.remedy}",))


def of(plan: Plan) -> Iterator[Notice]:
    """All that there is to say of a plan."""
    if plan.steps:
        yield will_do(plan.lines())
    if plan.losses:
        yield losses(plan.losses)
    if plan.doubts:
        yield doubts(plan.doubts)
    if plan.unseen:
        yield unknown(plan.unseen)
    if plan.blocked:
        yield blocked(plan.blocked)


def read(text: str) -> Notice | None:
    """The notice that a text is, None when it is none."""
    head, *rest = text.split("\n")
    listed = next((kind for kind, said in _HEADS.items() if head == said), None)
    if listed and all(line.startswith(_INDENT) for line in rest):
        return Notice(listed, tuple(line.removeprefix(_INDENT) for line in rest))
    kind = next((kind for kind in _SAID if text.startswith(f"{kind}: ")), None)
    return kind and Notice(kind, (text.removeprefix(f"{kind}: "),))
