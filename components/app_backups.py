"""The applications that dump themselves inside their guests."""

import pulumi

from homebackup.assess import wanted_dumps
from homebackup.engine.program import AppBackup
from homebackup.model.site import Site


class AppBackups(pulumi.ComponentResource):
    """One AppBackup an application with a `dump`, the `backups` by the application's name."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("homebackup:components:AppBackups", name, None, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.backups = {app: AppBackup(app, opts=own, **inputs) for app, inputs in wanted_dumps.dumps(site)}
        self.register_outputs({"apps": sorted(self.backups)})
