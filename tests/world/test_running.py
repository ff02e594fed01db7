"""A task that is followed: what it comes to where Proxmox VE does not tell."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from homebackup.model.steps import Call
from homebackup.world import beside, running
from homebackup.world.live_site import LiveSite
from homebackup.world.session import Ran

UPID = "UPID:pve:00001A2B:0000B72D:6B035AE8:vzdump::root@pam:"


async def test_a_task_that_ended_without_a_status_is_not_taken_for_one_that_goes_on() -> None:
    async def call(method: str, path: str, params: Any = None) -> Any:
        if path.endswith("/status"):
            return {"status": "stopped"}
        return [{"n": 1, "t": "TASK ERROR: "}] if params["start"] == 0 else []

    live = cast("LiveSite", SimpleNamespace(api=SimpleNamespace(call=call)))
    assert await running.follow(live, UPID, lambda lines: None) == "unexpected status"


OTHER = UPID.replace("1A2B", "1A2A")
STARTS = "INFO: starting new backup job: vzdump {} --mode snapshot --storage nas"


class Node:
    """A node on which tasks begin one after the other, each listed from one look on; `logs` by UPID."""

    def __init__(self, looks: list[list[str]], logs: dict[str, list[list[str]]]) -> None:
        self._looks, self._logs = looks, logs
        self.connection = SimpleNamespace(api="ssh", host="pve")
        self.api = self.host = self

    async def run(self, command: str) -> Ran:
        return Ran(0, b"", b"")

    async def call(self, method: str, path: str, params: Any = None) -> Any:
        told: list[Any] = self._looks
        if path.endswith("/log"):
            told = self._logs[path.split("/")[-2]]
        now = told.pop(0) if len(told) > 1 else told[0]
        return [{"t": line} for line in now] if path.endswith("/log") else [{"upid": upid} for upid in now]

    async def begin(self, vmid: str = "100,102") -> str:
        return await running.begin(cast("LiveSite", self), "pve", Call("POST", "/nodes/pve/vzdump", {"vmid": vmid}))


async def test_a_backup_that_the_scheduler_begins_in_the_same_second_is_not_taken_for_ours() -> None:
    logs = {OTHER: [[], [STARTS.format("105")]], UPID: [[], [STARTS.format("102 100")]]}
    assert await Node([[], [], [OTHER], [OTHER], [OTHER, UPID]], logs).begin() == UPID


async def test_a_task_that_waits_for_another_ones_lock_is_ours() -> None:
    logs = {UPID: [["INFO: trying to get global lock - waiting..."]]}
    assert await Node([[], [], [UPID]], logs).begin() == UPID


async def test_the_only_task_that_says_nothing_for_long_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "BEGINNING", 0.2)
    logs: dict[str, list[list[str]]] = {UPID: [[]], OTHER: [[STARTS.format("105")]]}
    looks = [[], [], [OTHER, UPID]]
    node = Node(looks, logs)
    call = node.call

    async def slow(*asked: Any) -> Any:
        await asyncio.sleep(0.01)
        return await call(*asked)

    monkeypatch.setattr(node, "call", slow)
    assert await node.begin() == UPID
