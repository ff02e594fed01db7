"""The automatic backups of Home Assistant, on the NAS."""

import pulumi

from homebackup.assess import wanted_home_assistant
from homebackup.engine.program import HomeAssistantBackup, HomeAssistantMount
from homebackup.model.site import Site

KEY = "homeAssistantKey"
"""The stack's secret that encrypts new backups; while there is none, whichever Home Assistant has stays."""


class HomeAssistantBackups(pulumi.ComponentResource):
    """Network storage where it is declared, then the settings that send backups there."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("homebackup:components:HomeAssistantBackups", name, None, opts)
        earlier: list[pulumi.Resource] = []
        if mount := wanted_home_assistant.mount(site):
            earlier.append(HomeAssistantMount(mount["name"], opts=pulumi.ResourceOptions(parent=self), **mount))
        after = pulumi.ResourceOptions(parent=self, depends_on=earlier)
        inputs = wanted_home_assistant.backups(site) or {}
        key = pulumi.Config().get_secret(KEY)
        self.backups = HomeAssistantBackup(name, opts=after, encryption_key=key, **inputs)
        self.register_outputs({"agents": self.backups.agents})
