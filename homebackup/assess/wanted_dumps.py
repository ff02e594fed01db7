"""The applications' own dumps that a site declares, as data: what their component makes of it."""

from collections.abc import Iterator
from typing import Any

from homebackup.assess.deferral import remedy
from homebackup.model.site import Site

_TIER = "take deferred out, and put the guest into a tier"
DUMPS = "apps"
"""What Pulumi calls the component of the dumps."""


def waiting(site: Site) -> Iterator[tuple[int, str]]:
    """Of each app and guest that waits for a guest: its VMID, and the sentence to say once it runs."""
    apps = ((f"app {name}", app.deferred, remedy(name)) for name, app in sorted(site.apps.items()))
    guests = ((f"guest {vmid}", guest.deferred, _TIER) for vmid, guest in sorted(site.guests.items()))
    for name, deferred, instead in (*apps, *guests):
        if deferred and deferred.until is not None:
            reason = deferred.reason.rstrip(". ")
            yield (
                deferred.until,
                f"{name}: guest {deferred.until} runs, until which it was deferred ({reason}); {instead}",
            )


def dumps(site: Site) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and the inputs of each AppBackup."""
    for name, app in sorted(site.apps.items()):
        if app.dump:
            made = app.dump.made(name)
            yield (
                name,
                {
                    "guest": f"{site.guests[app.guest].kind}/{app.guest}",
                    "name": name,
                    "recipe": made.recipe,
                    "to": made.to,
                    "schedule": app.dump.schedule,
                    "keep": made.keep,
                    "database": made.database or None,
                    "command": made.command or None,
                    "recipient": made.recipient or None,
                },
            )
