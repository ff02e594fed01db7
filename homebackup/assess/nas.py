"""What the NAS tells of itself, held against what backups need: shared folders, room, snapshots, NFS, off-site."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import size
from homebackup.assess.off_site import meets, off_site
from homebackup.assess.timeline import Run
from homebackup.assess.verdict import QUIET
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.dsm_facts import DsmFacts, Snapshots
from homebackup.model.dsm_kinds import share_of
from homebackup.model.finding import Finding, Level
from homebackup.model.off_site import OffSiteTask
from homebackup.model.seen import Unseen
from homebackup.model.site import Site

FULL = 0.1
"""A volume with less room than this share of it will be full some day."""
VERSIONS = {"4": "enable_nfs_v4", "4.0": "enable_nfs_v4", "4.1": "enable_nfs_v4_1"}
"""Versions of NFS that a mount may ask for, by the setting of DSM's that switches each on."""
FOLDERS = "DSM, Control Panel, Shared Folder"
NFS = "DSM, Control Panel, File Services, NFS"


def of_management(site: Site, seen: DsmFacts) -> Iterator[Finding]:
    """Everything but Hyper Backup."""
    yield from _shares(site, seen)
    yield from _room(site, seen)
    for share, kept in seen.snapshots.items():
        yield _snapshots(share, kept)
    yield from _service(site, seen)


def _shares(site: Site, seen: DsmFacts) -> Iterator[Finding]:
    wanted = dict.fromkeys((share_of(site.mount.export), *(site.nas.dsm.exports if site.nas.dsm else ())))
    for share in wanted:
        subject = f"shared folder {share}"
        if share not in seen.shares:
            there = ", ".join(sorted(seen.shares)) or "none"
            said = f"the NAS does not have it; it has {there}"
            yield Finding("share", "trouble", subject, said, f"make it in {FOLDERS}, or correct the site")
        elif share == share_of(site.mount.export) and not _inside(site.mount.export, seen.shares[share]):
            said = f"it is on {seen.shares[share]}, and the site mounts {site.mount.export}"
            yield Finding("share", "trouble", subject, said, "correct export of the site's mount")
        else:
            yield Finding("share", "well", subject, f"the NAS has it on {seen.shares[share]}")


def _inside(export: str, volume: str) -> bool:
    return export.startswith(volume.rstrip("/") + "/")


def _room(site: Site, seen: DsmFacts) -> Iterator[Finding]:
    path = seen.shares.get(share_of(site.mount.export), "")
    if isinstance(seen.volumes, Unseen):
        yield Finding("volume", "note", f"volume {path}", f"its room is not known: {seen.volumes.said}")
    elif volume := seen.volumes.get(path):
        tight = volume.free < volume.total * FULL
        said = f"{size(volume.free)} of {size(volume.total)} are free"
        remedy = "make room on it, or keep fewer archives" if tight else ""
        yield Finding("volume", "warning" if tight else "well", f"volume {path}", said, remedy)


def _snapshots(share: str, kept: Snapshots) -> Finding:
    """Whether what is in a shared folder can be got back when somebody deletes it, who has the password of the host."""
    subject = f"snapshots of {share}"
    days, count = kept.locked_days, kept.count
    if isinstance(days, int) and days > 0 and isinstance(count, int) and count > 0:
        said = f"{count} are kept, and DSM says that none can be deleted for {days} days"
        return Finding("snapshots", "well", subject, said)
    why = (
        f"DSM does not tell ({(days if isinstance(days, Unseen) else count)})"
        if isinstance(days, Unseen) or isinstance(count, Unseen)
        else "there is none"
        if not count
        else f"{count} are kept, and whoever has the NAS's password can delete them"
    )
    said = f"that archives outlive who gets hold of the host or the NAS is not enforced: {why}"
    remedy = "with Snapshot Replication of DSM, let it take immutable snapshots of the shared folder"
    return Finding("snapshots", "note", subject, said, remedy)


def _service(site: Site, seen: DsmFacts) -> Iterator[Finding]:
    subject = f"NFS of {site.nas.name}"
    if isinstance(seen.nfs, Unseen):
        yield Finding("nfs-service", "unknown", subject, seen.nfs.said, seen.nfs.remedy)
        return
    if not seen.nfs.get("enable_nfs"):
        yield Finding("nfs-service", "trouble", subject, "it is switched off", f"switch it on in {NFS}")
        return
    asked = next((o.partition("=")[2] for o in site.mount.options if o.startswith(("vers=", "nfsvers="))), "")
    setting = VERSIONS.get(asked)
    if setting and seen.nfs.get(setting) is False:
        said = f"the mount asks for version {asked}, which is switched off"
        yield Finding("nfs-service", "trouble", subject, said, f"switch it on in {NFS}, or take vers= out of the mount")
        return
    most = "4.1" if seen.nfs.get("enable_nfs_v4_1") else "4" if seen.nfs.get("enable_nfs_v4") else "3"
    yield Finding("nfs-service", "well", subject, f"it is on, up to version {most}")


def of_off_site(site: Site, facts: SiteFacts, runs: tuple[Run, ...]) -> Iterator[Finding]:
    """What is to say of the tasks of Hyper Backup; `runs` are those of the jobs around the tasks' next ones."""
    for verdict in off_site(site, facts):
        unwell: Level = "unknown" if verdict.state == "UNKNOWN" else "trouble"
        level: Level = "well" if verdict.state in QUIET else unwell
        yield Finding("off-site", level, verdict.name, verdict.said, "" if level == "well" else verdict.remedy)
    for name, task in facts.off_site.items():
        for said, remedy in meets(task, runs, ZoneInfo(facts.zone)) if isinstance(task, OffSiteTask) else ():
            yield Finding("off-site", "warning", f"off-site {name}", said, remedy)
