"""What a site's backups are governed by: the policy, its rules, and where the site is otherwise, with the reasons."""

from collections.abc import Iterator

from homebackup.model.plain import one_line
from homebackup.model.rules import RULES
from homebackup.model.site import Site
from homebackup.views.plain_markdown import fence, quoted, sentence, span, table
from homebackup.views.sections.configuration import keeps


def governance(site: Site) -> list[str]:
    """The section's blocks."""
    return [
        f"## Backups of {quoted(site.name)}: policy and deviations",
        "### Method",
        "vzdump is primary: it takes whole guests, and Proxmox VE restores its archives itself, with `qmrestore` and "
        "`pct restore`. Jobs of Proxmox VE's scheduler run it tier by tier; the same can be begun by hand at any time.",
        "Hyper Backup is not primary: it runs on the NAS, sees files and restores only files. Its place is the later "
        f"step from the NAS to offsite, where one task over {span(site.mount.export)} carries the archives of all "
        "guests on.",
        "So the demand for Hyper Backup tasks for all virtual machines and containers is met in two steps: every guest "
        "has a vzdump job that writes its archives into that folder, and one task carries that folder on. The demand "
        "for vzdump by hand as a fallback is met as well: `homebackup run`, or `vzdump` on the node.",
        *_off_site(site),
        "### Rules",
        "A preview warns of what breaks one, and an error stops it. Which are kept:",
        fence("homebackup rules"),
        table(("Rule", "Level", "Says", "Why"), _rules(site)),
        "### Deviations and exemptions",
        *_deviations(site),
        "### Responsibility",
        "What is declared is in the stack's configuration in this repository, and its history tells who changed it. "
        "`homebackup receipts` tells what was done on the site, and when.",
    ]


def _off_site(site: Site) -> Iterator[str]:
    """The tasks of Hyper Backup, where the site has any."""
    tasks = site.nas.dsm.hyper_backup if site.nas.dsm else {}
    if tasks:
        yield "The tasks of Hyper Backup:"
        rows = [
            (quoted(name), ", ".join(map(span, sorted(task.folders))), f"{task.stale_after_hours} h")
            for name, task in sorted(tasks.items())
        ]
        yield table(("Task", "Takes along", "Stale after"), rows)


def _rules(site: Site) -> Iterator[tuple[str, ...]]:
    for name, rule in RULES.items():
        exempt = f" (exempt until {site.rules[name].until})" if name in site.rules else ""
        yield span(name) + exempt, rule.level, rule.says, rule.why


def _deviations(site: Site) -> list[str]:
    rows = [*_of_rules(site), *_of_guests(site), *_of_apps(site), *_of_tiers(site)]
    if not (site.nas.dsm and site.nas.dsm.hyper_backup):
        rows.append(("off-site", "no task of Hyper Backup carries the archives on", "It is a later step."))
    return [table(("What", "Deviation", "Why"), rows)] if rows else ["There are none."]


def _of_rules(site: Site) -> Iterator[tuple[str, ...]]:
    for name, exemption in sorted(site.rules.items()):
        yield f"rule {span(name)}", f"exempt until {exemption.until}", _reason(exemption.reason)


def _of_guests(site: Site) -> Iterator[tuple[str, ...]]:
    for vmid, guest in sorted(site.guests.items()):
        if guest.deferred:
            yield f"guest {vmid} {quoted(guest.name)}", "its backup is deferred", _reason(str(guest.deferred))
    for what, reason in sorted(site.exemptions.items(), key=lambda pair: str(pair[0])):
        yield f"{'disk' if '/' in str(what) else 'guest'} {what}", "is not backed up", _reason(reason)


def _of_apps(site: Site) -> Iterator[tuple[str, ...]]:
    for name, app in sorted(site.apps.items()):
        if app.deferred:
            said = f"no backups of its own; guest {app.guest} is backed up whole"
            yield f"app {quoted(name)}", said, _reason(str(app.deferred))


def _of_tiers(site: Site) -> Iterator[tuple[str, ...]]:
    """Tiers that are off, or keep otherwise than the storage does."""
    usual = site.storage.retention
    for name, tier in site.in_order:
        if not tier.enabled:
            yield f"tier {quoted(name)}", f"its job {span(tier.job)} is disabled", _reason(tier.rationale)
        if usual and tier.retention and keeps(tier.retention) != keeps(usual):
            said = f"keeps {span(keeps(tier.retention))} instead of the site's {span(keeps(usual))}"
            yield f"tier {quoted(name)}", said, _reason(tier.rationale)


def _reason(text: str) -> str:
    return quoted(sentence(one_line(text)))
