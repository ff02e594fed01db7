"""The resources that a site declares of its Home Assistant, as data."""

from typing import Any

from homebackup.model.site import Site

ALIAS = "home-assistant"
"""What Pulumi calls the component, and its settings."""


def mount(site: Site) -> dict[str, Any] | None:
    """The inputs of the HomeAssistantMount, None without one."""
    declared = site.home_assistant.mount if site.home_assistant else None
    if declared is None:
        return None
    return {"name": declared.name, "server": site.nas.address, "path": declared.export}


def backups(site: Site) -> dict[str, Any] | None:
    """The inputs of the HomeAssistantBackup but its key, None where the site declares none."""
    declared = site.home_assistant
    if declared is None:
        return None
    inputs = declared.model_dump(exclude={"app", "mount", "agents", "days"})
    return inputs | {"agents": sorted(declared.places)} | ({"days": list(declared.days)} if declared.days else {})
