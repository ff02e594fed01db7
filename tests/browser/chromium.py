"""A headless Chromium, spoken to in its DevTools protocol; nothing of it stays behind."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

START = 30.0
"""Seconds that a browser may take to start on a busy machine."""
ANSWER = 60.0


class Chromium:
    """One tab; `said` are its complaints, `asked` the addresses it asked for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._loaded = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        self.said: list[str] = []
        self.asked: list[str] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def started(cls, folder: Path) -> AsyncIterator[Chromium]:
        """A browser whose profile is in `folder`, which ends with the block."""
        program = shutil.which("chromium")
        assert program
        process = await asyncio.create_subprocess_exec(
            program,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--no-first-run",
            "--disable-background-networking",
            "--remote-debugging-port=0",
            f"--user-data-dir={folder}",
            "about:blank",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            port = await _port(folder / "DevToolsActivePort")
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    tabs = json.loads(await answer.text())
                address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
                async with session.ws_connect(address, max_msg_size=0) as socket:
                    tab = cls(socket)
                    for domain in ("Page", "Runtime", "Log", "Network"):
                        await tab.do(f"{domain}.enable")
                    yield tab
                    tab._reader.cancel()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def do(self, method: str, **params: Any) -> Any:
        """What a method of the protocol answers; an error is an assertion."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        return await asyncio.wait_for(self._waiting[number], ANSWER)

    async def screen(self, width: int, *, dark: bool = False) -> None:
        """Have a screen so many CSS pixels wide."""
        await self.do(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.do("Emulation.setEmulatedMedia", features=[scheme])

    async def open(self, address: str) -> None:
        """Load a page, to its end."""
        self._loaded.clear()
        await self.do("Page.navigate", url=address)
        await asyncio.wait_for(self._loaded.wait(), ANSWER)

    async def tell(self, expression: str) -> Any:
        """What an expression of JavaScript comes to in the page."""
        answer = await self.do("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def picture(self) -> bytes:
        """The whole page as PNG."""
        shot = await self.do("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    async def paper(self) -> bytes:
        """The page printed, as PDF of A4."""
        printed = await self.do("Page.printToPDF", preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)
        return base64.b64decode(printed["data"])

    async def _read(self) -> None:
        async for message in self._socket:
            said = json.loads(message.data)
            if waiting := self._waiting.pop(said.get("id"), None):
                if "error" in said:
                    waiting.set_exception(AssertionError(said["error"]))
                else:
                    waiting.set_result(said.get("result"))
            else:
                self._take(said.get("method", ""), said.get("params", {}))

    def _take(self, event: str, told: dict[str, Any]) -> None:
        if event == "Page.loadEventFired":
            self._loaded.set()
        elif event == "Runtime.consoleAPICalled":
            self.said.append(f"{told['type']}: {told['args']}")
        elif event == "Runtime.exceptionThrown":
            self.said.append(str(told["exceptionDetails"]))
        elif event == "Log.entryAdded":
            self.said.append(told["entry"]["text"])
        elif event == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])


async def _port(file: Path) -> int:
    async with asyncio.timeout(START):
        while (port := _written(file)) is None:  # noqa: ASYNC110 -- no event tells of a file
            await asyncio.sleep(0.05)
    return port


def _written(file: Path) -> int | None:
    words = file.read_text().split() if file.exists() else []
    return int(words[0]) if words else None
