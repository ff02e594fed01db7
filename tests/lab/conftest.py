"""Labs inside of the test's own process, for tests that look at both sides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lab.box import Box


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    """The recorded node, served on the loopback; nothing in it waits as long as in reality."""
    started = Box(tmp_path / "lab", fixture="conformance", patience=0, delay=0)
    await started.start()
    yield started
    await started.stop()
