"""Where the strongest peer gives up, on the same work: a reorder, many jobs at once, a creation that was cut off."""

from __future__ import annotations

import asyncio

from homebackup.model.declare import changes
from homebackup.resources import RESOURCES
from tests.lifecycle.conftest import Bench, declared

JOB = RESOURCES["VzdumpJob"]
MANY = 150


async def test_a_reorder_is_no_drift(bench: Bench) -> None:
    new = declared("VzdumpJob", {"job": "one", "schedule": "3:00", "vmid": [100, 102, 101], "storage": "local"})
    lifecycle = bench.of("VzdumpJob", "one")
    await lifecycle.create(new, preview=False)
    await bench.by_hand.api.call("PUT", "/cluster/backup/one", {"vmid": "102;101, 100", "schedule": "03:00"})
    assert changes(JOB, vars(await lifecycle.read(vars(new), fresh=True)), vars(new)) == {}


async def test_a_storages_content_is_a_set(bench: Bench) -> None:
    values = {"storage": "nas", "path": "/srv/nas", "content": ["iso", "backup", "snippets"]}
    new = declared("DirStorage", values)
    lifecycle = bench.of("DirStorage", "nas")
    await lifecycle.create(new, preview=False)
    for _ in range(5):  # Proxmox VE gives another order each time
        assert changes(RESOURCES["DirStorage"], vars(await lifecycle.read({}, fresh=True)), vars(new)) == {}


async def test_many_jobs_are_created_while_the_lock_times_out(bench: Bench) -> None:
    text = "cfs-lock 'file-jobs_cfg' error: got lock request timeout"
    rule = {"on": "api", "method": "POST", "path": "*/cluster/backup", "effect": "status"}
    bench.lab.control("/faults", rule | {"status": 596, "message": "", "times": 7, "skip": 20})
    bench.lab.control("/faults", rule | {"status": 500, "message": text, "times": 7, "skip": 60})

    async def create(n: int) -> None:
        job = {"job": f"job-{n}", "schedule": "03:00", "vmid": [100 + n], "storage": "local"}
        await bench.of("VzdumpJob", f"job-{n}").create(declared("VzdumpJob", job), preview=False)

    await asyncio.gather(*(create(n) for n in range(MANY)))
    jobs = await bench.by_hand.api.call("GET", "/cluster/backup")
    assert {f"job-{n}" for n in range(MANY)} <= {job["id"] for job in jobs}


async def test_a_creation_whose_answer_was_lost_is_adopted(bench: Bench) -> None:
    new = declared("VzdumpJob", {"job": "one", "schedule": "03:00", "vmid": [100], "storage": "local"})
    bench.lab.control("/faults", {"on": "api", "method": "POST", "path": "*backup", "when": "after", "effect": "reset"})
    bench.lab.control("/faults", {"on": "ssh", "command": "*pvesh create*", "when": "after", "effect": "drop"})
    lifecycle = bench.of("VzdumpJob", "one")
    made = await lifecycle.create(new, preview=False)
    assert changes(JOB, vars(made), vars(new)) == {}
    assert any("done all the same" in text for text in bench.said)
    bench.lab.forget()
    await lifecycle.create(new, preview=False)
    assert bench.writes() == []
