"""A scenario played on the lab: every hour looked at, every verdict compared with what ought to be told."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from homebackup.world.live_site import LiveSite
from tests.simulate.deeds import Deed
from tests.simulate.home import Home
from tests.simulate.statement import NOT_THERE, Statement, moment

HOUR = 3600
OVER_SSH = 25
"""Every so many hours the whole look is taken over ssh, too: once a day, each day an hour later."""


@dataclass(frozen=True)
class Scenario:
    """From the `first` look on, so many `hours`; what happens in order of time, and what ought to be told."""

    year: int
    zone: str
    first: str
    hours: int
    guests: frozenset[int]
    happens: Sequence[tuple[str, Deed]]
    ought: str

    @property
    def where(self) -> ZoneInfo:
        """The zone of the node."""
        return ZoneInfo(self.zone)

    @property
    def deeds(self) -> list[tuple[int, Deed]]:
        """What happens, by epoch; deeds at one moment in their order."""
        known = [(moment(text, self.year, self.where), deed) for text, deed in self.happens]
        return sorted(known, key=lambda pair: pair[0])

    @property
    def statement(self) -> Statement:
        """What ought to be told."""
        return Statement.read(self.ought, self.guests, self.year, self.where)


@dataclass
class Score:
    """How many verdicts were compared, and those that were wrong, as sentences by epoch."""

    verdicts: int = 0
    wrong: list[tuple[float, str]] = field(default_factory=list)

    def plus(self, other: Score) -> None:
        """Add what another player has seen."""
        self.verdicts += other.verdicts
        self.wrong = sorted(self.wrong + other.wrong)

    @property
    def line(self) -> str:
        """The last line."""
        return f"simulated: {self.verdicts} verdicts, {len(self.wrong)} wrong"


async def play(scenario: Scenario, player: int = 0, players: int = 1) -> Score:
    """Play it all, and look in every hour that is this player's."""
    first = moment(scenario.first, scenario.year, scenario.where)
    statement, deeds, score = scenario.statement, scenario.deeds, Score()
    with tempfile.TemporaryDirectory() as folder:
        async with Home.open(Path(folder), scenario.zone, first - HOUR) as home:
            for number in range(scenario.hours):
                now = first + number * HOUR
                while deeds and deeds[0][0] <= now:
                    at, deed = deeds.pop(0)
                    await home.move(at)
                    await deed(home)
                await home.move(now)
                if number % players == player:
                    ought = statement.at(now)
                    await _compare(home, home.near, now, ought, score)
                    if number % OVER_SSH < players:
                        await _compare(home, home.far, now, ought, score)
    return score


async def _compare(home: Home, live: LiveSite, now: float, ought: dict[int, tuple[str, str]], score: Score) -> None:
    facts, told = await home.look(live)
    when = datetime.fromtimestamp(now, home.box.clock.zone).strftime("%a %d %b %H:%M %Z")
    for vmid in sorted(ought.keys() | told.keys()):
        expected, reason = ought.get(vmid, (NOT_THERE, "it is nobody's"))
        got, said = told.get(vmid, (NOT_THERE, "nothing is said of it"))
        score.verdicts += 1
        if got != expected:
            line = f"{when}: guest {vmid} ought to be {expected} ({reason}), but is {got} over {facts.way}: {said}"
            score.wrong.append((now, line))
