"""`homebackup serve` as a process of its own on the lab: started, asked, with the NAS off, and ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from homebackup.commands import serve
from homebackup.world.errors import Missing, Refused
from tests.commands.living_site import DECLARED, settle
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab

TOKEN = "correct horse battery staple"
SERVE = """
import asyncio, json, pathlib, sys
from homebackup.commands import serve
from tests.commands.stack import PlayedStack
stack = PlayedStack(pathlib.Path(sys.argv[1]) / "served")
stack.stored, stack.declared = json.loads(sys.argv[2])
sys.exit(asyncio.run(serve._serve(stack, "127.0.0.1", 0, 10, None)))
"""


@contextlib.asynccontextmanager
async def served(folder: Path, lab: Lab, **environment: str) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The address of a server of the lab's site, and its process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", SERVE, str(folder), json.dumps([{"lab": str(lab.ready)}, DECLARED])),
        cwd=Path(__file__).parents[2],
        env={**os.environ, **environment, "PYTHONPATH": ".", "PYTHONUNBUFFERED": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout
        line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
        found = re.fullmatch(r"serving (http://127\.0\.0\.1:\d+/), a look at the site every 10 s\n", line)
        assert found, line
        yield found[1], process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until(session: aiohttp.ClientSession, address: str, word: str) -> str:
    """What is answered as soon as it holds a word."""
    async with asyncio.timeout(60):
        while True:
            async with session.get(address) as answer:
                if word in (text := await answer.text()):
                    return text
            await asyncio.sleep(0.1)


async def test_everything_is_served_from_the_lab(lab: Lab, tmp_path: Path) -> None:
    settle(lab)
    async with served(tmp_path, lab) as (address, process), aiohttp.ClientSession() as session:
        assert "<title>Backups of home: All 5 backups are well</title>" in await until(session, address, "<title>")
        status = json.loads(await until(session, f"{address}status.json", "{"))
        assert status["worst"] == "well"
        assert [verdict["state"] for verdict in status["verdicts"] if verdict["kind"] == "guest"] == ["OK"] * 5
        metrics = await until(session, f"{address}metrics", "homebackup_verdict")
        samples = [s for family in text_string_to_metric_families(metrics) for s in family.samples]
        assert [s.labels["state"] for s in samples if s.name == "homebackup_worst" and s.value] == ["well"]
        assert "BEGIN:VEVENT" in await until(session, f"{address}calendar.ics", "BEGIN")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_a_scrape_waits_for_no_nas_and_starts_no_look(lab: Lab, tmp_path: Path) -> None:
    settle(lab)
    async with served(tmp_path, lab) as (address, _), aiohttp.ClientSession() as session:
        await until(session, address, "<title>")
        lab.control("/nas", {"power": "off"})
        lab.forget()
        began = time.monotonic()
        for _ in range(20):
            async with session.get(f"{address}metrics") as answer:
                assert answer.status == 200
        assert time.monotonic() - began < 5
        assert len(lab.requests()) <= 2, "no more than the look that was due"
        text = await until(session, f"{address}metrics", 'state="UNKNOWN"')
        assert "homebackup_gather_success 1.0" in text
        await until(session, address, "5 of 5 backups cannot be seen")


async def test_the_token_of_the_environment(lab: Lab, tmp_path: Path) -> None:
    async with (
        served(tmp_path, lab, HOMEBACKUP_TOKEN=TOKEN) as (address, _),
        aiohttp.ClientSession() as session,
    ):
        async with session.get(address) as answer:
            assert answer.status == 401
        async with session.get(f"{address}metrics", headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
            assert answer.status == 200


async def test_the_token_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEBACKUP_TOKEN", "another one")
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    token = await serve._token(file)
    assert token is not None
    assert token.get_secret_value() == TOKEN
    file.write_text("\n")
    with pytest.raises(Missing, match="there is no token in it"):
        await serve._token(file)
    with pytest.raises(Missing, match="there is no token in it"):
        await serve._token(tmp_path / "none")


async def test_without_a_token_nothing_is_served_to_others(stack: PlayedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOMEBACKUP_TOKEN", raising=False)
    with pytest.raises(Refused, match="there is no token"):
        await serve._serve(stack, "0.0.0.0", 0, 300, None)
    assert stack.ran == []
