"""A text that cannot be delivered stops no change, a defect leaves no half, and what is done here is done here."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2_grpc

from homebackup.engine.log import Log
from homebackup.model.steps import Run, Step, Write
from homebackup.world.connection import Connection
from homebackup.world.live_site import LiveSite
from tests.lifecycle.conftest import Bench, declared
from tests.lifecycle.test_mount import HOME, TARGET

URN = "urn:pulumi:lab::home::homebackup:index:NfsMount::nas"


class Engine(engine_pb2_grpc.EngineServicer):
    """Pulumi's engine, as far as it listens."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802 -- the protocol's name
        self.heard.append(request.message)
        return Empty()


@pytest.fixture
def engine() -> Iterator[tuple[Engine, grpc.Server, str]]:
    """An engine that listens, and where."""
    engine, server = Engine(), grpc.server(ThreadPoolExecutor(2))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield engine, server, f"127.0.0.1:{port}"
    server.stop(None).wait(5)


async def test_texts_come_in_their_order_and_one_that_cannot_be_delivered_is_lost(
    engine: tuple[Engine, grpc.Server, str],
) -> None:
    listening, server, address = engine
    log = Log(address)
    say = log.sayer(URN)
    for number in range(20):
        say(f"text {number}")
    await log.warning(URN, "a warning")
    await log.warning(URN, "a warning")
    assert listening.heard == [*(f"text {number}" for number in range(20)), "a warning"]
    server.stop(None).wait(5)
    say("lost")
    await log.sent()
    assert listening.heard[-1] == "a warning"


async def test_a_defect_in_the_middle_is_told_and_what_was_done_is_taken_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, perform, done = bench.lab.run("cat /etc/fstab"), bench.site.perform, list[Step]()

    async def broken(step: Step) -> None:
        if isinstance(step, Run) and "restart" in step.argv:
            raise TypeError("a defect")
        await perform(step)
        done.append(step)

    monkeypatch.setattr(bench.site, "perform", broken)
    with pytest.raises(TypeError, match="a defect"):
        await bench.of("NfsMount", TARGET).create(declared("NfsMount", HOME), preview=False)
    assert sum(isinstance(step, Write) and step.path == "/etc/fstab" for step in done) == 2
    assert bench.lab.run("cat /etc/fstab") == before


async def test_a_step_that_is_here_changes_the_file_in_the_projects_folder(tmp_path: Path) -> None:
    site = LiveSite(Connection.parse({"host": "pve.invalid"}), tmp_path)
    assert await site.file("inventory.yaml") is None
    await site.perform(Write("inventory.yaml", None, b"entries: []\n", here=True))
    assert await site.file("inventory.yaml") == b"entries: []\n"
    await site.close()
