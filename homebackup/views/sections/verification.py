"""How to see that a site's backups are good, and how to make one by hand."""

import shlex
from collections.abc import Iterator

from homebackup.model.site import Site, Tier
from homebackup.views.plain_markdown import fence, quoted, span, table
from homebackup.views.sections.configuration import keeps

_TESTS = {"zstd": "zstd -t", "gzip": "gzip -t", "lzo": "lzop -t"}
"""What reads an archive to its end, by how the tier compresses."""


def verification(site: Site) -> list[str]:
    """The section's blocks."""
    return [
        f"## Verification of the backups of {quoted(site.name)}",
        "On the machine of this repository, where nothing else is said.",
        *_by_the_clock(site),
        "### Every day, or whenever one asks",
        "Whether each guest and app can be restored, from when, and if not, why not and what to do. Anything but OK or "
        "DEFERRED asks for somebody:",
        fence("homebackup status"),
        "Whether every guest of the cluster is in a job that takes its disks along:",
        fence("homebackup coverage"),
        "Whether somebody changed by hand what is declared:",
        fence("homebackup drift"),
        "### Every week",
        "Whether each archive is whole and of the guest in its name, from both its ends:",
        fence("homebackup verify"),
        "### Every month",
        "The same by reading the archives to their ends, the newest of each guest first:",
        fence("homebackup verify --deep"),
        *_drills(site),
        *_apps(site),
        "### Before and after a change",
        "What would fail, and why; nothing is changed:",
        fence("homebackup preflight"),
        "Which rules of the policy the declaration breaks:",
        fence("homebackup rules"),
        "### On the node, with nothing but Proxmox VE",
        "Whether the NAS is mounted, and what is there:",
        fence(f"mountpoint {shlex.quote(site.mount.target)}"),
        fence(f"ls -l {shlex.quote(site.archive_folder)}"),
        "Whether the newest archive of a guest can be read to its end:",
        *_read(site),
        "### Back up by hand",
        "A tier with the settings of its job, now:",
        *(fence(shlex.join(["homebackup", "run", name])) for name, tier in site.in_order if tier.enabled),
        "The same on the node:",
        *(fence(by_hand(site, tier)) for _, tier in site.in_order),
    ]


def newest(site: Site, vmid: int) -> str:
    """The line of shell that puts the path of a guest's newest archive into `archive`."""
    return f"archive=$(ls {shlex.quote(site.archive_folder)}/{site.archive_glob(vmid)} | tail -n 1)"


def by_hand(site: Site, tier: Tier) -> str:
    """The command on the node that backs a tier up as its job does."""
    options = {
        "storage": site.storage.name,
        "mode": tier.mode,
        "compress": tier.compress,
        "prune-backups": keeps(site.effective_retention(tier)),
        "notes-template": tier.notes_template,
        "tmpdir": site.tmpdir(tier),
    }
    given = [word for name, value in options.items() if value for word in (f"--{name}", value)]
    return shlex.join(["vzdump", *map(str, tier.guests), *given])


def _read(site: Site) -> Iterator[str]:
    for _, tier in site.in_order:
        if test := _TESTS.get(tier.compress):
            for vmid in tier.guests:
                yield fence(newest(site, vmid), f'{test} "$archive"')


def _by_the_clock(site: Site) -> Iterator[str]:
    if site.timers:
        yield "What runs there by itself, by timers of its systemd:"
        yield table(("Verb", "Schedule"), [(quoted(verb), span(when)) for verb, when in sorted(site.timers.items())])


def _apps(site: Site) -> Iterator[str]:
    own = site.home_assistant.app if site.home_assistant else None
    if names := [name for name, app in sorted(site.apps.items()) if app.dump or name == own]:
        yield "Whether the newest backup of an app is whole and opens with a key that is kept:"
        yield "\n".join(f"- {span(shlex.join(['homebackup', 'app', 'verify', name]))}" for name in names)


def _drills(site: Site) -> Iterator[str]:
    if site.drill:
        yield "The proof: the archive of the guest whose turn it is, restored to a spare guest without a network,"
        " started, asked whether it lives, and removed again:"
        yield fence("homebackup drill --next")
