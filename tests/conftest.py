"""The lab as every test may have it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.running_lab import Lab

StartLab = Callable[..., Lab]
HERE = Path(__file__).parent
WITH_A_LAB = ("faults", "simulate")
"""Folders whose tests run a lab in their own process."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a whole lab, so that the fast suite goes without."""
    for item in items:
        inside = item.path.relative_to(HERE).parts[0] in WITH_A_LAB
        if inside or "start_lab" in getattr(item, "fixturenames", ()):
            item.add_marker("lab")


@pytest.fixture(scope="session")
def start_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartLab]:
    """A function that starts a lab of one's own: `start_lab("home")`; all of them end with the session."""
    with contextlib.ExitStack() as started:

        def start(fixture: str = "home") -> Lab:
            lab = Lab.start(tmp_path_factory.mktemp("lab"), fixture)
            started.callback(lab.stop)
            return lab

        yield start


@pytest.fixture(scope="session")
def _homes() -> list[Lab]:
    return []


@pytest.fixture
def lab(_homes: list[Lab], start_lab: StartLab) -> Lab:
    """The home site in a lab, as if it had just been started; one process serves a worker's tests in turn."""
    if not _homes or not _homes[-1].serves:
        _homes.append(start_lab("home"))
    _homes[-1].reset()
    return _homes[-1]
