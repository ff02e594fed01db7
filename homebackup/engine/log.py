"""What the provider tells the owner beside a resource, through Pulumi's engine."""

import asyncio
import contextlib
from concurrent.futures import Future, ThreadPoolExecutor

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from homebackup.model.lifecycle import Say

PATIENCE = 5.0
"""Seconds that one text may take to reach the engine, which is on this machine."""


class Log:
    """The engine's log at its address; every text is shown under the resource of the URN.

    Texts are sent one after the other beside what goes on. One that cannot be delivered is lost, and stops nothing.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._engine: engine_pb2_grpc.EngineStub | None = None
        self._warned: set[tuple[str, str]] = set()
        self._sender = ThreadPoolExecutor(1, "log")
        self._last: Future[None] | None = None

    def sayer(self, urn: str) -> Say:
        """A function that shows a text as information."""

        def say(text: str) -> None:
            self._last = self._sender.submit(self._send, engine_pb2.INFO, urn, text)

        return say

    async def warning(self, urn: str, text: str) -> None:
        """Shows a text as a warning, once a run."""
        if (urn, text) not in self._warned:
            self._warned.add((urn, text))
            self._last = self._sender.submit(self._send, engine_pb2.WARNING, urn, text)
            await self.sent()

    async def sent(self) -> None:
        """Returns when all that was said so far has been sent."""
        if self._last is not None:
            await asyncio.wrap_future(self._last)

    def _send(self, severity: "engine_pb2.LogSeverity.ValueType", urn: str, text: str) -> None:
        if self._engine is None:
            self._engine = engine_pb2_grpc.EngineStub(
                grpc.insecure_channel(self._address, options=_GRPC_CHANNEL_OPTIONS)
            )
        with contextlib.suppress(grpc.RpcError):
            self._engine.Log(engine_pb2.LogRequest(severity=severity, message=text, urn=urn), timeout=PATIENCE)
