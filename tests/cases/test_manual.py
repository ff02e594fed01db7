"""A backup by hand: which call it means, what stands in its way, and what its outcomes come to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from homebackup.assess.manual import Hindrance, Order, came_to, in_window, interlock, orders, outcomes
from homebackup.model.backups.progress import Moving, moving
from homebackup.model.backups.task import GuestRun
from homebackup.model.host_facts import HostFacts
from homebackup.model.mounts import Mount
from homebackup.model.site import Site
from homebackup.model.steps import Call
from lab.pve.routes import CALLS
from tests.cases.played_backups import NOON, VIENNA
from tests.cases.told_site import declared

SITE = declared()
EXPORT, TARGET, NAS = "10.0.0.150:/volume1/backups/proxmox_backups", "/mnt/nas-backups", "10.0.0.150"
STORAGE = {"storage": "nas-backups", "type": "dir", "path": TARGET, "content": "backup", "is_mountpoint": "1"}
EVERY_OPTION: dict[str, Any] = {
    "id": "backup-home-p1-daily",
    "type": "vzdump",
    "schedule": "03:15",
    "next-run": 1796000000,
    "enabled": 1,
    "repeat-missed": 1,
    "comment": "of the evening",
    "node": "pve",
    "vmid": "103",
    "storage": "nas-backups",
    "mode": "snapshot",
    "compress": "zstd",
    "prune-backups": {"keep-last": "3"},
    "remove": 1,
    "protected": 0,
    "notes-template": "{{guestname}}",
    "tmpdir": "/var/tmp",
    "script": "/usr/local/bin/hook",
    "exclude-path": ["/tmp/?*", "/var/cache"],
    "stdexcludes": 1,
    "bwlimit": 5000,
    "ionice": 7,
    "lockwait": 10,
    "stopwait": 10,
    "pigz": 1,
    "zstd": 0,
    "fleecing": {"enabled": "1", "storage": "local-lvm"},
    "performance": {"max-workers": "4"},
    "pbs-change-detection-mode": "data",
    "mailto": "root",
    "mailnotification": "always",
    "notification-mode": "auto",
    "notification-policy": "always",
    "notification-target": "somebody",
    "quiet": 1,
    "stop": 1,
}


def section(tier: str, **more: Any) -> dict[str, Any]:
    said = SITE.tiers[tier]
    vmid = ",".join(map(str, said.guests))
    return {"id": said.job, "schedule": said.schedule, "vmid": vmid, "storage": "nas-backups", **more}


JOBS = [section(tier) for tier in ("p2", "p1", "p0")]


def found(what: str | None, jobs: list[dict[str, Any]], *, root: bool = True, site: Site = SITE) -> tuple[Order, ...]:
    said = orders(site, what, jobs, root=root)
    assert not isinstance(said, Hindrance), said
    return said


def test_every_setting_of_the_job_that_the_call_takes() -> None:
    (order,) = found("p1", [EVERY_OPTION])
    assert (order.call.method, order.call.path) == ("POST", "/nodes/pve/vzdump")
    left_out = {
        "id", "type", "schedule", "next-run", "enabled", "repeat-missed", "comment", "node", "quiet", "stop"
    }  # fmt: skip
    assert order.call.params.keys() == (EVERY_OPTION.keys() - left_out) | {"job-id"}
    assert order.call.params.keys() <= CALLS["POST /nodes/{node}/vzdump"]["parameters"].keys()
    assert {name: order.call.params[name] for name in ("prune-backups", "exclude-path", "fleecing", "job-id")} == {
        "prune-backups": "keep-last=3",
        "exclude-path": ["/tmp/?*", "/var/cache"],
        "fleecing": "enabled=1,storage=local-lvm",
        "job-id": "backup-home-p1-daily",
    }


def test_everything_is_each_tier_in_its_order() -> None:
    assert [(order.tier, order.vmids) for order in found(None, JOBS)] == [
        ("p0", (100, 102)),
        ("p1", (103,)),
        ("p2", (101, 105)),
    ]


@pytest.mark.parametrize("what", ["105", "pihole-home"])
@pytest.mark.parametrize("more", [{}, {"vmid": None, "all": 1, "exclude": "100"}, {"vmid": None, "pool": "home"}])
def test_one_guest_is_the_job_of_its_tier_with_that_guest_alone(what: str, more: dict[str, Any]) -> None:
    (order,) = found(what, [section("p2", compress="zstd", **more)])
    assert order.vmids == (105,)
    assert order.call.params == {
        "vmid": "105", "storage": "nas-backups", "compress": "zstd", "job-id": "backup-home-p2-weekly"
    }  # fmt: skip


def test_a_job_runs_as_found_and_who_is_not_in_it_is_told() -> None:
    (order,) = found("p0", [section("p0", vmid="102,110")])
    assert (order.vmids, order.missing) == ((102, 110), (100,))
    (order,) = found("p0", [section("p0", vmid=None, all=1, node="other")])
    assert (order.vmids, order.missing, order.node) == ((), (), "other")
    assert order.call.params["all"] == 1


@pytest.mark.parametrize(
    ("what", "jobs", "root", "said"),
    [
        ("p9", JOBS, True, "p9 is no tier and no guest of home; name one of p0, p1, p2, or a VMID, or use --all"),
        ("999", JOBS, True, "999 is no tier and no guest of home"),
        ("p0", JOBS[:2], True, "tier p0: its job backup-home-p0-daily is not there; run pulumi up"),
        (None, JOBS[:2], True, "tier p0: its job backup-home-p0-daily is not there"),
        ("p0", [section("p0", storage=None)], True, "writes to storage local instead of storage nas-backups"),
        ("p0", [section("p0", storage=None, dumpdir="/srv")], True, "writes to /srv instead of storage nas-backups"),
        ("103", [section("p1", tmpdir="/var/tmp")], False, "has tmpdir, which only root@pam itself may set; use api"),
    ],
)
def test_what_cannot_be_ordered(what: str | None, jobs: list[dict[str, Any]], root: bool, said: str) -> None:
    assert said in str(orders(SITE, what, jobs, root=root))


def test_a_guest_of_no_tier_and_a_name_that_two_have() -> None:
    guests = {**json.loads(SITE.model_dump_json(by_alias=True))["guests"]}
    named = {"kind": "qemu", "name": "pihole-home", "classification": "important", "stale-after-hours": 26}
    site = declared(guests={**guests, "110": {**named, "deferred": "later"}})
    assert str(orders(site, "110", JOBS, root=True)).startswith("guest 110 (pihole-home) is in no tier")
    assert str(orders(site, "pihole-home", JOBS, root=True)).startswith("pihole-home is the name of guests 105, 110")


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (-121, ""),
        (-180, "it is 09:00 on the node, inside offsite sync (09:00 to 10:00); run it at 10:00 or later"),
        (-150, "it is 09:30 on the node, inside offsite sync"),
        (-120, ""),
        (-600 + 59, "it is 02:59 on the node, inside shop vzdump"),
        (-540, ""),
    ],
)
def test_windows(minutes: int, said: str) -> None:
    hindrance = in_window(SITE, NOON + minutes * 60, VIENNA)
    if minutes == -121:
        assert hindrance is not None
        assert "09:59" in hindrance.said
    else:
        assert str(hindrance or "").startswith(said)
        assert bool(hindrance) == bool(said)


def test_a_window_over_midnight() -> None:
    site = declared(windows=[{"name": "night", "from": "22:00", "until": "01:00"}])
    assert in_window(site, NOON + 11 * 3600, VIENNA) is not None
    assert in_window(site, NOON + 12 * 3600 + 1800, VIENNA) is not None
    assert in_window(site, NOON + 13 * 3600, VIENNA) is None


def host(*mounts: Mount, answers: bool | None = True, **more: Any) -> HostFacts:
    return HostFacts(mounts=mounts, answers={} if answers is None else {NAS: answers}, **more)


def on(source: str = EXPORT, fstype: str = "nfs4", *options: str, target: str = TARGET) -> Mount:
    return Mount(target, source, fstype, frozenset(options or ("rw", "soft")))


@pytest.mark.parametrize(
    ("storages", "facts", "said"),
    [
        ([STORAGE], host(on()), ""),
        ([STORAGE], host(on(EXPORT + "/", "nfs")), ""),
        ([], host(on()), "storage nas-backups is not there"),
        ([{**STORAGE, "path": "/srv"}], host(on()), "storage nas-backups is at /srv instead of /mnt/nas-backups"),
        ([{**STORAGE, "disable": 1}], host(on()), "storage nas-backups is disabled"),
        ([STORAGE], host(), "nothing is mounted at /mnt/nas-backups, so archives would fill the root disk"),
        ([STORAGE], host(on(target="/mnt")), "nothing is mounted at /mnt/nas-backups"),
        ([STORAGE], host(on(NAS + ":/volume1/other")), "10.0.0.150:/volume1/other (nfs4) is mounted at"),
        ([STORAGE], host(on(EXPORT, "ext4")), "(ext4) is mounted at /mnt/nas-backups instead of"),
        ([STORAGE], host(on(), on("tmpfs", "tmpfs")), "tmpfs (tmpfs) is mounted at"),
        ([STORAGE], host(on(EXPORT, "nfs", "ro", "soft")), "is mounted read-only"),
        ([STORAGE], host(on(), answers=False), "?the NAS 10.0.0.150 does not answer"),
        ([STORAGE], host(on(), answers=None), "?the NAS 10.0.0.150 does not answer"),
        ([STORAGE], host(on(), responds={TARGET: False}), "?mount unresponsive at /mnt/nas-backups"),
    ],
)
def test_the_interlock(storages: list[dict[str, Any]], facts: HostFacts, said: str) -> None:
    hindrance = interlock(SITE, storages, facts)
    assert said.removeprefix("?") in str(hindrance or "")
    assert (hindrance is not None, hindrance is not None and hindrance.unknown) == (bool(said), said.startswith("?"))


def test_the_interlock_at_a_nas_with_an_ipv6_address() -> None:
    site = declared(lan="fd00::/64", nas={"address": "fd00::150"})
    mounted = on(f"[fd00::150]:{site.mount.export}")
    assert interlock(site, [STORAGE], HostFacts(mounts=(mounted,), answers={"fd00::150": True})) is None


WELL = GuestRun(100, 1, ok=True, seconds=4, size=9)


@pytest.mark.parametrize(
    ("runs", "status", "ok", "comes_to"),
    [
        ([WELL, GuestRun(102, 1, ok=True)], "OK", {100: True, 102: True}, "well"),
        ([WELL, GuestRun(102, 1, ok=True)], "WARNINGS: 1", {100: True, 102: True}, "well"),
        ([WELL, GuestRun(102, 1, ok=False, said="no")], "job errors", {100: True, 102: False}, "critical"),
        ([WELL], "OK", {100: True, 102: False}, "critical"),
        ([WELL, GuestRun(102, 1, ok=None)], "received interrupt", {100: True, 102: False}, "critical"),
        ([], "could not activate storage", {100: False, 102: False}, "critical"),
    ],
)
def test_outcomes_are_those_of_the_guests(
    runs: list[GuestRun], status: str, ok: dict[int, bool], comes_to: str
) -> None:
    order = Order("p0", "backup-home-p0-daily", "pve", Call("POST", "/"), (100, 102))
    judged = outcomes(order, runs, status, 1)
    assert {run.vmid: run.ok for run in judged} == ok
    assert all(run.said for run in judged if not run.ok)
    assert came_to(SITE, judged) == comes_to


def test_a_guest_that_is_not_critical_and_a_task_without_guests() -> None:
    assert came_to(SITE, [GuestRun(105, 1, ok=False)]) == "attention"
    assert came_to(SITE, [GuestRun(999, 1, ok=False)]) == "attention"
    assert came_to(SITE, []) == "attention"


def test_how_far_a_task_is() -> None:
    log = [
        "INFO: starting new backup job: vzdump 100 103 --storage nas-backups",
        "INFO: Starting Backup of VM 100 (qemu)",
        "INFO:   3% (1.1 GiB of 32.0 GiB) in 3s, read: 375.1 MiB/s, write: 110.2 MiB/s",
        "INFO:  50% (16.0 GiB of 32.0 GiB) in 1m 3s, read: 100.0 MiB/s, write: 0 B/s",
        "INFO: Finished Backup of VM 100 (00:02:00)",
        "INFO: Starting Backup of VM 103 (lxc)",
        "INFO: Total bytes written: 20480 (20KiB, 1.1MiB/s)",
    ]
    gib, mib = 1 << 30, 1 << 20
    told = [moving(log[:upto]) for upto in range(len(log) + 1)]
    assert told == [
        None,
        None,
        Moving(100),
        Moving(100, int(1.1 * gib), 32 * gib, int(375.1 * mib)),
        Moving(100, 16 * gib, 32 * gib, 100 * mib),
        Moving(100, 16 * gib, 32 * gib, 100 * mib),
        Moving(103),
        Moving(103, 20480, 20480, int(1.1 * mib)),
    ]
