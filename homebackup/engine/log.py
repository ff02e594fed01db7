"""What the provider tells the owner beside a resource, through Pulumi's engine."""

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from homebackup.model.lifecycle import Say


class Log:
    """The engine's log at its address; every text is shown under the resource of the URN."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._engine: engine_pb2_grpc.EngineStub | None = None
        self._warned: set[tuple[str, str]] = set()

    def sayer(self, urn: str) -> Say:
        """A function that shows a text as information."""

        def say(text: str) -> None:
            self._send(engine_pb2.INFO, urn, text)

        return say

    async def warning(self, urn: str, text: str) -> None:
        """Shows a text as a warning, once a run."""
        if (urn, text) not in self._warned:
            self._warned.add((urn, text))
            self._send(engine_pb2.WARNING, urn, text)

    def _send(self, severity: "engine_pb2.LogSeverity.ValueType", urn: str, text: str) -> None:
        if self._engine is None:
            self._engine = engine_pb2_grpc.EngineStub(
                grpc.insecure_channel(self._address, options=_GRPC_CHANNEL_OPTIONS)
            )
        self._engine.Log(engine_pb2.LogRequest(severity=severity, message=text, urn=urn), timeout=5)
