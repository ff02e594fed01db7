"""A mount that does not respond although its NAS answers: it is said, and nothing waits for it."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.declare import changes, check
from homebackup.resources.nfs_mount import NfsMount
from homebackup.world.errors import Unreachable
from tests.faults.house import House
from tests.faults.scenes import EXPORT, NAS, TARGET, mount

HANGS = f"the NAS {NAS} answers on its NFS port, but {TARGET} does not"


def lifecycle(house: House, said: list[str]) -> Lifecycle:
    return Lifecycle(house.site(), NfsMount, TARGET, said.append)


def declared(values: dict[str, Any]) -> NfsMount:
    inputs, wrong = check(NfsMount, values)
    assert not wrong
    return NfsMount(**inputs)


@pytest.fixture
async def hung(house: House) -> NfsMount:
    """A mount as declared, whose export is gone."""
    made: NfsMount = await lifecycle(house, []).create(declared(mount()), preview=False)
    shutil.rmtree(house.box.nas.exports[EXPORT])
    return made


async def test_it_is_unknown_and_no_drift(house: House, hung: NfsMount) -> None:
    said: list[str] = []
    seen = await lifecycle(house, said).read(vars(hung), fresh=True)
    assert changes(NfsMount, vars(seen), vars(hung)) == {}
    assert said == [f"unknown: mount unresponsive: {HANGS}"]


async def test_the_kernel_tells_since_when(house: House, hung: NfsMount) -> None:
    said: list[str] = []
    house.box.machine.systemd.log("kernel", f"nfs: server {NAS} not responding, timed out")
    since = house.box.clock.local(house.box.machine.systemd.journal[-1].at).isoformat(timespec="seconds")
    await lifecycle(house, said).read(vars(hung), fresh=True)
    assert said == [f"unknown: mount unresponsive since {since}: {HANGS}"]


async def test_it_is_not_mounted_again_before_it_responds(house: House, hung: NfsMount) -> None:
    before = house.picture()
    with pytest.raises(Unreachable, match=r"mount unresponsive.*still exports"):
        await lifecycle(house, []).update(vars(hung), declared(mount(options=["soft", "timeo=300"])), preview=False)
    assert house.picture() == before


async def test_it_can_be_deleted(house: House, hung: NfsMount) -> None:
    await lifecycle(house, []).delete(vars(hung))
    assert TARGET.encode() not in await house.shell("cat /proc/mounts /etc/fstab")
