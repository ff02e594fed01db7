"""The storage in Proxmox VE that archives go to."""

import pulumi

from homebackup.assess import wanted
from homebackup.engine.program import DirStorage
from homebackup.model.site import Site


class StorageEntry(pulumi.ComponentResource):
    """One DirStorage at the mount point; `storage` is the resource."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("homebackup:components:StorageEntry", name, None, opts)
        self.storage = DirStorage(name, opts=pulumi.ResourceOptions(parent=self), **wanted.storage(site))
        self.register_outputs({"storage": self.storage.storage})
