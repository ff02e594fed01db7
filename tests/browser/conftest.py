"""A browser, and the pages that it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Chromium]:
    """A tab of a browser of its own."""
    async with Chromium.started(tmp_path / "profile") as opened:
        yield opened
