"""The home site with a month of made-up backups, and much that is wrong with them, as a report has to tell it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from homebackup.assess.account import Account, account
from homebackup.model.backups.archive import Archive, Dump, Leftover
from homebackup.model.backups.facts import Guest, SiteFacts, Space, Volume
from homebackup.model.backups.task import GuestRun, Task
from homebackup.model.seen import Unseen
from homebackup.model.site import Site, read_site
from pverules.archive_name import ArchiveName
from pverules.upid import Upid
from tests.cases.played_backups import GIB, HOUR, NOON, VIENNA

ROOT = Path(__file__).resolve().parents[2]
HOME: Any = yaml.safe_load((ROOT / "Pulumi.home.yaml").read_text())["config"]["home-backup:site"]
DAY = 24 * HOUR
FOLDER = "/mnt/nas-backups/dump"
SIZES = {100: 5.2, 101: 180.0, 102: 1.1, 103: 0.7, 105: 0.4}
STOPPED = 101
"""The guest until whose start its application's backup is deferred."""
KEPT = 3
AFTER = {"p0": 0, "p1": 15 * 60, "p2": HOUR}
"""Seconds after three o'clock at which each tier runs."""
HOSTILE = """<script>alert(1)</script>|"a" & 'b' `c` [d](http://e) _f_ *g* ]]> -->"""
TAUNT = "\x1b[2J\u202eevil"


def declared(**changes: Any) -> Site:
    """The home site with other fields."""
    return read_site({**deepcopy(HOME), **changes})


def well(site: Site, notes: str = "") -> SiteFacts:
    """All is as it should be at noon on a Sunday: every job ran, the retention kept three."""
    archives: list[Archive] = []
    tasks: list[Task] = []
    for name, tier in site.in_order:
        starts = [NOON - 9 * HOUR + AFTER[name] - DAY * (7 if "sun" in tier.schedule else 1) * n for n in range(30)]
        for number, start in enumerate(starts):
            runs, at = [], start
            for vmid in map(int, tier.guests):
                bytes_ = int(SIZES[vmid] * GIB * (1 - 0.004 * number) + (vmid * number * 7919) % 9973 * 4000)
                seconds = 120 + bytes_ // (90 << 20)
                runs.append(GuestRun(vmid, at, ok=True, seconds=seconds, size=bytes_))
                if number < KEPT:
                    archives.append(_archive(site, vmid, at, bytes_, at + seconds, notes))
                at += seconds
            upid = str(Upid("pve", 1, 1, start, "vzdump", "", "root@pam"))
            tasks.append(Task(upid, "pve", start, at, "OK", tuple(runs)))
    return SiteFacts(
        now=float(NOON),
        zone=VIENNA.key,
        way="ssh",
        jobs=tuple(_section(site, name) for name, _ in site.in_order),
        storages=({"storage": "local-zfs", "type": "zfspool", "content": "images,rootdir"},),
        guests=tuple(
            Guest(
                int(vmid), g.kind, g.name, site.node, running=int(vmid) != STOPPED, volumes=(Volume("scsi0", True, ""),)
            )
            for vmid, g in site.guests.items()
        ),
        dumps={site.storage.name: Dump(site.storage.name, FOLDER, tuple(archives))},
        space={site.storage.name: Space(4000 * GIB, 1800 * GIB, 2200 * GIB)},
        tasks=tuple(tasks),
    )


def troubled(site: Site) -> SiteFacts:
    """A critical guest's newest archive is cut off, one failed, one is in no job, and there are leftovers."""
    facts = well(site, notes="by hand")
    dump = facts.dumps[site.storage.name]
    assert isinstance(dump, Dump)
    assert not isinstance(facts.tasks, Unseen)
    assert not isinstance(facts.guests, Unseen)
    newest = max((one for one in dump.archives if one.vmid == 100), key=lambda one: one.time)
    archives = tuple(replace(a, size=a.size // 3) if a is newest else a for a in dump.archives if a.vmid != 102)
    lost = Leftover(dump.storage, "vzdump-qemu-104-2026_01_01-01_00_00.vma.dat", 7 * GIB, NOON - 9 * DAY, "unfinished")
    failed = GuestRun(103, NOON - HOUR, ok=False, said="command 'lxc-usernsexec' failed: exit code 2")
    task = Task(
        str(Upid("pve", 1, 1, NOON - HOUR, "vzdump", "103", "root@pam")),
        "pve",
        NOON - HOUR,
        NOON - 3500,
        "job errors",
        (failed,),
    )
    return replace(
        facts,
        dumps={dump.storage: replace(dump, archives=archives, leftovers=(lost,))},
        tasks=(*facts.tasks, task),
        guests=(*facts.guests, Guest(110, "qemu", "new-one", site.node)),
        space={dump.storage: Space(4000 * GIB, 3700 * GIB, 300 * GIB)},
    )


def hostile() -> Account:
    """Everything that people can name has a name that means something to every format."""
    config = deepcopy(HOME)
    config["name"] = HOSTILE
    for guest in config["guests"].values():
        guest["name"] = HOSTILE
    config["windows"][0]["name"] = HOSTILE
    site = read_site(config)
    facts = troubled(site)
    dump = facts.dumps[site.storage.name]
    assert isinstance(dump, Dump)
    archives = tuple(replace(archive, notes=HOSTILE + TAUNT) for archive in dump.archives)
    failed = GuestRun(103, NOON - HOUR, ok=False, said=HOSTILE + TAUNT)
    task = Task(
        str(Upid("pve", 1, 1, NOON - HOUR, "vzdump", "103", "root@pam")), "pve", NOON - HOUR, NOON, "x", (failed,)
    )
    return account(
        site,
        replace(
            facts,
            dumps={dump.storage: replace(dump, folder=f"/mnt/{HOSTILE}", archives=archives)},
            tasks=(task,),
        ),
    )


def _archive(site: Site, vmid: int, at: int, size: int, written: float, notes: str) -> Archive:
    kind = site.guests[vmid].kind
    name = str(ArchiveName.at(kind, vmid, at, VIENNA, "vma.zst" if kind == "qemu" else "tar.zst"))
    return Archive(site.storage.name, name, kind, vmid, at, size, written, notes or None, False, FOLDER)


def _section(site: Site, name: str) -> dict[str, Any]:
    tier = site.tiers[name]
    guests = ",".join(map(str, tier.guests))
    return {
        "id": tier.job,
        "type": "vzdump",
        "enabled": 1,
        "schedule": tier.schedule,
        "vmid": guests,
        "storage": site.storage.name,
        "prune-backups": ",".join(f"{rule}={count}" for rule, count in site.effective_retention(tier).items()),
        "node": site.node,
    }
