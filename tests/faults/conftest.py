"""A house of one's own for a test of what fails in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.house import House
from tests.pulumi.conftest import stack

__all__ = ["house", "stack"]


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A Proxmox VE host and its NAS in the event loop of the test."""
    # A client that has gone without a word would hold its connection for half a minute, and outlive the test's loop.
    monkeypatch.setattr("asyncio.constants.SSL_SHUTDOWN_TIMEOUT", 0.05)
    async with House.open(tmp_path) as opened:
        yield opened
