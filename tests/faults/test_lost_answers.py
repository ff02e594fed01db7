"""An answer that is lost says nothing about what was done: the host is looked at before anything is taken back."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest

from homebackup.engine.lifecycle import Lifecycle
from homebackup.resources.nfs_mount import NfsMount
from homebackup.world.errors import Failed
from tests.faults.house import House
from tests.faults.scenes import TARGET, Scene, mount

SCENE = Scene("mount", "NfsMount", "https", None, mount())
RESTART = 5
"""The moment at which the mount unit is restarted."""


async def created(house: House, *, rule: dict[str, Any] | None = None, nas: bool = True) -> list[str]:
    texts: list[str] = []

    async def around(work: Awaitable[Any]) -> Any:
        if rule:
            house.box.faults.add(rule)
        house.box.nas.on = nas
        return await work

    site = house.site("https", RESTART, around)
    await Lifecycle(site, NfsMount, TARGET, texts.append).create(SCENE.declared(mount()), preview=False)
    return texts


async def test_a_mount_whose_answer_is_lost_is_made(house: House) -> None:
    said = await created(house, rule={"on": "ssh", "when": "after", "effect": "drop"})
    assert any("done all the same, although an answer said otherwise" in text for text in said)
    assert house.box.root.mounted(TARGET)
    assert TARGET.encode() in house.picture().content("/etc/fstab")


async def test_a_mount_that_the_nas_did_not_answer_for_is_not_taken_for_made(house: House) -> None:
    before = house.picture().content("/etc/fstab")
    with pytest.raises(Failed, match="what had been done was taken back"):
        await created(house, nas=False)
    assert not house.box.root.mounted(TARGET)
    assert house.picture().content("/etc/fstab") == before
