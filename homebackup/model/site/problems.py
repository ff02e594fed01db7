"""What is wrong with a site although each part of it is right by itself."""

import ipaddress
from collections.abc import Iterator
from itertools import chain

from homebackup.model.dump_kinds import NAME, unfit
from homebackup.model.mounts import soft_trouble
from homebackup.model.rules import RULES
from homebackup.model.site.declared import Site
from homebackup.model.site.dump import Dump
from homebackup.model.site.parts import Deferred

Problem = tuple[str, str]
"""A property's path, and what is wrong with it."""


def problems(site: Site) -> Iterator[Problem]:
    """Everything that does not go together, by path; a path may have several problems."""
    return chain(
        _place(site),
        site.nas.problems(),
        _tiers(site),
        _guests(site),
        _apps(site),
        _inventory(site),
        _drill(site),
        _home_assistant(site),
        _rules(site),
    )


def _place(site: Site) -> Iterator[Problem]:
    if ipaddress.ip_address(site.nas.address) not in site.lan:
        yield (
            "nas.address",
            f"{site.nas.address} is not in the site's LAN {site.lan}; mount by the LAN address (lan-address)",
        )
    if trouble := soft_trouble(site.mount.options):
        yield "mount.options", f"{trouble} (soft-mount)"
    if "backup" not in site.storage.content:
        yield "storage.content", "must have backup, or Proxmox VE writes no archive to the storage"


def _tiers(site: Site) -> Iterator[Problem]:
    claimed: dict[int, str] = {}
    jobs: dict[str, str] = {}
    for name, tier in site.tiers.items():
        if tier.job in jobs:
            yield f"tiers.{name}.job", f"{tier.job} is the job of tier {jobs[tier.job]} already"
        jobs.setdefault(tier.job, name)
        if tier.retention is None and site.storage.retention is None:
            yield f"tiers.{name}.retention", "is required, since the storage has none either"
        for position, vmid in enumerate(tier.guests):
            where = f"tiers.{name}.guests[{position}]"
            if vmid not in site.guests:
                yield where, f"guest {vmid} is not declared under guests"
            if vmid in claimed:
                yield where, f"guest {vmid} is in tier {claimed[vmid]} already; a guest belongs to one tier"
            claimed.setdefault(vmid, name)
    for what in site.exemptions:
        if isinstance(what, int) and what in claimed:
            yield f"exemptions.{what}", f"guest {what} is in tier {claimed[what]}, so it is not exempt"
        elif isinstance(what, str) and (vmid := int(what.partition("/")[0])) in site.exemptions:
            yield f"exemptions.{what}", f"guest {vmid} is exempt as a whole already"


def _guests(site: Site) -> Iterator[Problem]:
    for vmid, guest in site.guests.items():
        yield from _deferred(f"guests.{vmid}", guest.deferred, site)
        if site.tier_of(vmid) is None and not guest.deferred and vmid not in site.exemptions:
            yield f"guests.{vmid}", f"guest {vmid} is in no tier, so nothing would back it up (vzdump-primary)"


def _apps(site: Site) -> Iterator[Problem]:
    for name, app in site.apps.items():
        if app.guest not in site.guests:
            yield f"apps.{name}.guest", f"guest {app.guest} is not declared under guests"
        if not app.path and not app.deferred:
            yield f"apps.{name}.path", "is required, unless deferred says why there are no backups yet (app-backups)"
        yield from _deferred(f"apps.{name}", app.deferred, site)
        if app.dump:
            yield from _dump(f"apps.{name}", name, app.dump)
            if app.deferred:
                yield f"apps.{name}.deferred", "is over where there is a dump; take one of the two out"


def _dump(where: str, name: str, dump: Dump) -> Iterator[Problem]:
    if not NAME.fullmatch(name):
        yield where, f"{name!r} names files and units of its dump; use lower-case letters, digits and - in between"
    for field, said in unfit(vars(dump.made(name))):
        yield f"{where}.dump.{field}", said


def _deferred(where: str, deferred: Deferred | None, site: Site) -> Iterator[Problem]:
    if deferred and deferred.until is not None and deferred.until not in site.guests:
        yield f"{where}.deferred.until", f"guest {deferred.until} is not declared under guests"


def _drill(site: Site) -> Iterator[Problem]:
    spare = site.drill.vmids if site.drill else ()
    for vmid in sorted({*site.guests, *(what for what in site.exemptions if isinstance(what, int))}):
        if vmid in spare:
            yield "drill.vmids", f"guest {vmid} has a VMID of those that are reserved for drills"
    if "drill" in site.timers and not site.drill:
        yield "timers.drill", "needs drill.vmids, which guests are restored to"


def _home_assistant(site: Site) -> Iterator[Problem]:
    declared = site.home_assistant
    if declared and declared.app not in site.apps:
        yield "home-assistant.app", f"{declared.app} is none of the site's apps, which say how old a backup may be"
    if declared and not declared.places:
        yield "home-assistant.mount", "or agents must say where its backups go"


def _inventory(site: Site) -> Iterator[Problem]:
    if site.inventory is None:
        return
    known = {*map(str, site.guests), *site.apps}
    for key in site.inventory.entries:
        if key not in known:
            yield f"inventory.entries.{key}", f"{key} is no guest and no app of this site"
    names: dict[str, int | str] = {}
    for entry in site.entries() if not any(_tiers(site)) else ():
        if entry.name in names:
            yield f"inventory.entries.{entry.of}", f"{entry.name} is the entry of {names[entry.name]} already"
        names[entry.name] = entry.of


def _rules(site: Site) -> Iterator[Problem]:
    for name in site.rules:
        if name not in RULES:
            yield f"rules.{name}", f"{name} is no rule; `homebackup rules` lists them"
        elif RULES[name].level == "error":
            yield f"rules.{name}", f"nobody is exempt from {name}: {RULES[name].why or RULES[name].says}"
