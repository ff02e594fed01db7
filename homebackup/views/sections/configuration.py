"""How a site is backed up: tiers, mount, storage, thresholds, apps, and how to see that it is so."""

from collections.abc import Iterator

from homebackup.model import fstab
from homebackup.model.mounts import nfs_source
from homebackup.model.plain import one_line
from homebackup.model.site import Site
from homebackup.views.plain_markdown import fence, quoted, span, table
from pverules.retention import Retention


def configuration(site: Site) -> list[str]:
    """The section's blocks."""
    nas = f"{quoted(site.nas.name)} ({site.nas.address})"
    return [
        f"## Backups of {quoted(site.name)}",
        f"On node {quoted(site.node)}, vzdump makes an archive of each guest that is in a tier and writes it to {nas}.",
        "### Tiers",
        "Their jobs are made in this order. Schedules are Proxmox VE's, by the node's clock.",
        table(("Tier", "Guests", "Schedule", "Keeps", "Job", "Why"), _tiers(site)),
        "### Mount",
        "The line of `/etc/fstab` on the node:",
        fence(_line(site), language="text"),
        *_mount(site),
        "### Storage",
        table(("Storage", "Type", "Path", "Content", "Keeps", "Shared", "Only while mounted"), [_storage(site)]),
        f"Archives lie in {span(site.archive_folder)}.",
        "### Thresholds",
        "A guest is stale when its newest whole archive is older than this.",
        table(("Guest", "Kind", "Loss would be", "Tier", "Stale after", "Notes"), _guests(site)),
        *_apps(site),
        *_windows(site),
        "### See that it is so",
        "On the machine of this repository:",
        fence("homebackup status"),
        fence("homebackup drift"),
        "On the node:",
        fence(f"findmnt {fstab.plain(site.mount.target)}"),
        fence(f"pvesm status --storage {site.storage.name}"),
        fence("pvesh get /cluster/backup"),
    ]


def keeps(retention: object) -> str:
    """A retention as people read it: `keep-last=3`."""
    return str(Retention.parse(retention))  # type: ignore[arg-type]


def _tiers(site: Site) -> Iterator[tuple[str, ...]]:
    for name, tier in site.in_order:
        guests = ", ".join(f"{vmid} {quoted(site.guests[vmid].name)}" for vmid in tier.guests)
        off = "" if tier.enabled else " (disabled)"
        yield (
            quoted(name),
            guests,
            span(tier.schedule) + off,
            span(keeps(site.effective_retention(tier))),
            span(tier.job),
            quoted(one_line(tier.rationale)),
        )


def _line(site: Site) -> str:
    source = nfs_source(site.nas.address, site.mount.export)
    return fstab.Entry(0, source, site.mount.target, "nfs", site.mount.options).line().decode()


def _mount(site: Site) -> Iterator[str]:
    if site.mount.immutable:
        yield "The directory underneath takes no file while nothing is mounted, so that nothing fills the root disk."
    if site.mount.heal:
        yield "A timer on the node mounts it again when the NAS is back."
    if rows := [
        (span(share), span(client), export.access, "stays root" if export.squash == "none" else export.squash)
        for share, clients in sorted((site.nas.dsm.exports if site.nas.dsm else {}).items())
        for client, export in sorted(clients.items())
    ]:
        yield "The NFS rules on the NAS:"
        yield table(("Shared folder", "Client", "Access", "Root"), rows)


def _storage(site: Site) -> tuple[str, ...]:
    storage = site.storage
    return (
        span(storage.name),
        "dir",
        span(site.mount.target),
        ", ".join(sorted(storage.content)),
        span(keeps(storage.retention)) if storage.retention else "all",
        "yes" if storage.shared else "no",
        "yes" if storage.is_mountpoint else "no",
    )


def _guests(site: Site) -> Iterator[tuple[str, ...]]:
    for vmid, guest in sorted(site.guests.items()):
        yield (
            f"{vmid} {quoted(guest.name)}",
            "VM" if guest.kind == "qemu" else "LXC",
            guest.classification,
            quoted(site.tier_of(vmid) or "none"),
            f"{guest.stale_after_hours} h",
            quoted(one_line(guest.notes)),
        )


def _apps(site: Site) -> Iterator[str]:
    if not site.apps:
        return
    yield "### Apps"
    yield "What makes backups of its own, as files, beside the archives of its guest."
    rows = []
    for name, app in sorted(site.apps.items()):
        where = f"{span(app.glob)} in {span(app.path)} on {quoted(app.host or site.node)}" if app.path else ""
        state = "deferred" if app.deferred else f"{app.stale_after_hours} h"
        rows.append((quoted(name), str(app.guest), app.classification, state, where))
    yield table(("App", "Guest", "Loss would be", "Stale after", "Files"), rows)
    yield from _made_by_apps(site)


def _made_by_apps(site: Site) -> Iterator[str]:
    """Who makes the files of apps, as far as that is declared."""
    for name, app in sorted(site.apps.items()):
        if dump := app.dump:
            how = f"a script in guest {app.guest} ({dump.recipe}) at {span(dump.schedule)}, into {span(dump.to)}"
            yield f"{quoted(name)}: {how}; {dump.keep} are kept."
    if told := site.home_assistant:
        when = f"{' and '.join(map(quoted, told.days)) or 'every day'} at {span(told.time)}"
        counts = ((told.keep_copies, "copies"), (told.keep_days, "days"))
        kept = " and ".join(f"{count} {what}" for count, what in counts if count) or "all"
        yield f"{quoted(told.app)}: itself, {when}, to {', '.join(map(span, told.places))}; {kept} are kept."


def _windows(site: Site) -> Iterator[str]:
    if site.windows:
        yield "### Windows"
        yield "When something else needs the NAS, so that no job runs."
        rows = [(quoted(window.name), _clock(window.start), _clock(window.end)) for window in site.windows]
        yield table(("What", "From", "Until"), rows)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
