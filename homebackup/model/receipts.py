"""What was done, as the journal keeps it, and as receipts: one a run, with what was planned and what came of it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, tzinfo
from typing import Literal, Self

from homebackup.model.plain import plain_line

Event = Literal["plan", "begin", "end", "verdict"]
"""A plan's steps, a step about to be done, a step's outcome, what was found wrong after the last step."""
Outcome = Literal["", "done", "failed", "unknown"]
"""Of a step that ended; `unknown` when its answer was lost."""


@dataclass(frozen=True)
class Entry:
    """One line of the journal."""

    time: str
    """When it was written, in ISO 8601 with its offset from UTC."""
    run: str
    """The same for all that one process did."""
    by: str
    """What was run: `pulumi`, or a verb as `homebackup trust`."""
    stack: str
    resource: str
    """What it was done to, in the owner's words: `vzdump job backup-home-p0-daily`."""
    event: Event
    machine: str = ""
    """Name of the machine that the process ran on."""
    process: int = 0
    """Its number there."""
    number: int = 0
    """Counts the steps of a run from 1, so that an end finds its begin."""
    step: str = ""
    """The step as a preview prints it, its lines joined by line feeds."""
    steps: tuple[str, ...] = ()
    """All steps of a plan, printed in the same way."""
    outcome: Outcome = ""
    said: str = ""
    """The sentence that says what failed."""
    undo: bool = False
    """True for a step that takes earlier ones back."""
    kept: str = ""
    """All that is known, as JSON, of what the plan is about to remove, so that it can be made again."""

    def line(self) -> str:
        """The entry as JSON on one line; what is empty is left out."""
        return json.dumps({name: value for name, value in asdict(self).items() if value}, ensure_ascii=False)

    @classmethod
    def read(cls, line: str) -> Self | None:
        """The entry on a line, None where the line was cut short or is none."""
        try:
            said = json.loads(line)
            known = {f.name: said[f.name] for f in fields(cls) if f.name in said}
            known["steps"] = tuple(known.get("steps", ()))
            entry = cls(**known)
            datetime.fromisoformat(entry.time)
        except (ValueError, TypeError, LookupError):
            return None
        return entry


@dataclass
class Done:
    """A step that was begun; without an outcome it was cut off."""

    number: int
    step: str
    undo: bool
    outcome: Outcome = ""
    said: str = ""


@dataclass
class Part:
    """One plan for one resource: what was planned, and every step that was begun."""

    resource: str
    planned: tuple[str, ...] = ()
    done: list[Done] = field(default_factory=list)
    verdict: str = ""
    """What was found wrong after the last step."""
    kept: str = ""
    """As JSON, what the plan removes."""

    @property
    def as_planned(self) -> bool:
        """Whether every planned step was done, and nothing else."""
        return [(s.step, s.outcome, s.undo) for s in self.done] == [(step, "done", False) for step in self.planned]

    @property
    def never_begun(self) -> tuple[str, ...]:
        """Planned steps that nothing came to."""
        return self.planned[sum(not step.undo for step in self.done) :]


@dataclass
class Receipt:
    """One run."""

    run: str
    by: str
    stack: str
    began: str
    ended: str
    machine: str
    process: int
    parts: list[Part] = field(default_factory=list)

    def having(self, outcome: Outcome) -> int:
        """How many steps ended so; those cut off have the empty outcome."""
        return sum(step.outcome == outcome for part in self.parts for step in part.done)


def receipts(entries: Iterable[Entry]) -> list[Receipt]:
    """One receipt a run, in the order in which the runs began."""
    found: dict[str, Receipt] = {}
    for entry in entries:
        receipt = found.setdefault(
            entry.run,
            Receipt(
                entry.run, entry.by, entry.stack, entry.time, entry.time, machine=entry.machine, process=entry.process
            ),
        )
        receipt.ended = entry.time
        _add(receipt.parts, entry)
    return list(found.values())


