"""What is otherwise than it was or is declared, field by field, in words."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from homebackup.model.declare import Field, Value, observed
from homebackup.model.steps import changed_lines

TOLD = 4
"""Lines of a longer text that are told of; a preview shows all of them."""
Show = Callable[[Field, Value], str]
"""How the value of a field is shown."""


def shown(f: Field, value: Value) -> str:
    """A value as the owner reads it: in Proxmox VE's spelling, but for the 0 and 1 of what is on or off."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    spelled: Any = f.spell(value)
    return ",".join(spelled) if isinstance(spelled, list) else str(spelled)


def is_not(f: Field, found: str, declared: str) -> str:
    """`schedule is 05:00, declared 03:00`; nobody declares what is only seen: `the heal timer is stopped`."""
    if observed in f.marks:
        return f"{f.says or f'{f.wire} is'} {found}"
    if "\n" in found + declared:
        return f"{f.wire} is not as declared: {_lines(declared, found)}"
    return f"{f.wire} is {found}, declared {declared}"


def _lines(before: str, now: str) -> str:
    """The lines that go and come, in one line."""
    lines = list(changed_lines(before.split("\n"), now.split("\n")))
    more = [f"and {len(lines) - TOLD} more"] if len(lines) > TOLD else []
    return "; ".join([*lines[:TOLD], *more])


def unlike(
    fields: Iterable[Field], found: Mapping[str, Value], declared: Mapping[str, Value], show: Show = shown
) -> list[str]:
    """Each field that is not as declared, in words."""
    return [
        is_not(f, show(f, found[f.name]), show(f, declared[f.name]))
        for f in fields
        if not f.same(found[f.name], declared[f.name])
    ]


def changed(
    fields: Iterable[Field], before: Mapping[str, Value], now: Mapping[str, Value], show: Show = shown
) -> list[str]:
    """Each field that is not as it was, in words."""
    return [
        f"{f.says or f.wire} {show(f, now[f.name])}"
        if observed in f.marks
        else _was(f, show(f, before[f.name]), show(f, now[f.name]))
        for f in fields
        if not f.same(before[f.name], now[f.name])
    ]


def _was(f: Field, before: str, now: str) -> str:
    if "\n" in before + now:
        return f"{f.wire} was changed: {_lines(before, now)}"
    return f"{f.wire} was {before}, is {now}"
