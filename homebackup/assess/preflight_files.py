"""What a preflight finds of the room on the NAS, of the storage, and of the files that apps put there."""

import re
from collections.abc import Iterator

from homebackup.assess.account import account
from homebackup.assess.amounts import size, span
from homebackup.model.backups.facts import AppFile, SiteFacts
from homebackup.model.finding import Finding
from homebackup.model.host_facts import HostFacts
from homebackup.model.preflight import Preflight
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.model.tryout import Tryout, on_nas

HOUR = 3600


def of_files(site: Site, seen: Preflight, tried: Tryout) -> Iterator[Finding]:
    """Room, storage and files of apps."""
    if isinstance(seen.facts, SiteFacts):
        yield from _space(site, seen.facts, tried)
        yield from _apps_here(site, seen.facts)
    yield from _storage(site, seen, tried)
    yield from _apps_there(site, tried)


def _space(site: Site, facts: SiteFacts, tried: Tryout) -> Iterator[Finding]:
    """Whether what the jobs are going to keep has room; a guest never backed up is counted with its whole disks."""
    said = tried.of("space")
    if said is None or not said.ok:
        return
    block, blocks, free = (int(number) for number in said.text.split())
    subject, left = f"room on {site.mount.export}", f"{size(free * block)} of {size(blocks * block)} are free"
    need = next((one for one in account(site, facts).needs if one.storage == site.storage.name), None)
    new = set(need.unknown) if need else {vmid for tier in site.tiers.values() for vmid in tier.guests}
    guests = () if isinstance(facts.guests, Unseen) else facts.guests
    disks = sum(guest.disk for guest in guests if guest.vmid in new)
    more = max(0, need.peak - need.now) if need else 0
    planned = f"; archives will take {size(more)} more at most" if need and not new else ""
    if disks:
        planned = f"; a first archive of {_guests(new)} takes no more than the {size(disks)} of their disks"
    if more + disks > free * block:
        yield Finding("space", "warning", subject, f"{left}{planned}", "make room, or keep fewer archives")
    else:
        yield Finding("space", "well", subject, f"{left}{planned}")


def _guests(vmids: set[int]) -> str:
    return f"guest{'s' * (len(vmids) > 1)} {', '.join(map(str, sorted(vmids)))}"


def _storage(site: Site, seen: Preflight, tried: Tryout) -> Iterator[Finding]:
    """What `pvesm status` says of the storage."""
    said, name = tried.of("storage"), site.storage.name
    if said is None:
        return
    subject = f"storage {name}"
    rows = [line.split() for line in said.text.splitlines()]
    row = next((row for row in rows if row[:1] == [name] and len(row) > 2), None)
    mounted = isinstance(seen.host, HostFacts) and bool(seen.host.at(site.mount.target))
    if not said.ok:
        remedy = "run pvesm status on the host to see more"
        yield Finding("storage", "unknown", subject, f"pvesm status failed ({said.line})", remedy)
    elif row is None:
        yield Finding("storage", "note", subject, "pvesm status does not list it yet; pulumi up makes it")
    elif row[2] == "active":
        yield Finding("storage", "well", subject, "pvesm status lists it as active")
    elif row[2] == "disabled":
        yield Finding(
            "storage", "trouble", subject, "it is disabled, so no job can write there", f"pvesm set {name} --disable 0"
        )
    else:
        why = "" if mounted else f", because nothing is mounted at {site.mount.target}"
        yield Finding("storage", "trouble", subject, f"pvesm status lists it as {row[2]}{why}", "pulumi up mounts it")


def _apps_there(site: Site, tried: Tryout) -> Iterator[Finding]:
    """The files of apps on the NAS, seen through a mount of their own."""
    now = tried.of("now")
    for place, (name, app) in enumerate(on_nas(site).items()):
        mounted, listed = tried.of(f"app-mount.{place}"), tried.of(f"app.{place}")
        subject = f"app {name}"
        if mounted is None:
            continue
        if not mounted.ok or listed is None or not listed.ok:
            why = mounted.line if not mounted.ok or listed is None else listed.line
            said = (
                f"whether it makes its backups is not known: this host cannot look into {app.path} on the NAS ({why})"
            )
            remedy = "export that folder to the host, to be read only; or look into it in DSM's File Station"
            yield Finding("app-files", "unknown", subject, said, remedy)
            continue
        found = re.fullmatch(r"([\d.]+) (\d+) (.+)", listed.text, re.DOTALL)
        newest = AppFile(found[3], int(found[2]), float(found[1])) if found else None
        yield _fresh(site, name, newest, float(now.text) if now and now.ok else None)


def _apps_here(site: Site, facts: SiteFacts) -> Iterator[Finding]:
    """The files of apps on the host."""
    for name, files in facts.apps.items():
        if isinstance(files, Unseen):
            yield Finding("app-files", "unknown", f"app {name}", files.said, files.remedy)
        else:
            yield _fresh(site, name, max(files, key=lambda file: file.written, default=None), facts.now)


def _fresh(site: Site, name: str, newest: AppFile | None, now: float | None) -> Finding:
    app = site.apps[name]
    subject, there = f"app {name}", f"{app.path}/{app.glob}"
    if newest is None:
        remedy = f"see that guest {app.guest} makes backups of its own, and where to"
        return Finding("app-files", "trouble", subject, f"it has made no backup: no file is {there}", remedy)
    age = None if now is None else max(0.0, now - newest.written)
    what = f"its newest backup {newest.name} has {size(newest.size)}"
    if age is not None and age > app.stale_after_hours * HOUR:
        said = f"{what} and is {span(age)} old, more than the {app.stale_after_hours} h that are allowed"
        return Finding("app-files", "trouble", subject, said, f"see in guest {app.guest} why it makes none any more")
    return Finding("app-files", "well", subject, what + ("" if age is None else f" and is {span(age)} old"))