def _add(parts: list[Part], entry: Entry) -> None:
    part = next((p for p in reversed(parts) if p.resource == entry.resource), None)
    if part is None or entry.event == "plan":
        part = Part(entry.resource)
        parts.append(part)
    if entry.event == "plan":
        part.planned, part.kept = entry.steps, entry.kept
    elif entry.event == "begin":
        part.done.append(Done(entry.number, entry.step, entry.undo))
    elif entry.event == "verdict":
        part.verdict = entry.said
    else:
        for step in part.done:
            if step.number == entry.number:
                step.outcome, step.said = entry.outcome, entry.said


def markdown(receipt: Receipt, zone: tzinfo | None, *, running: bool = False) -> str:
    """The receipt as Markdown, with times in `zone` (None: that of this machine).

    `running` says that the run's process still lives, so that a step without an end is no cut.
    """
    counts = [
        f"{count} {word}"
        for word, count in (
            ("done", receipt.having("done")),
            ("failed", receipt.having("failed")),
            ("of unknown outcome", receipt.having("unknown")),
            ("in the middle" if running else "cut off", receipt.having("")),
        )
        if count
    ]
    began, ended = (datetime.fromisoformat(time).astimezone(zone) for time in (receipt.began, receipt.ended))
    head = [
        f"## {began:%Y-%m-%d %H:%M:%S %z}: {plain_line(receipt.by)} on stack {plain_line(receipt.stack)}",
        f"Run {receipt.run}, until {ended:%H:%M:%S}; steps: {', '.join(counts) or 'none begun'}.",
    ]
    return "\n\n".join([*head, *(block for part in receipt.parts for block in _blocks(receipt, part, running))]) + "\n"


def _blocks(receipt: Receipt, part: Part, running: bool) -> Iterator[str]:
    yield f"### {plain_line(part.resource)}"
    if part.kept:
        yield f"Kept before anything was removed; `homebackup audit --restore-receipt {receipt.run}` brings it back:"
        yield _fenced([part.kept])
    if part.planned:
        yield "Planned, as the preview shows it:"
        yield _fenced(part.planned)
    if part.planned and part.as_planned:
        yield "Done: all of it."
    else:
        yield from _outcomes(part, running)
    if part.verdict:
        yield f"Afterwards: {plain_line(part.verdict)}"
    if part.never_begun:
        yield "Never begun:"
        yield _fenced(map(_first, part.never_begun))


def _outcomes(part: Part, running: bool) -> Iterator[str]:
    yield from _steps("Done:", [s for s in part.done if s.outcome == "done" and not s.undo])
    yield from _steps("Failed:", [s for s in part.done if s.outcome == "failed" and not s.undo])
    yield from _steps(
        "The answer was lost, so it may or may not have been done:",
        [s for s in part.done if s.outcome == "unknown" and not s.undo],
    )
    cut = "Begun, and not ended yet:" if running else "Cut off in the middle, so it may or may not have been done:"
    yield from _steps(cut, [s for s in part.done if s.outcome == "" and not s.undo])
    yield from _steps("Taken back:", [s for s in part.done if s.undo and s.outcome == "done"])
    yield from _steps("Not taken back, though it was tried:", [s for s in part.done if s.undo and s.outcome != "done"])


def _steps(title: str, steps: list[Done]) -> Iterator[str]:
    if steps:
        yield title
        yield _fenced(_first(step.step) for step in steps)
        yield from (plain_line(step.said) for step in steps if step.said)


def _first(step: str) -> str:
    """A step without the lines of a file that it writes; the plan has them."""
    return step.partition("\n")[0]


def _fenced(steps: Iterable[str]) -> str:
    """A code block whose fence nothing inside can close."""
    text = "\n".join(plain_line(line) for step in steps for line in step.split("\n"))
    ticks = "```"
    while ticks in text:
        ticks += "`"
    return f"{ticks}text\n{text}\n{ticks}"
