"""`homebackup retention` on the lab: what there will be, how far back it reaches, and what cannot be known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from homebackup.commands import retention
from homebackup.world.errors import Missing
from tests.commands.living_site import DECLARED, DUMP, settle
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED


async def run(stack: PlayedStack, tier: str | None = None, days: int = 90, **how: bool) -> int:
    options = {"declared": False, "as_json": False, "exit_code": True, **how}
    return await retention._retention(stack, tier, days, **options)


async def report(stack: PlayedStack, capsys: pytest.CaptureFixture[str], **how: Any) -> dict[str, Any]:
    await run(stack, as_json=True, **how)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


async def test_three_copies_and_the_oldest_restore_point(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    assert await run(stack, "p0") == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "p0 (backup-home-p0-daily): 03:00, keep-last=3 by job backup-home-p0-daily" in out
    assert "100 home-assistant, 102 vaultwarden" in out
    assert "3 archives each; oldest restore point" in out
    assert "later on always 2 days back" in " ".join(out.split())
    assert "p1" not in out
    assert "Storage nas-backups: archives take" in out


async def test_what_is_there_is_where_it_begins(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    there = set(lab.run(f"ls {DUMP}").split())
    found = await report(stack, capsys, tier="p0", days=10)
    today, last = (found["guests"][0]["days"][place] for place in (0, -1))
    assert len(today["kept"]) == 3
    assert set(today["kept"]) <= there
    assert not set(last["kept"]) & there
    assert found["guests"][0]["back"] == [2, 2]
    [storage] = found["storages"]
    assert storage["now"] > 0
    assert storage["need"] > storage["now"]
    assert storage["unknown"] == []


async def test_a_longer_retention_by_hand_is_the_one_that_counts(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    lab.run("pvesh set /cluster/backup/backup-home-p0-daily --prune-backups keep-daily=7,keep-weekly=4")
    lab.run("pvesh set /cluster/backup/backup-home-p1-daily --delete prune-backups")
    lab.run("pvesh set /storage/nas-backups --prune-backups keep-last=5")
    found = {guest["vmid"]: guest for guest in (await report(stack, capsys))["guests"]}
    assert (found[100]["retention"], found[100]["by"]) == ("keep-daily=7,keep-weekly=4", "job backup-home-p0-daily")
    assert (found[103]["retention"], found[103]["by"]) == ("keep-last=5", "storage nas-backups")
    assert len(found[100]["days"][-1]["kept"]) == 11
    assert len(found[103]["days"][-1]["kept"]) == 5


async def test_with_the_nas_off_it_is_a_simulation_from_nothing(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    lab.control("/nas", {"power": "off"})
    assert await run(stack) == 3
    out = " ".join(capsys.readouterr().out.split())
    assert "what there is now cannot be seen, so this begins without archives" in out
    assert "Storage nas-backups" not in out


async def test_as_declared_nobody_is_asked(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.forget()
    assert await run(stack, "p2", declared=True) == 0
    assert lab.requests() == []
    out = capsys.readouterr().out
    assert "sun 04:00, keep-last=2 by job backup-home-p2-weekly" in out
    assert "2 archives each" in out


async def test_a_tier_that_is_not_there(stack: PlayedStack) -> None:
    with pytest.raises(Missing, match="use one of p0, p1, p2"):
        await run(stack, "p9", declared=True)
