"""The lab as every test may have it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.running_lab import Lab

StartLab = Callable[..., Lab]


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
