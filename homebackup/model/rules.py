"""The rules that a site's backups go by: one table of what is refused or warned of, each with an id that stays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Level = Literal["warning", "error"]


@dataclass(frozen=True)
class Rule:
    """One rule: what it `says`, and `why` where that is the site's policy and not plain from it.

    An `error` stops `pulumi up` and has no exemptions. What is `measured` takes a look at the site.
    """

    level: Level
    says: str
    why: str = ""
    measured: bool = False


RULES: Mapping[str, Rule] = {
    "soft-mount": Rule(
        "error",
        "The export is mounted `soft`, never `hard`.",
        "The NAS may be switched off, and a hard mount would hang the hypervisor.",
    ),
    "lan-address": Rule(
        "error",
        "The NAS is mounted by its address in the site's LAN, never through a tunnel.",
        "The tunnel is not up when the host boots, and archives would take the long way.",
    ),
    "vzdump-primary": Rule(
        "error",
        "vzdump backs every guest up whole, in a tier, unless it is deferred or exempt; Hyper Backup is not primary.",
        "Proxmox VE restores vzdump's archives itself; Hyper Backup sees files on the NAS and restores only files.",
    ),
    "app-backups": Rule(
        "error",
        "An app that is declared makes backups of its own, or it is said why they wait.",
        "An image of its guest may hold a database in the middle of a change.",
    ),
    "mounted-only": Rule(
        "warning",
        "Nothing is written to the mount point while nothing is mounted there.",
        "While the NAS is away, archives would fill the host's root disk.",
    ),
    "not-shared": Rule(
        "warning",
        "The storage is not marked as shared.",
        "Its path is mounted on one node, and another node would write to its own disk.",
    ),
    "container-tmpdir": Rule(
        "warning",
        "A tier with a container stages its configuration in a directory of the host.",
        "An unprivileged container's backup runs as a mapped user that cannot write to the NAS.",
    ),
    "order": Rule(
        "warning",
        "A tier starts once every earlier tier is done: P0 before P1.",
        "What is critical is safe before anything else begins.",
    ),
    "window": Rule(
        "warning",
        "No run begins in a window in which something else needs the NAS, or reaches into it.",
        "Two writers on one NAS slow each other down.",
    ),
    "critical-daily": Rule(
        "warning",
        "A guest whose loss would be critical is backed up every day.",
        "Its state is irreplaceable.",
    ),
    "retention": Rule(
        "warning",
        "At least 3 archives of a critical guest are kept, and 2 of any other.",
        "One bad archive must not be the only one.",
    ),
    "disabled": Rule("warning", "Every tier's job is enabled, or nothing backs its guests up."),
    "stale-too-early": Rule(
        "warning", "`stale-after-hours` is above the schedule's longest gap plus the usual run of the job."
    ),
    "horizon": Rule("warning", "The retention reaches back as far as the tier's `horizon-days`."),
    "overlap": Rule("warning", "A job starts when no other one, nor its own last run, is still going."),
    "nas": Rule("warning", "No two sites or nodes write to one NAS at once."),
    "left-out": Rule("warning", "No run falls into the hour that the clock leaves out in spring."),
    "no-guests": Rule("error", "A job chooses guests, and some of them exist.", measured=True),
    "does-not-fit": Rule("warning", "The storage holds what retention keeps, also as archives grow.", measured=True),
    "too-long": Rule("warning", "A job is done before a window and its own next run.", measured=True),
    "notification-ignored": Rule("warning", "Proxmox VE heeds each notification setting of a job.", measured=True),
}
"""Every rule by its id, those of policy first."""
