"""The provider's process: what Pulumi starts, and what ends when Pulumi is gone."""

import asyncio
import os
import sys
from typing import Any

import grpc
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from homebackup.engine import VERSION
from homebackup.engine.provider import HomeBackupProvider
from homebackup.world.errors import sentence

WATCH = 1.0
"""Seconds between two looks at whether the engine that started this process still lives."""


class Servicer(ProviderServicer):
    """Pulumi's servicer, whose errors are sentences instead of tracebacks."""


def _as_sentences(name: str) -> Any:
    inherited = getattr(ProviderServicer, name)

    async def method(self: Servicer, request: Any, context: Any) -> Any:
        try:
            return await inherited(self, request, context)
        except NotImplementedError:
            raise
        except Exception as wrapped:  # noqa: BLE001 -- the boundary to Pulumi: whatever it is, the owner reads a sentence
            # The inherited method raises a copy with a traceback in its text; the original is its context.
            await context.abort(grpc.StatusCode.UNKNOWN, sentence(wrapped.__context__ or wrapped))

    return method


for _name in (
    "GetSchema",
    "CheckConfig",
    "DiffConfig",
    "Configure",
    "Check",
    "Diff",
    "Create",
    "Read",
    "Update",
    "Delete",
    "Invoke",
):
    setattr(Servicer, _name, _as_sentences(_name))


async def _serve(engine: str) -> None:
    provider = HomeBackupProvider(engine)
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    servicer = Servicer([], VERSION, provider, engine_address=engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 -- no event tells of a parent that was killed
        await asyncio.sleep(WATCH)
    await server.stop(grace=None)


def main() -> None:
    """Serve the engine whose address is the first argument, until it is gone."""
    addresses = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if not addresses:
        sys.exit("homebackup: this is a plugin of Pulumi, which starts it; run `pulumi preview` instead")
    try:
        asyncio.run(_serve(addresses[0]))
    except KeyboardInterrupt:
        sys.exit(130)
