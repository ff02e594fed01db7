"""The applications that dump themselves inside their guests, and what waits for a guest."""

import pulumi

from homebackup.assess import wanted_dumps
from homebackup.engine.program import AppBackup, Deferral
from homebackup.model.site import Site


class AppBackups(pulumi.ComponentResource):
    """One AppBackup an application with a `dump`, the `backups` by name, and one Deferral for what is `waiting`."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("homebackup:components:AppBackups", name, None, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.backups = {app: AppBackup(app, opts=own, **inputs) for app, inputs in wanted_dumps.dumps(site)}
        self.waiting = {one: Deferral(one, opts=own, **inputs) for one, inputs in wanted_dumps.waiting(site)}
        self.register_outputs({"apps": sorted(self.backups)})
