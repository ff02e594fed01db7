"""`homebackup verify` broken off: a NAS that is off or goes away, and a run that is stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from homebackup.commands.verify import Verifying
from homebackup.model.backups.archive import Archive
from homebackup.model.backups.verification import QUICK
from homebackup.world.reading import Reader
from homebackup.world.verified import place, results
from tests.commands.large_archives import large
from tests.commands.living_site import DECLARED, settle
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site, with archives of some days."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED
    settle(lab)


async def test_a_nas_that_is_off_is_unknown(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.control("/nas", {"power": "off"})
    assert await Verifying().of(stack) == 3
    assert "the NAS 10.0.0.150 does not answer" in capsys.readouterr().err


async def gone(stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch, method: str) -> int:
    """The exit code of a deep run in which the NAS goes away before `method` of the reader."""
    asked: Callable[..., Any] = getattr(Reader, method)

    async def later(*arguments: Any) -> Any:
        await asyncio.to_thread(lab.control, "/nas", {"power": "off"})
        return await asked(*arguments)

    monkeypatch.setattr(Reader, method, later)
    return await Verifying(deep=True, only_newest=True).of(stack)


@pytest.mark.parametrize(("method", "kept"), [("samples", 0), ("whole", 5)])
async def test_a_nas_that_goes_away_in_the_middle(
    method: str,
    kept: int,
    stack: PlayedStack,
    lab: Lab,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await gone(stack, lab, monkeypatch, method) == 3
    said = capsys.readouterr()
    assert "unknown: the NAS 10.0.0.150 stopped answering; run this again when it is back" in said.err
    assert f"{kept} of 5 archives looked at" in said.out or kept == 5
    assert len(results(place(stack.folder))) == kept
    lab.control("/nas", {"power": "on"})
    monkeypatch.undo()
    assert await Verifying(deep=True, only_newest=True).of(stack) == 0


async def test_a_nas_that_goes_away_under_a_reading(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = large(lab)
    lab.control("/patience", {"scale": 0.01})
    asked: Callable[..., Any] = Reader.whole
    switching: list[asyncio.Future[Any]] = []

    async def switched_off(self: Reader, archive: Archive, hear: Callable[[int], None]) -> Any:
        def heard(count: int) -> None:
            hear(count)
            if not switching:
                off = asyncio.get_running_loop().run_in_executor(None, lab.control, "/nas", {"power": "off"})
                switching.append(off)

        return await asked(self, archive, heard)

    monkeypatch.setattr(Reader, "whole", switched_off)
    monkeypatch.setattr("homebackup.commands.verify.Reader", partial(Reader, piece=1 << 16))
    assert await Verifying(["101", "103"], deep=True, only_newest=True, rate=1 << 18).of(stack) == 3
    await asyncio.gather(*switching)
    said = capsys.readouterr()
    assert "unknown: the NAS 10.0.0.150 stopped answering; run this again" in said.err
    assert {result.depth for result in results(place(stack.folder)) if result.name in names} == {QUICK}


async def test_a_run_that_is_stopped_leaves_nothing_on_the_host(
    stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    large(lab)
    before = lab.run("ls /tmp /var/tmp")
    monkeypatch.setattr("homebackup.commands.verify.Reader", partial(Reader, piece=8192))
    run = asyncio.create_task(Verifying(["101"], deep=True, only_newest=True, rate=81920.0).of(stack))
    deadline = time.monotonic() + 20
    while not any("nice" in str(request) for request in lab.requests("ssh")):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    while lab.run("ls /tmp /var/tmp") != before:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
