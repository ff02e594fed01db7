"""What a change takes away: told in a preview, refused unless acknowledged, and what the next run really prunes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from homebackup.engine.guard import Guard
from homebackup.engine.lifecycle import Lifecycle
from homebackup.engine.said import Said
from homebackup.model import notices
from homebackup.resources import RESOURCES
from homebackup.world.errors import Refused
from homebackup.world.live_site import LiveSite
from tests.lifecycle.conftest import Bench, connection, declared
from tests.running_lab import Lab

NAME, OTHER = "backup-one", "backup-two"
JOB: dict[str, Any] = {
    "job": NAME,
    "schedule": "03:00",
    "vmid": [100, 102],
    "storage": "local",
    "compress": "zstd",
    "prune_backups": {"keep-last": 4},
}
NIGHTS = 5
MOUNT = "/mnt/nas-backups"
LINE = f"10.0.0.150:/volume1/backups/proxmox_backups {MOUNT} nfs soft 0 0"
REFUSED = "nobody said that this is meant"


@pytest.fixture
async def bench(lab: Lab) -> AsyncIterator[Bench]:
    """The lab over ssh."""
    site, by_hand = (LiveSite(connection(lab, "ssh")) for _ in range(2))
    yield Bench(lab, site, by_hand)
    await site.close()
    await by_hand.close()


def guarded(bench: Bench, kind: str = "VzdumpJob", name: str = NAME, said: Said | None = None) -> Lifecycle:
    """The lifecycle of a resource as the provider makes it."""
    guard = Guard(bench.site, said or Said())
    return Lifecycle(bench.site, RESOURCES[kind], name, bench.said.append, weigh=guard.weighed)


async def made(bench: Bench, kind: str = "VzdumpJob", **more: Any) -> Any:
    """A resource that somebody made before this run, a job unless another kind is named."""
    new = declared(kind, (JOB if kind == "VzdumpJob" else {}) | more)
    return await Lifecycle(bench.by_hand, RESOURCES[kind], new.name, bench.said.append).create(new, preview=False)


def nights(lab: Lab, count: int = NIGHTS) -> None:
    for _ in range(count):
        lab.control("/clock", {"advance": 86400})


def archives(lab: Lab, folder: str = "/var/lib/vz") -> set[str]:
    return set(lab.run(f"ls {folder}/dump | grep -E 'zst$'").split())


def told(bench: Bench, kind: str) -> list[str]:
    """The lines of the notices of a kind that were said."""
    read = [notice for text in bench.said if (notice := notices.read(text)) and notice.kind == kind]
    return [line for notice in read for line in notice.lines]


def lost(bench: Bench) -> set[str]:
    """The archives that were said to be pruned."""
    return {line.split(": ")[1] for line in told(bench, "losses") if line.startswith("  ")}


def writes(bench: Bench) -> list[str]:
    """The calls that changed something since the last `forget`."""
    asked = [request["command"] for request in bench.lab.requests("ssh")]
    return [command for command in asked if re.search("pvesh (create|set|delete) ", command)]


async def refused(bench: Bench, old: Any, new: Any, **as_: Any) -> None:
    """Fails unless an update is announced as refused, is refused, and writes nothing."""
    bench.lab.forget()
    lifecycle = guarded(bench, **as_)
    await lifecycle.update(vars(old), new, preview=True)
    assert REFUSED in told(bench, "refused")[0]
    with pytest.raises(Refused, match=REFUSED):
        await lifecycle.update(vars(old), new, preview=False)
    assert writes(bench) == []


async def done(bench: Bench, old: Any, new: Any, **as_: Any) -> None:
    """Fails unless an update is announced without a refusal, and is one write."""
    bench.lab.forget()
    bench.said.clear()
    lifecycle = guarded(bench, **as_)
    await lifecycle.update(vars(old), new, preview=True)
    assert told(bench, "refused") == []
    await lifecycle.update(vars(old), new, preview=False)
    assert len(writes(bench)) == 1


async def test_a_shorter_retention_is_refused_and_then_prunes_exactly_what_was_told(bench: Bench) -> None:
    job = await made(bench)
    nights(bench.lab)
    there = archives(bench.lab)
    new = replace(job, prune_backups={"keep-last": 2})
    await refused(bench, job, new)
    announced = lost(bench)
    assert len(announced) == 4
    assert f"write acknowledge: [{NAME}]" in told(bench, "refused")[0]
    await done(bench, job, replace(new, acknowledge=(NAME,)))
    assert lost(bench) == announced
    nights(bench.lab, 1)
    oldest = {min(name for name in there if f"-{vmid}-" in name) for vmid in (100, 102)}
    assert there - archives(bench.lab) == announced | oldest, "what the old retention prunes as well is no loss"


async def test_a_longer_retention_and_a_change_of_something_else_take_nothing_away(bench: Bench) -> None:
    job = await made(bench)
    nights(bench.lab)
    await done(bench, job, longer := replace(job, prune_backups={"keep-last": 6}))
    bench.lab.forget()
    await done(bench, longer, replace(longer, schedule="04:00"))
    assert not any("find" in request["command"] for request in bench.lab.requests("ssh")), "nobody looks for archives"


async def test_a_shorter_retention_of_the_storage_names_the_job_that_goes_by_it(bench: Bench) -> None:
    storage = await made(
        bench, "DirStorage", storage="disk", path="/srv/disk", content=["backup"], prune_backups={"keep-last": 4}
    )
    await made(bench, storage="disk", prune_backups=None)
    nights(bench.lab)
    there = archives(bench.lab, "/srv/disk")
    new = replace(storage, prune_backups={"keep-last": 3})
    await refused(bench, storage, new, kind="DirStorage", name="disk")
    announced = lost(bench)
    assert len(announced) == 2
    await done(bench, storage, replace(new, acknowledge=(NAME,)), kind="DirStorage", name="disk")
    nights(bench.lab, 1)
    assert announced < there - archives(bench.lab, "/srv/disk")


@pytest.mark.parametrize("change", [{"enabled": False}, {"vmid": frozenset({100})}], ids=str)
async def test_a_guest_without_a_job_has_lost_its_cover(bench: Bench, change: dict[str, Any]) -> None:
    job = await made(bench)
    new = replace(job, **change)
    await refused(bench, job, new)
    assert "lose" in told(bench, "losses")[0]
    assert "102" in told(bench, "losses")[0]
    await done(bench, job, replace(new, acknowledge=(OTHER, NAME)))


@pytest.mark.parametrize("how", ["declared for another job", "said of another job", "a job of all guests"])
async def test_a_guest_that_moves_keeps_its_cover(bench: Bench, how: str) -> None:
    job, said = await made(bench), Said()
    new = replace(job, vmid=frozenset({100}))
    if how == "declared for another job":
        new = replace(new, elsewhere=frozenset({102}))
    elif how == "said of another job":
        said.hear(RESOURCES["VzdumpJob"], vars(declared("VzdumpJob", JOB | {"job": OTHER, "vmid": [102]})))
    else:
        await made(bench, job=OTHER, vmid=None, all=True)
    await done(bench, job, new, said=said)


async def test_a_new_job_prunes_what_lay_there_of_its_guests(bench: Bench) -> None:
    job = await made(bench, prune_backups=None)
    nights(bench.lab, 3)
    await Lifecycle(bench.by_hand, RESOURCES["VzdumpJob"], NAME, bench.said.append).delete(vars(job))
    new = declared("VzdumpJob", JOB | {"prune_backups": {"keep-last": 2}})
    with pytest.raises(Refused, match=REFUSED):
        await guarded(bench).create(new, preview=False)
    assert len(lost(bench)) == 4
    await guarded(bench).create(replace(new, acknowledge=(NAME,)), preview=False)


async def test_a_deletion_is_refused_while_a_program_speaks_and_is_meant_without_one(bench: Bench) -> None:
    job, said = await made(bench), Said()
    said.hear(RESOURCES["VzdumpJob"], vars(declared("VzdumpJob", JOB | {"job": OTHER, "vmid": [100]})))
    plan = await guarded(bench, said=said).deletion(vars(job))
    assert plan.losses == ("guest 102 loses its cover: no enabled job has it any more",)
    bench.lab.forget()
    with pytest.raises(Refused, match=REFUSED):
        await guarded(bench, said=said).delete(vars(job))
    assert writes(bench) == []
    again = await made(bench, job="backup-three", vmid=[105])
    meant = vars(declared("VzdumpJob", JOB | {"job": OTHER, "acknowledge": [NAME]}))
    said.hear(RESOURCES["VzdumpJob"], meant)
    await guarded(bench, said=said).delete(vars(job))
    await guarded(bench, name="backup-three").delete(vars(again))


async def test_archives_that_cannot_be_seen_need_the_acknowledgement_of_a_shorter_retention(bench: Bench) -> None:
    bench.lab.run(f"mkdir -p {MOUNT} && echo '{LINE}' >> /etc/fstab && mount {MOUNT}")
    await made(bench, "DirStorage", storage="nas", path=MOUNT, content=["backup"])
    job = await made(bench, storage="nas")
    bench.lab.run(f"umount {MOUNT}")
    bench.lab.control("/nas", {"power": "off"})
    new = replace(job, prune_backups={"keep-last": 2})
    await refused(bench, job, new)
    assert told(bench, "unknown") == [
        f"nothing is mounted on {MOUNT}, so which archives the next run of {NAME} prunes is not known; "
        "switch the NAS on, or mount it"
    ]
    await done(bench, job, longer := replace(job, prune_backups={"keep-last": 5}))
    await done(bench, longer, replace(new, acknowledge=(NAME,)))


async def test_what_will_not_fit_is_doubted_in_a_preview_and_not_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await made(bench)
    nights(bench.lab, 2)
    listed = bench.site.archives

    async def nearly_full(folder: str) -> Any:
        return replace(await listed(folder), free=1)

    monkeypatch.setattr(bench.site, "archives", nearly_full)
    await done(bench, job, replace(job, prune_backups={"keep-last": 40}))
    assert any(line.startswith("storage local: archives need ") for line in told(bench, "doubts"))


async def test_roles_on_a_storage_go_with_it(bench: Bench) -> None:
    storage = await made(bench, "DirStorage", storage="side", path="/srv/side")
    bench.lab.run("pveum acl modify /storage/side --users homebackup@pve --roles PVEDatastoreUser")
    plan = await guarded(bench, "DirStorage", "side").deletion(vars(storage))
    (lost,) = plan.losses
    assert lost.startswith("the user homebackup@pve loses role PVEDatastoreUser on /storage/side")
    other = await made(bench, "DirStorage", storage="other", path="/srv/other")
    assert (await guarded(bench, "DirStorage", "other").deletion(vars(other))).losses == ()
