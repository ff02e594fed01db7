"""How to restore a site's guests and apps, with commands that stay right whichever archives there are."""

import shlex
from collections.abc import Iterator

from homebackup.assess.rebuilding import APART, KINDS, USUAL, giving_back, reaching, words
from homebackup.model.plain import one_line
from homebackup.model.site import Site
from homebackup.views.plain_markdown import fence, quoted, sentence, span
from homebackup.views.sections.verification import newest


def restore(site: Site) -> list[str]:
    """The section's blocks."""
    return [
        f"## Restore of {quoted(site.name)}",
        "A guest is restored beside the old one first, under another VMID and with other network addresses; then one "
        "looks at it and decides.",
        "### With this repository",
        "How to restore everything from the newest good archives, with the space it takes and what it overwrites. The "
        "text is kept here and beside the archives on the NAS, as `RESTORE.md`:",
        fence("homebackup restore plan"),
        *_example(site),
        "### With nothing but a node and the NAS",
        f"The archives are on {quoted(site.nas.name)} ({site.nas.address}), below {span(site.mount.export)}. Where they"
        " are not mounted, as on a new node:",
        *map(fence, reaching(site)),
        "Then for each guest, on the node. Disks of a container go to the storage that is named: take one that there "
        "is. Two guests with one identity must not meet: before the restored one is started, pull its cables with "
        "`link_down=1` on each network that is shown.",
        *(block for _, tier in site.in_order for vmid in tier.guests for block in _guest(site, vmid)),
        *(block for name in sorted(site.apps) for block in _app(site, name)),
    ]


def _example(site: Site) -> Iterator[str]:
    vmid = next((vmid for _, tier in site.in_order for vmid in tier.guests), None)
    if vmid is None:
        return
    name, program = site.guests[vmid].name, KINDS[site.guests[vmid].kind][1]
    yield "One guest, which is not started, and whose cables are pulled:"
    yield fence(shlex.join(["homebackup", "restore", str(vmid), "--to", str(vmid + APART)]))
    yield f"When {quoted(name)} has been seen, on the node:"
    yield fence(f"{program} destroy {vmid + APART}")


def _guest(site: Site, vmid: int) -> Iterator[str]:
    guest, to = site.guests[vmid], vmid + APART
    label, program, _ = KINDS[guest.kind]
    storage = "" if guest.kind == "qemu" else USUAL
    yield f"#### {label} {vmid} {quoted(guest.name)}"
    yield f"The newest archive, as {label} {to}:"
    yield fence(newest(site, vmid), " ".join(words(guest.kind, '"$archive"', to, storage=storage)))
    yield "Its networks, and its start:"
    yield fence(f"{program} config {to}")
    yield fence(f"{program} start {to}")
    yield "When it has been seen:"
    yield fence(f"{program} stop {to}", f"{program} destroy {to}")


def _app(site: Site, name: str) -> Iterator[str]:
    app = site.apps[name]
    yield f"#### App {quoted(name)}"
    if app.deferred or not app.path:
        why = f": {quoted(one_line(str(app.deferred)))}" if app.deferred else ""
        yield f"It makes no backups of its own yet{why}. Restore guest {app.guest} instead."
        return
    where = f"the files {span(app.glob)} in {span(app.path)} on {quoted(app.host or site.node)}"
    yield f"It runs in guest {app.guest}, and its own backups are {where}. {sentence(giving_back(name, app))}"
