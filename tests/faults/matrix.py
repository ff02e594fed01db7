"""The matrix: every scene, broken at every moment in every way, and what came of it."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from homebackup.world.journal import entries
from tests.faults.house import House
from tests.faults.scenes import Scene, scenes
from tests.faults.trial import Case, Trial


@dataclass
class Score:
    """What came of some cases; `failures` says which were not as they must be, and why."""

    title: str
    cases: int = 0
    converged: int = 0
    foreign: int = 0
    """Bytes changed that are not ours."""
    secrets: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    """Time of the processor."""

    def add(self, case: Case) -> None:
        """Count a case."""
        self.cases += 1
        self.converged += not case.problems
        self.foreign += case.foreign
        self.secrets += case.secrets
        if case.problems or case.foreign or case.secrets:
            self.failures.append(f"{case.title}: {'; '.join(case.problems)}")

    def plus(self, other: Score) -> None:
        """Count what another one counted."""
        self.cases += other.cases
        self.converged += other.converged
        self.foreign += other.foreign
        self.secrets += other.secrets
        self.failures += other.failures

    @property
    def line(self) -> str:
        """All of it in one line."""
        return (
            f"faults: {self.cases} cases, {self.converged} converged, "
            f"{self.foreign} foreign bytes changed, {self.secrets} secrets found"
        )

    @property
    def well(self) -> bool:
        """Whether every case converged, and nothing was changed or seen that must not be."""
        return self.cases > 0 and self.converged == self.cases and not (self.foreign or self.secrets or self.failures)


def of_scene(number: int) -> Score:
    """Everything that can go wrong in one scene."""
    return asyncio.run(_broken(scenes()[number]))


async def _broken(scene: Scene) -> Score:
    began, score = time.process_time(), Score(scene.title)
    with tempfile.TemporaryDirectory() as folder:
        async with House.open(Path(folder)) as house:
            trial = Trial(house, scene)
            await trial.prepare()
            if len(trial.planned) != scene.steps:
                said = [line for step in trial.planned for line in step.lines()]
                score.failures.append(f"{scene.title}: {scene.steps} steps were expected, planned are {said}")
            score.failures += [f"{scene.title}: undisturbed, {line}" for line in trial.left]
            async for case in trial.cases():
                score.add(case)
            written, torn = entries(trial.journal.file)
            text = trial.journal.file.read_text(encoding="utf-8")
            score.secrets += sum(secret in text for secret in house.secrets)
            if torn or not written:
                score.failures.append(f"{scene.title}: the journal has {len(written)} entries and {torn} torn lines")
    score.seconds = time.process_time() - began
    return score


def quiet() -> None:
    """Connections broken on purpose are no news."""
    warnings.simplefilter("ignore")
    logging.disable()
