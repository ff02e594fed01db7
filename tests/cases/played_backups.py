"""A small site whose backups are made up for a test: one story, told as the host lists it and as the API does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from zoneinfo import ZoneInfo

from homebackup.assess.coverage import coverage
from homebackup.assess.guest import verdicts
from homebackup.assess.verdict import Verdict
from homebackup.model.backups import rows
from homebackup.model.backups.content import read_content
from homebackup.model.backups.dump_listing import archive_name, read_dump
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.backups.task import Task
from homebackup.model.backups.task_log import read_log
from homebackup.model.backups.verification import Verified
from homebackup.model.seen import Unseen
from homebackup.model.site import Site, read_site
from pverules.archive_name import ArchiveName
from pverules.upid import Upid

Source = Literal["ssh", "https"]
SOURCES: tuple[Source, ...] = ("ssh", "https")
VIENNA = ZoneInfo("Europe/Vienna")
NOON = 1_795_345_200
"""Sunday 22 November 2026, 12:00 in Vienna."""
HOUR = 3600
GIB = 1 << 30
JOB = {"id": "p0-daily", "type": "vzdump", "schedule": "03:00", "enabled": 1, "vmid": "100", "storage": "nas-backups"}
GUEST = {"type": "qemu", "vmid": 100, "name": "ha", "node": "pve", "status": "running"}
OFF = Unseen("the NAS 10.0.0.150 does not answer", "switch it on")


def site(**changes: Any) -> Site:
    """A site with one critical guest that may be 26 hours old."""
    guest = {"kind": "qemu", "name": "ha", "classification": "critical", "stale-after-hours": 26}
    return read_site(
        {
            "name": "home",
            "node": "pve",
            "lan": "10.0.0.0/24",
            "nas": {"address": "10.0.0.150"},
            "mount": {"export": "/export", "target": "/mnt/nas", "options": ["soft"]},
            "storage": {"name": "nas-backups", "retention": {"keep-last": 3}},
            "guests": {"100": guest | changes},
            "tiers": {"p0": {"job": "p0-daily", "guests": [100], "schedule": "03:00"}},
        }
    )


@dataclass(frozen=True)
class File:
    """A file of the dump directory, by its name; `written` is an epoch."""

    name: str
    size: int
    written: float
    kind: str = "f"


def archive(epoch: int, size: int = 5 * GIB, *, took: int = 300, vmid: int = 100, kind: str = "qemu") -> File:
    """A complete archive whose backup began then."""
    name = ArchiveName.at(kind, vmid, epoch, VIENNA, "vma.zst" if kind == "qemu" else "tar.zst")
    return File(str(name), size, epoch + took)


def task(epoch: int, status: str, *lines: str, took: int | None = 300, id: str = "") -> Task:
    """A vzdump task with these lines in its log; one that `took` None still runs."""
    upid = str(Upid("pve", 1, 1, epoch, "vzdump", id, "root@pam"))
    ended = None if took is None else epoch + took
    made = Task(upid, "pve", epoch, ended, "" if took is None else status)
    return replace(made, guests=read_log(lines, epoch, made.status, VIENNA))


@dataclass(frozen=True)
class Story:
    """What there is; `dump` in place of files is why they cannot be seen, `ended` how a listing on the host ends."""

    files: tuple[File, ...] = ()
    dump: Unseen | None = None
    tasks: tuple[Task, ...] | Unseen = ()
    jobs: tuple[dict[str, Any], ...] | Unseen = (JOB,)
    guests: tuple[dict[str, Any], ...] | Unseen = (GUEST,)
    volumes: tuple[dict[str, Any], ...] = ({"id": "100:scsi0", "included": 1, "reason": "backup=yes"},)
    declared: dict[str, Any] = field(default_factory=dict)
    now: float = NOON
    ended: bytes | None = b"end 0"
    counting: Mapping[str, int] | Unseen = field(default_factory=dict)
    verified: tuple[Verified, ...] = ()

    def facts(self, source: Source) -> SiteFacts:
        """What a gather that way would find."""
        jobs = () if isinstance(self.jobs, Unseen) else self.jobs
        children = [{"id": 100, "type": "qemu", "children": list(self.volumes)}]
        included = {job["id"]: {"children": children if "100" in job.get("vmid", "") else []} for job in jobs}
        listed = () if isinstance(self.guests, Unseen) else self.guests
        guests, members = rows.guests(listed, {job["id"]: included[job["id"]] for job in jobs if job["enabled"]})
        dump = self.dump or (self._listed() if source == "ssh" else read_content("nas-backups", self._content()))
        return SiteFacts(
            now=self.now,
            zone="Europe/Vienna",
            way=source,
            jobs=self.jobs,
            guests=self.guests if isinstance(self.guests, Unseen) else guests,
            dumps={"nas-backups": dump},
            tasks=self.tasks,
            members=members,
            counting=self.counting,
            verified=self.verified,
        )

    def verdict(self, source: Source) -> Verdict:
        """The verdict on guest 100."""
        declared, facts = site(**self.declared), self.facts(source)
        (found,) = verdicts(declared, facts, coverage(declared, facts))
        return found

    def _listed(self) -> Any:
        records = [b"space 4096 1000 500 400", b"0 d 4096 1.0 "]
        records += [f"1 {f.kind} {f.size} {f.written:.10f} {f.name}".encode() for f in self.files]
        records += [self.ended] if self.ended else []
        return read_dump("nas-backups", "/mnt/nas/dump", b"\0".join(records) + b"\0", "", VIENNA)[0]

    def _content(self) -> list[dict[str, Any]]:
        """What the API lists: only what has the name of a complete archive, and no links but what they lead to."""
        named = [(f, archive_name(f.name)) for f in self.files if f.kind == "f"]
        return [
            {"volid": f"nas-backups:backup/{f.name}", "ctime": name.epoch(VIENNA), "size": f.size, "vmid": name.vmid}
            for f, name in named
            if name
        ]
