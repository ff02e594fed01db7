"""A look at the NAS's own management: its shared folders and what keeps them, and its tasks of Hyper Backup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homebackup.model import hyper_backup
from homebackup.model.dsm_facts import DsmFacts, Snapshots, Volume
from homebackup.model.dsm_kinds import share_of
from homebackup.model.off_site import OffSiteTask
from homebackup.model.off_site import task as off_site_task
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.world.batch import unseen
from homebackup.world.errors import Trouble
from homebackup.world.live_site import LiveSite


async def look(site: Site, live: LiveSite) -> DsmFacts | None:
    """What DSM tells, None where nothing of it is kept; raises Trouble where it tells nothing at all."""
    if site.nas.dsm is None:
        return None
    listed = await live.ask("dsm", "SYNO.Core.Share list", {"shareType": "all"})
    shares = {str(one["name"]): str(one.get("vol_path", "")) for one in listed.get("shares") or []}
    stored = await _told(live, "SYNO.Storage.CGI.Storage load_info")
    nfs = await _told(live, "SYNO.Core.FileServ.NFS get")
    used = [share for share in (*site.nas.dsm.exports, share_of(site.mount.export)) if share in shares]
    snapshots = {share: await _snapshots(live, share) for share in dict.fromkeys(used)}
    return DsmFacts(shares, stored if isinstance(stored, Unseen) else _volumes(stored), snapshots, nfs)


async def off_site(site: Site, live: LiveSite) -> Mapping[str, OffSiteTask | Unseen | None]:
    """The declared tasks of Hyper Backup by name; None for one that is not there. Raises nothing."""
    declared = site.nas.dsm.hyper_backup if site.nas.dsm else {}
    if not declared:
        return {}
    try:
        listed = await live.ask("dsm", hyper_backup.TASKS, hyper_backup.WITH)
    except Trouble as trouble:
        return dict.fromkeys(declared, unseen(trouble))
    tasks = {str(task.get("name")): task for task in hyper_backup.tasks(listed)}
    return {name: await _task(live, tasks[name]) if name in tasks else None for name in declared}


async def _task(live: LiveSite, listed: Mapping[str, Any]) -> OffSiteTask | Unseen:
    one = {"task_id": listed.get("task_id")}
    try:
        status = await live.ask("dsm", hyper_backup.STATUS, one)
        versions = await live.ask("dsm", "SYNO.Backup.Version list", {**one, "offset": 0, "limit": 20})
        target = await live.ask("dsm", "SYNO.Backup.Target get", {**one, "additional": ["is_online"]})
    except Trouble as trouble:
        return unseen(trouble)
    return off_site_task(listed, status, versions, target)


async def _snapshots(live: LiveSite, share: str) -> Snapshots:
    listed = await _told(live, "SYNO.Core.Share.Snapshot list", {"name": share})
    lock = await _told(live, "SYNO.DisasterRecovery.Retention get_worm_lock", {"type": "Share", "name": share})
    days = lock if isinstance(lock, Unseen) else int(lock.get("worm_lock_day") or 0) if lock["worm_lock_enable"] else 0
    return Snapshots(listed if isinstance(listed, Unseen) else len(listed.get("snapshots") or []), days)


async def _told(live: LiveSite, command: str, data: Mapping[str, Any] | None = None) -> Any:
    """The answer, or why there is none: an older DSM, or one without a package, has not every call."""
    try:
        return await live.ask("dsm", command, data) or {}
    except Trouble as trouble:
        return unseen(trouble)


def _volumes(answer: Mapping[str, Any]) -> Mapping[str, Volume]:
    found = {}
    for one in answer.get("volumes") or []:
        size = one.get("size") or {}
        if str(size.get("total", "")).isdigit() and str(size.get("used", "")).isdigit():
            found[str(one.get("vol_path"))] = Volume(int(size["total"]), int(size["used"]))
    return found
