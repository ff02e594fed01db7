"""A task that is followed: what it comes to where Proxmox VE does not tell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from homebackup.world import running
from homebackup.world.live_site import LiveSite

UPID = "UPID:pve:00001A2B:0000B72D:6B035AE8:vzdump::root@pam:"


async def test_a_task_that_ended_without_a_status_is_not_taken_for_one_that_goes_on() -> None:
    async def call(method: str, path: str, params: Any = None) -> Any:
        if path.endswith("/status"):
            return {"status": "stopped"}
        return [{"n": 1, "t": "TASK ERROR: "}] if params["start"] == 0 else []

    live = cast("LiveSite", SimpleNamespace(api=SimpleNamespace(call=call)))
    assert await running.follow(live, UPID, lambda lines: None) == "unexpected status"
