"""The applications' own dumps that a site declares, as data: what their component makes of it."""

from collections.abc import Iterator
from typing import Any

from homebackup.model.site import Site

DUMPS = "apps"
"""What Pulumi calls the component of the dumps."""


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
