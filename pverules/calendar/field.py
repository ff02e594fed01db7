"""One field of a calendar event (year, month, … second): which values fit, and which comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

LAST_YEAR = 9999


@dataclass(frozen=True)
class Unit:
    """What a field counts: values that occur, the bound of written numbers, where `*/n` starts, shortest length."""

    name: str
    first: int
    last: int
    bound: int
    origin: int
    shortest: int


YEAR = Unit("year", 0, LAST_YEAR, 2200, 0, LAST_YEAR + 1)
MONTH = Unit("month", 1, 12, 13, 1, 12)
DAY = Unit("day", 1, 31, 32, 1, 28)
HOUR = Unit("hour", 0, 23, 24, 0, 24)
MINUTE = Unit("minute", 0, 59, 60, 0, 60)
SECOND = Unit("second", 0, 59, 60, 0, 60)


@dataclass(frozen=True)
class Span:
    """What one member of a list stands for: `start`, then every `step` up to `end`, without `end` for ever."""

    start: int
    end: int | None
    step: int

    def __contains__(self, value: int) -> bool:
        inside = value >= self.start and (self.end is None or value <= self.end)
        return inside and (value - self.start) % self.step == 0

    def after(self, value: int) -> int | None:
        """The next value greater than `value`, None where there is none."""
        following = max(self.start, self.start + ((value - self.start) // self.step + 1) * self.step)
        return following if self.end is None or following <= self.end else None


@dataclass(frozen=True, eq=False)
class Field:
    """The values of one field; no spans mean any value. Fields that fit the same moments compare equal.

    Steps without an end count on beyond their unit: after minute 56 of `*/7` Proxmox goes to minute 63, which is
    minute 3 of the next hour, and so never sees minute 0 of that hour.
    """

    unit: Unit
    spans: tuple[Span, ...] = ()

    def __contains__(self, value: int) -> bool:
        return not self.spans or any(value in span for span in self.spans)

    def after(self, value: int) -> int | None:
        """The next value greater than `value`, perhaps beyond the unit; None where there is none."""
        following = (span.after(value) for span in self.spans)
        return min((value for value in following if value is not None), default=None)

    @cached_property
    def values(self) -> tuple[int, ...]:
        """The values that occur in the unit, ascending; years up to 9999."""
        return _values(self.unit, self.spans)

    @property
    def any(self) -> bool:
        """Whether every value fits."""
        return len(self.values) == self.unit.last - self.unit.first + 1

    @property
    def beyond(self) -> int | None:
        """The value beyond the unit at which steps without an end count on; None where every step has an end."""
        return self.after(self.unit.last)

    @property
    def landing(self) -> int | None:
        """The value at which the count goes on in the next larger unit when that leaves out values, else None.

        For days it is the landing after the shortest month, the worst case.
        """
        if self.beyond is None or self.any or self.unit is YEAR:
            return None
        landing = self.beyond - self.unit.shortest
        return landing if landing > self.values[0] else None

    @property
    def left_out(self) -> tuple[int, ...]:
        """The values that are written but passed over after a roll-over (for days: after the shortest month)."""
        landing = self.landing
        return () if landing is None else tuple(value for value in self.values if value < landing)

    @cached_property
    def _key(self) -> tuple[str, tuple[int, ...], int | None]:
        return self.unit.name, self.values, self.beyond if self.landing is not None else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Field):
            return NotImplemented
        return (self.unit, self.spans) == (other.unit, other.spans) or self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __str__(self) -> str:
        """One spelling for equal fields, the shortest that is read back as an equal field."""
        for text, spans in self._regular():
            if Field(self.unit, spans) == self:
                return text
        return self._members()

    @property
    def bounded(self) -> Field:
        """The same values without the steps that count on beyond the unit."""
        return Field(self.unit, tuple(Span(value, value, 1) for value in self.values))

    @property
    def first(self) -> Field:
        """The smallest value alone; the field itself where it has none."""
        return Field(self.unit, (Span(self.values[0], self.values[0], 1),)) if self.values else self

    def _regular(self) -> Iterator[tuple[str, tuple[Span, ...]]]:
        """Ways to write a field whose values are evenly spaced, whether or not they mean this very field."""
        if self.any:
            yield "*", ()
        distances = {later - earlier for earlier, later in pairwise(self.values)}
        step = distances.pop() if len(distances) == 1 else self.unit.bound
        if step < self.unit.bound:
            first, last = self.values[0], min(self.values[-1], self.unit.bound - 1)
            start = "*" if first == self.unit.origin else self._number(first)
            yield f"{start}/{step}", (Span(first, None, step),)
            if step > 1 and len(self.values) > 2:
                yield f"{self._number(first)}..{self._number(last)}/{step}", (Span(first, last, step),)

    def _members(self) -> str:
        """The values one by one, with steps only where they go on beyond the unit."""
        tails = self._tails()
        lasts = {last for last, _ in tails}
        written = [value for value in self.values if value < self.unit.bound and value not in lasts]
        steps = [f"{self._number(last)}/{step}" for last, step in sorted(tails)]
        return ",".join(filter(None, [spell(written, self._number), *steps])) or "0"

    def _tails(self) -> set[tuple[int, int]]:
        """The last values that can be written, each with a step by which the field goes on from there."""
        if self.landing is not None and self.beyond is not None:
            return {(self.values[-1], self.beyond - self.values[-1])}
        if self.unit is not YEAR:
            return set()
        endless = [span for span in self.spans if span.end is None]
        return {(s.start + (self.unit.bound - 1 - s.start) // s.step * s.step, s.step) for s in endless}

    def _number(self, value: int) -> str:
        return str(value) if self.unit is YEAR else f"{value:02}"


@lru_cache(maxsize=256)
def _values(unit: Unit, spans: tuple[Span, ...]) -> tuple[int, ...]:
    """The values of spans that occur in a unit, ascending; remembered, as there are ten thousand years."""
    if not spans:
        return tuple(range(unit.first, unit.last + 1))
    ends = [unit.last if span.end is None else min(span.end, unit.last) for span in spans]
    fit = {value for span, end in zip(spans, ends, strict=True) for value in range(span.start, end + 1, span.step)}
    return tuple(sorted(value for value in fit if value >= unit.first))


def spell(values: Iterable[int], name: Callable[[int], str]) -> str:
    """Ascending values with commas between them, three or more neighbours as a range."""
    runs: list[list[int]] = []
    for value in values:
        if runs and runs[-1][-1] == value - 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ",".join(f"{name(run[0])}..{name(run[-1])}" if len(run) > 2 else ",".join(map(name, run)) for run in runs)
