"""What the NAS takes off the site."""

import pulumi

from homebackup.assess import wanted_nas
from homebackup.engine.program import HyperBackupTask
from homebackup.model.site import Site


class HyperBackup(pulumi.ComponentResource):
    """One HyperBackupTask a declared task, the `tasks` by name."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("homebackup:components:HyperBackup", name, None, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.tasks = {one: HyperBackupTask(one, opts=own, **inputs) for one, inputs in wanted_nas.off_site(site)}
        self.register_outputs({"tasks": sorted(self.tasks)})
